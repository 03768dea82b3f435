package jetstream

import (
	"math"
	"testing"

	"mirrorwatch/pipeline"
)

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"mirror.json", "sources.json", "leaderless.json"} {
		f.Add(readTestdata(f, name))
	}
	f.Add([]byte(head + `"max_msgs":-1,"discard":"new"},"state":{"num_deleted":-1},"cluster":{"replicas":[{"active":-1},{"offline":true}]}}`))
	f.Add([]byte(head + `"mirror":{"name":"S","opt_start_seq":1,"opt_start_time":"2026-11-22T20:00:00Z"}}}`))
	f.Add([]byte(head + `"sources":[{"name":"S"},{"name":"S"}]},"sources":[{"name":"S","active":-1},null]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		s := pipeline.Sample{Key: pipeline.StreamKey{Connection: "dr"}}
		if err := Decode(doc, &s); err != nil {
			if len(s.Links)+len(s.Peers) != 0 || s.Leader != "" || s.Bounds != (pipeline.Bounds{}) {
				t.Fatalf("refused with %v, and left %+v", err, s)
			}
			return
		}
		if s.Key.Stream == "" || s.ServerTime.IsZero() {
			t.Fatalf("accepted without a name or a time: %+v", s)
		}
		if b := s.Bounds; b.Messages < 0 || b.Bytes < 0 || s.State.Deleted > math.MaxInt64 {
			t.Fatalf("accepted %+v with %+v", b, s.State)
		}
		for _, p := range s.Peers {
			if p.Active < 0 {
				t.Fatalf("accepted %+v", p)
			}
		}
		origin := pipeline.OriginView{Key: pipeline.OriginKey{Stream: s.Key.Stream}}
		if fault := readOrigin(&origin, doc); fault != (pipeline.Fault{}) {
			t.Fatalf("accepted as a stream, not as an origin: %v", fault)
		}
		if origin.State != s.State || origin.Leader != s.Leader || !origin.Created.Equal(s.Created) || !origin.ServerTime.Equal(s.ServerTime) {
			t.Fatalf("as an origin %+v, as a stream %+v", origin, s)
		}
		subjects := map[pipeline.Subject]bool{}
		for i := range s.Links {
			link := &s.Links[i]
			if link.Active < -1 || link.Active > maxActive || link.Origin == "" {
				t.Fatalf("accepted %+v", link)
			}
			if subjects[link.Subject(s.Key)] {
				t.Fatalf("two links are %v", link.Subject(s.Key))
			}
			subjects[link.Subject(s.Key)] = true
		}
	})
}
