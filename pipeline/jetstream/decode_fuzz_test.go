package jetstream

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mirrorwatch/pipeline"
)

// judge decodes as Decode does, by encoding/json.
func judge(doc []byte, s *pipeline.Sample) error {
	d := &document{}
	err := json.Unmarshal(doc, d)
	return d.into(s, doc, err)
}

// stricter tells whether an error is about something that encoding/json lets pass: a key that is there twice, of which it takes
// the last; depth; and a page's head behind its streams and before something unknown. Servers write none of them.
func stricter(err error) bool {
	for _, words := range []string{"there twice", "nested too deep", "comes after the streams"} {
		if strings.Contains(err.Error(), words) {
			return true
		}
	}
	return false
}

// seedDecode adds what servers write, and the corners of JSON in which decoders differ.
func seedDecode(f *testing.F) {
	f.Helper()
	for _, name := range []string{"mirror.json", "sources.json", "leaderless.json"} {
		f.Add(readTestdata(f, name))
	}
	for _, text := range []string{
		head + `"max_msgs":-1,"discard":"new"},"state":{"num_deleted":-1},"cluster":{"replicas":[{"active":-1},{"offline":true}]}}`,
		head + `"mirror":{"name":"S","opt_start_seq":1,"opt_start_time":"2026-11-22T20:00:00Z"}}}`,
		head + `"sources":[{"name":"S"},{"name":"S"}]},"sources":[{"name":"S","active":-1},null]}`,
		head + `"sources":[{"name":"S","subject_transforms":[{"src":"a"},{},null,{"src":"b\u003e"}]}]}}`,
		head + `"metadata":{"a\u003eb":"\ud83d\ude00\ud83d","b":null,"\u00e9":"\"\\\/\b\f\n\r\t"}}}`,
		head + `"mirror":{"NAME":"S","Active":-1,"ſeq":1}},"MIRROR":{"name":"S","ACTIVE":-1,"lag":0}}`,
		head + `"mirror":{"name":"S"}},"mirror":{"name":"S","active":-1},"mirror":{"active":5}}`,
		head + `"sources":[{"name":"S"},null]}}`,
		head + `"subjects":["a.>",null,"b\u003e"]}}`,
		head + `"mirror":null,"sources":null,"metadata":null},"cluster":null,"error":null,"state":null,"created":null}`,
		head + `"mirror":{"name":"S","external":null}},"mirror":{"name":"S","active":9223372036854775808,"lag":-0}}`,
		head + `"max_bytes":-9223372036854775808,"sealed":0},"state":{"messages":18446744073709551615,"bytes":1e3}}`,
		head + `"name":"M"},"state":{"messages":2,"first_seq":1,"last_seq":6,"deleted":[6,2,4,5]}}`,
		head + `"x":0},"state":{"messages":2,"first_seq":1,"last_seq":6,"deleted":[6,5,null,1e0,-2]}}`,
		head + "\"discard\":\"\xff\xc3\",\"x\":[1.5e+3,-0.0,true,{\"\xff\":01}]}}",
		head + `"x":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}}`,
		`{"error":{"code":404,"err_code":10059,"description":"stream not found"}}`,
		" {\"ts\" : \"2026-11-22T20:00:00.5+01:00\" ,\n\t\"config\":{\"name\":\"\\u004d\"}}\r\n ",
		`{"ts":"2026-11-22T20:00:00Z","config":{"name":"M"}}{}`,
	} {
		f.Add([]byte(text))
	}
}

// FuzzDecode holds the decoder against encoding/json: the same sample, or both refuse. Keys in other letters are taken by both.
func FuzzDecode(f *testing.F) {
	seedDecode(f)
	kept := &settings{}
	lean, origins := newDecoder(kept), newOriginReader()
	f.Fuzz(func(t *testing.T, doc []byte) {
		s, want := pipeline.Sample{}, pipeline.Sample{}
		err, wanted := Decode(doc, &s), judge(doc, &want)
		switch {
		case err != nil && wanted == nil && !stricter(err):
			t.Fatalf("refused with %v, encoding/json takes it", err)
		case err == nil && wanted != nil:
			t.Fatalf("accepted, encoding/json refuses with %v", wanted)
		}
		var refused, refusedToo *apiError
		if errors.As(err, &refused) && (!errors.As(wanted, &refusedToo) || *refused != *refusedToo) {
			t.Fatalf("refused with %v, encoding/json with %v", err, wanted)
		}
		again := pipeline.Sample{Links: make([]pipeline.LinkSample, 3), Peers: make([]pipeline.Peer, 3)}
		for range 2 { // the second time with what the first one left in memory
			d, err2 := lean.document(doc)
			if err2 = d.into(&again, doc, err2); (err2 == nil) != (err == nil) {
				t.Fatalf("with memory of its own %v, with memory used anew %v", err, err2)
			}
		}
		if err == nil {
			for _, x := range []*pipeline.Sample{&s, &again} {
				if diff := cmp.Diff(&want, x, cmpopts.EquateEmpty()); diff != "" {
					t.Fatal(diff)
				}
			}
		}
		checkSample(t, &s, err)
		if err != nil {
			return
		}
		origin := pipeline.OriginView{Key: pipeline.OriginKey{Stream: s.Key.Stream}}
		if fault := origins.read(&origin, doc); fault != (pipeline.Fault{}) {
			t.Fatalf("accepted as a stream, not as an origin: %v", fault)
		}
		if origin.State != s.State || origin.Leader != s.Leader || !origin.Created.Equal(s.Created) || !origin.ServerTime.Equal(s.ServerTime) {
			t.Fatalf("as an origin %+v, as a stream %+v", origin, s)
		}
		var d document
		if err := json.Unmarshal(doc, &d); err == nil && origin.Newest != newest(&d) {
			t.Fatalf("its newest message is %d, by encoding/json %d", origin.Newest, newest(&d))
		}
		if err := json.Unmarshal(doc, &d); err != nil || !slices.Equal(origin.Subjects, d.Config.Subjects) {
			t.Fatalf("as an origin it has the subjects %q, by encoding/json %q, %v", origin.Subjects, d.Config.Subjects, err)
		}
	})
}

// newest finds the newest message one by one, where the document lists as many as are deleted.
func newest(d *document) uint64 {
	s := &d.State
	deleted := map[uint64]bool{}
	for _, seq := range s.Gone {
		if deleted[seq] || seq < s.FirstSeq || seq > s.LastSeq {
			return 0
		}
		deleted[seq] = true
	}
	if s.Messages == 0 || len(deleted) == 0 || s.Messages+uint64(len(deleted)) != s.LastSeq-s.FirstSeq+1 {
		return 0
	}
	seq := s.LastSeq
	for deleted[seq] {
		seq--
	}
	return seq
}

// checkSample holds a sample against what must be true of all.
func checkSample(t *testing.T, s *pipeline.Sample, err error) {
	t.Helper()
	if err != nil {
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
}
