package jetstream

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mirrorwatch/pipeline"
)

// judged is a JSZ answer as encoding/json reads it.
type judged struct {
	Now      time.Time `json:"now"`
	Disabled bool      `json:"disabled"`
	Streams  int       `json:"streams"`
	Total    int       `json:"total"`
	Meta     *group    `json:"meta_cluster"`
	Accounts []struct {
		Name    string     `json:"name"`
		ID      string     `json:"id"`
		Streams []document `json:"stream_detail"`
	} `json:"account_details"`
}

// jszStream is one stream of an answer.
type jszStream struct {
	Account, ID, Name string
	Subjects          []string
	Sample            pipeline.Sample
}

// taken is a document as a stream of an answer; false: it cannot be one.
func taken(account, id string, d *document, at time.Time) (x jszStream, ok bool) {
	x = jszStream{Account: account, ID: id, Name: d.Name, Subjects: d.Config.Subjects}
	d.TS = at
	return x, d.Name != "" && d.Config.Name == d.Name && d.fill(&x.Sample) == nil
}

func jszAnswer(stream string) string {
	return `{"server":{"name":"n1","id":"N1","cluster":"c","domain":"d","time":"2026-11-22T20:00:00.25Z"},"data":{"memory":0,"now":"2026-11-22T20:00:00Z",` +
		`"config":{"max_memory":1},"streams":2,"meta_cluster":{"name":"c","leader":"n1","replicas":[{"name":"n2","current":true,"active":5}]},` +
		`"account_details":[{"name":"A","id":"AID","memory":1,"stream_detail":[` + stream + `]},{"name":"B","id":"B"}],"total":2}}`
}

// FuzzJSZ holds the reader of JSZ answers against encoding/json: the same streams, or what one refuses so does the other.
func FuzzJSZ(f *testing.F) {
	for _, stream := range []string{
		``,
		`{"name":"M","created":"2026-11-22T19:00:00Z","cluster":{"leader":"n1","replicas":[{"name":"n2","current":true}]},"state":{"messages":3,"last_seq":3},"mirror":{"name":"O","active":-1}}`,
		`{"name":"M","config":{"name":"M","subjects":["a.>"],"metadata":{"io.nats.monitor.seen-critical":"60"},"mirror":{"name":"O"},"max_msgs":-1},"state":{"num_deleted":-1},"mirror":{"name":"O","active":1,"lag":2}}`,
		`{"name":"S","config":{"name":"S","sources":[{"name":"O","filter_subject":"a"},{"name":"P","external":{"api":"x"}}]},"sources":[{"name":"O","filter_subject":"a","seq":9},{"name":"P","external":{"api":"x"},"error":{"code":404,"err_code":10059,"description":"x"}}]}`,
		`{"NAME":"\u004d","Config":{"name":"M"}},null,{"name":"M2","config":{"name":"M3"}},{"state":{"messages":-1},"name":"M4","config":{"name":"M4"}}`,
		`{"config":{"name":"M","sources":[null]},"name":"M"}`,
	} {
		f.Add([]byte(jszAnswer(stream)))
	}
	f.Add([]byte(`{"data":{"account_details":[null,{"stream_detail":null,"ID":"x"}],"disabled":true},"error":{"code":1},"server":{"name":"n"}}`))
	f.Add([]byte(`{"server":{"name":"n"},"data":null,"error":{"code":503}}`))
	kept := &settings{}
	r := &jszReader{decoder: *newDecoder(kept)}
	r.decoder.memory.listens = true
	at := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, doc []byte) {
		want, wanted := readSaid[judged](doc)
		for range 2 { // the second time with what the first one left in memory
			one, err := r.answer(doc)
			if err != nil {
				if wanted == nil && !stricter(err) {
					t.Fatalf("refused with %v, encoding/json takes it", err)
				}
				continue
			}
			var streams []jszStream
			var wrong error
			for _, a := range r.accounts {
				r.streams(a, func(d *document, err error) {
					wrong = errors.Join(wrong, err)
					if x, ok := taken(a.name, a.id, d, at); ok && err == nil {
						streams = append(streams, x)
					}
				})
			}
			if wanted != nil {
				if wrong == nil {
					t.Fatalf("accepted, encoding/json refuses with %v", wanted)
				}
				continue
			}
			if wrong != nil && !stricter(wrong) && !errors.Is(wrong, errForeign) {
				t.Fatalf("a stream is refused with %v, encoding/json takes it", wrong)
			}
			sameAnswer(t, one, want, streams, wrong, at)
		}
	})
}

