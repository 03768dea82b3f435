package jetstream

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mirrorwatch/pipeline"
)

func readTestdata(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestDecodeRecordedDocuments(t *testing.T) {
	created := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	policy := pipeline.Policy{SeenCritical: pipeline.Some(30 * time.Second)}
	for name, want := range map[string]pipeline.Sample{
		"mirror.json": {
			Leader: "B1", ServerTime: created.Add(1980800 * time.Microsecond),
			State: pipeline.StreamState{Messages: 1, FirstSeq: 1, LastSeq: 1, Subjects: 1},
			Links: []pipeline.LinkSample{
				{Kind: pipeline.KindMirror, Origin: "S", Via: "$JS.A.API", Reported: true, Active: 50 * time.Millisecond},
			},
		},
		"sources.json": {
			Leader: "B1", ServerTime: created.Add(2081400 * time.Microsecond),
			State: pipeline.StreamState{Messages: 1, FirstSeq: 1, LastSeq: 1, Subjects: 1},
			Links: []pipeline.LinkSample{
				{Kind: pipeline.KindSource, Origin: "S1", Via: "$JS.A.API", Reported: true, Active: 47 * time.Millisecond},
				{Kind: pipeline.KindSource, Origin: "S2", Via: "$JS.A.API", Reported: true, Active: 134 * time.Millisecond},
			},
		},
		"leaderless.json": {
			Leader: "", ServerTime: created.Add(74455600 * time.Microsecond),
			State: pipeline.StreamState{Messages: 49, FirstSeq: 1, LastSeq: 49, Subjects: 1},
			Links: []pipeline.LinkSample{{Kind: pipeline.KindMirror, Origin: "S"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			doc := readTestdata(t, name)
			want.Key.Stream, want.Key.Connection, want.Created, want.Policy, want.Raw = "M", "dr", created, policy, doc
			got := pipeline.Sample{Key: pipeline.StreamKey{Connection: "dr"}}
			if err := Decode(doc, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const head = `{"ts":"2026-11-22T20:00:00Z","config":{"name":"M",`

func TestDecodeMatchesStatesToLinks(t *testing.T) {
	link := func(origin, via, filter string, active time.Duration) pipeline.LinkSample {
		return pipeline.LinkSample{
			Kind: pipeline.KindSource, Origin: origin, Via: via, Filter: filter, Reported: active != 0, Active: active,
		}
	}
	mirror := func(filter string, active time.Duration) pipeline.LinkSample {
		l := link("S", "", filter, active)
		l.Kind = pipeline.KindMirror
		return l
	}
	failed := link("S", "", "", -1)
	failed.Lag, failed.Seq, failed.Error, failed.ErrCode = 7, 9, "stream not found", 10059
	for name, c := range map[string]struct {
		doc  string
		want []pipeline.LinkSample
	}{
		"no links": {head + `"subjects":["a"]}}`, nil},
		"by filter, whatever the order": {
			head + `"sources":[{"name":"S","filter_subject":"a"},{"name":"S","filter_subject":"b"}]},
				"sources":[{"name":"S","filter_subject":"b","active":2},{"name":"S","filter_subject":"a","active":1}]}`,
			[]pipeline.LinkSample{link("S", "", "a", 1), link("S", "", "b", 2)},
		},
		"by path": {
			head + `"sources":[{"name":"S","external":{"api":"$JS.A.API"}},{"name":"S"}]},
				"sources":[{"name":"S","active":2},{"name":"S","external":{"api":"$JS.A.API","deliver":""},"active":1}]}`,
			[]pipeline.LinkSample{link("S", "$JS.A.API", "", 1), link("S", "", "", 2)},
		},
		"by transforms": {
			head + `"sources":[{"name":"S","subject_transforms":[{"src":"a","dest":"x"},{"src":"b","dest":"y"}]}]},
				"sources":[{"name":"S","active":1,"subject_transforms":[{"src":"a","dest":"z"},{"src":"b"}]}]}`,
			[]pipeline.LinkSample{link("S", "", "a,b", 1)},
		},
		"filter not told": {
			head + `"sources":[{"name":"S","filter_subject":"a"}]},"sources":[{"name":"S","active":1}]}`,
			[]pipeline.LinkSample{link("S", "", "a", 1)},
		},
		"filter not told and two of the path": {
			head + `"sources":[{"name":"S","filter_subject":"a"},{"name":"S","filter_subject":"b"}]},"sources":[{"name":"S","active":1}]}`,
			[]pipeline.LinkSample{link("S", "", "a", 0), link("S", "", "b", 0)},
		},
		"mirror's filter not told": {
			head + `"mirror":{"name":"S","filter_subject":"a"}},"mirror":{"name":"S","active":1}}`,
			[]pipeline.LinkSample{mirror("a", 1)},
		},
		"another mirror's state": {
			head + `"mirror":{"name":"S"}},"mirror":{"name":"T","active":1}}`,
			[]pipeline.LinkSample{mirror("", 0)},
		},
		"duplicates": {
			head + `"sources":[{"name":"S"},{"name":"S"}]},"sources":[{"name":"S","active":1},{"name":"S","active":2}]}`,
			[]pipeline.LinkSample{link("S", "", "", 1)},
		},
		"error": {
			head + `"sources":[{"name":"S"}]},"sources":[{"name":"S","active":-1,"lag":7,"seq":9,
				"error":{"code":404,"err_code":10059,"description":"stream not found"}}]}`,
			[]pipeline.LinkSample{failed},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got pipeline.Sample
			if err := Decode([]byte(c.doc), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.Links, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeRefusesNonsense(t *testing.T) {
	const state = head + `"mirror":{"name":"S"}},"mirror":{"name":"S",`
	for doc, want := range map[string]string{
		``:                                    "unexpected end",
		`[]`:                                  "cannot unmarshal array",
		`{}`:                                  "config.name is missing",
		`{"ts":"2026-11-22T20:00:00Z"}`:       "config.name is missing",
		`{"config":{"name":"M"}}`:             "ts is missing",
		`{"config":{"name":"M"},"ts":"soon"}`: "parsing time",
		`{"config":{"name":"M"},"ts":"1601-01-01T00:00:00Z"}`:                      "ts 1601-01-01T00:00:00Z is absurd",
		`{"config":{"name":"M"},"ts":"9999-01-01T00:00:00Z"}`:                      "is absurd",
		state + `"active":-2}}`:                                                    "active -2 is absurd",
		state + `"active":3153600000000000001}}`:                                   "is absurd",
		state + `"active":99999999999999999999}}`:                                  "cannot unmarshal number",
		state + `"active":1.5}}`:                                                   "cannot unmarshal number",
		state + `"lag":-1}}`:                                                       "cannot unmarshal number -1",
		state + `"seq":-1}}`:                                                       "cannot unmarshal number -1",
		head + `"mirror":{}}}`:                                                     "has no name",
		head + `"sources":[null]}}`:                                                "is null",
		head + `"x":1},"state":{"last_seq":-5}}`:                                   "cannot unmarshal number -5",
		`{"error":{"code":404,"err_code":10059,"description":"stream not found"}}`: "404/10059 stream not found",
	} {
		s := pipeline.Sample{Leader: "old", Links: []pipeline.LinkSample{{Origin: "old"}}}
		err := Decode([]byte(doc), &s)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Decode(%s) = %v, want an error with %q", doc, err, want)
		}
		if s.Leader != "" || len(s.Links) != 0 || !s.ServerTime.IsZero() {
			t.Errorf("Decode(%s) left %+v", doc, s)
		}
	}
}

func TestDecodeWithoutClusterIsStandalone(t *testing.T) {
	var s pipeline.Sample
	if err := Decode([]byte(head+`"x":{}}}`), &s); err != nil || s.Leader != Standalone {
		t.Errorf("leader %q, %v", s.Leader, err)
	}
	if err := Decode([]byte(head+`"x":{}},"cluster":{"name":"c"}}`), &s); err != nil || s.Leader != "" {
		t.Errorf("leader %q without one, %v", s.Leader, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"mirror.json", "sources.json", "leaderless.json"} {
		f.Add(readTestdata(f, name))
	}
	f.Add([]byte(head + `"sources":[{"name":"S"},{"name":"S"}]},"sources":[{"name":"S","active":-1},null]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		s := pipeline.Sample{Key: pipeline.StreamKey{Connection: "dr"}}
		if err := Decode(doc, &s); err != nil {
			if len(s.Links) != 0 || s.Leader != "" {
				t.Fatalf("refused with %v, and left %+v", err, s)
			}
			return
		}
		if s.Key.Stream == "" || s.ServerTime.IsZero() {
			t.Fatalf("accepted without a name or a time: %+v", s)
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