func sameAnswer(t *testing.T, one *said[jsz], want *said[judged], streams []jszStream, wrong error, at time.Time) {
	t.Helper()
	var wants []jszStream
	header := (*jsz)(nil)
	if d := want.Data; d != nil {
		header = &jsz{d.Now, d.Disabled, d.Streams, d.Total, d.Meta}
		for _, a := range d.Accounts {
			for i := range a.Streams {
				if x, ok := taken(a.Name, a.ID, &a.Streams[i], at); ok {
					wants = append(wants, x)
				}
			}
		}
	}
	for _, pair := range [][2]any{{one.Server, want.Server}, {one.Data, header}, {one.Error, want.Error}} {
		if diff := cmp.Diff(pair[1], pair[0], cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	}
	if wrong != nil && stricter(wrong) { // such a stream is left out
		return
	}
	if diff := cmp.Diff(wants, streams, cmpopts.EquateEmpty()); diff != "" {
		t.Fatal(diff)
	}
}

// thousand is an answer about so many mirrors, with their configurations or without.
func thousand(config bool) []byte {
	var streams []string
	for i := range 1000 {
		name, says := fmt.Sprintf("M%03d", i), ""
		if config {
			says = fmt.Sprintf(`"config":{"name":%q,"metadata":{"io.nats.monitor.seen-critical":"60"},"mirror":{"name":"O%03d"},"storage":"file","max_msgs":-1},`, name, i)
		}
		streams = append(streams, fmt.Sprintf(`{"name":%q,"created":"2026-11-22T19:00:00.123456789Z","cluster":{"leader":"n1","replicas":[{"name":"n2","current":true,"active":5}]},%s`+
			`"state":{"messages":3,"bytes":99,"first_seq":1,"first_ts":"2026-11-22T19:00:01Z","last_seq":3,"last_ts":"2026-11-22T19:00:02Z","consumer_count":0},`+
			`"mirror":{"name":"O%03d","lag":0,"active":12345678}}`, name, says, i))
	}
	return []byte(jszAnswer(strings.Join(streams, ",")))
}

func TestStreamsOfAnAnswerAreReadWithoutAllocating(t *testing.T) {
	s := &System{log: slog.New(slog.DiscardHandler), longRead: longRead}
	s.members.log = s.log
	r, x, now := s.newReader(), &pipeline.Sample{}, time.Now()
	read := func(doc []byte) (links int) {
		one, err := r.answer(doc)
		if err != nil {
			t.Fatal(err)
		}
		one.asked, one.at = now, now
		told := s.streams.round()
		s.readStreams(r, one, func(c *copied) {
			if !c.led || c.bare || !told.add(c.key) {
				return
			}
			c.fill(x)
			if len(x.Links) == 1 && x.Links[0].Reported && x.Settings != nil && len(x.Peers) == 1 {
				links++
			}
		})
		return links
	}
	if n := read(thousand(true)); n != 1000 {
		t.Fatalf("%d links with configurations", n)
	}
	doc := thousand(false)
	if n := read(doc); n != 1000 {
		t.Fatalf("%d links without", n)
	}
	if n := testing.AllocsPerRun(10, func() { read(doc) }); n > 20 {
		t.Errorf("%v allocations for 1,000 streams", n)
	}
}
