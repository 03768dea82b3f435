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
			want.Key.Stream, want.Key.Connection, want.Created, want.Settings, want.Raw = "M", "dr", created, &pipeline.Settings{Policy: policy}, doc
			got := pipeline.Sample{Key: pipeline.StreamKey{Connection: "dr"}}
			if err := Decode(doc, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(pipeline.Settings{}, "Metadata")); diff != "" {
				t.Error(diff)
			}
			if version := got.Settings.Metadata["_nats.ver"]; version != "2.15.2" || len(got.Settings.Metadata) != 5 {
				t.Errorf("metadata %v, want all of the stream's", got.Settings.Metadata)
			}
		})
	}
}

const head = `{"ts":"2026-11-22T20:00:00Z","config":{"name":"M",`

func TestDecodeTellsOfGroupAndBounds(t *testing.T) {
	doc := head + `"max_msgs":1000,"max_bytes":-1,"discard":"new","sealed":true,"num_replicas":3,"mirror":
		{"name":"S","opt_start_seq":17,"opt_start_time":"2026-11-22T19:00:00.5Z"}},
		"state":{"messages":2,"first_seq":3,"last_seq":9,"last_ts":"2026-11-22T19:59:59.25Z","num_deleted":5,"num_subjects":1},
		"cluster":{"leader":"n1","replicas":[{"name":"n2","current":true,"active":250000000,"lag":4,"peer":"x"},
			{"name":"n3","current":false,"offline":true,"active":-1,"pending":true}]}}`
	at := time.Date(2026, 11, 22, 19, 0, 0, 0, time.UTC)
	want := pipeline.Sample{
		Key: pipeline.StreamKey{Stream: "M"}, ServerTime: at.Add(time.Hour), Leader: "n1", Raw: []byte(doc),
		State: pipeline.StreamState{
			Messages: 2, FirstSeq: 3, LastSeq: 9, LastTime: at.Add(time.Hour - 750*time.Millisecond), Deleted: 5, Subjects: 1,
		},
		Bounds: pipeline.Bounds{Messages: 1000, DiscardNew: true, Sealed: true},
		Peers: []pipeline.Peer{
			{Name: "n2", Current: true, Active: 250 * time.Millisecond, Lag: 4},
			{Name: "n3", Offline: true, Pending: true},
		},
		Links: []pipeline.LinkSample{
			{Kind: pipeline.KindMirror, Origin: "S", StartSeq: 17, StartTime: at.Add(500 * time.Millisecond)},
		},
	}
	// What an earlier stream left in the sample does not shine through.
	got := pipeline.Sample{Peers: []pipeline.Peer{{Name: "old"}}, Bounds: pipeline.Bounds{Bytes: 1}}
	if err := Decode([]byte(doc), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := Decode([]byte(head+`"max_msgs":-1,"sources":[{"name":"S","opt_start_time":null}]}}`), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Peers) != 0 || got.Bounds != (pipeline.Bounds{}) || !got.Links[0].StartTime.IsZero() || !got.State.LastTime.IsZero() {
		t.Errorf("of a document with little in it: %+v", got)
	}
}

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
		`[]`:                                  "an array where an object is due",
		`{}`:                                  "config.name is missing",
		`{"ts":"2026-11-22T20:00:00Z"}`:       "config.name is missing",
		`{"config":{"name":"M"}}`:             "ts is missing",
		`{"config":{"name":"M"},"ts":"soon"}`: "parsing time",
		`{"config":{"name":"M"},"ts":"1601-01-01T00:00:00Z"}`:                      "ts 1601-01-01T00:00:00Z is absurd",
		`{"config":{"name":"M"},"ts":"9999-01-01T00:00:00Z"}`:                      "is absurd",
		state + `"active":-2}}`:                                                    "active -2 is absurd",
		state + `"active":3153600000000000001}}`:                                   "is absurd",
		state + `"active":99999999999999999999}}`:                                  "out of range",
		state + `"active":1.5}}`:                                                   "1.5 is no whole number",
		state + `"lag":-1}}`:                                                       "a count is negative",
		state + `"seq":-1}}`:                                                       "a count is negative",
		head + `"mirror":{}}}`:                                                     "has no name",
		head + `"sources":[null]}}`:                                                "is null",
		head + `"x":1},"state":{"last_seq":-5}}`:                                   "a count is negative",
		`{"error":{"code":404,"err_code":10059,"description":"stream not found"}}`: "404/10059 stream not found",
	} {
		s := pipeline.Sample{Leader: "old", Links: []pipeline.LinkSample{{Origin: "old"}}}
		err := Decode([]byte(doc), &s)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Decode(%s) = %v, want an error with %q", doc, err, want)
		}
		if s.Leader != "" || len(s.Links)+len(s.Peers) != 0 || !s.ServerTime.IsZero() || s.Bounds != (pipeline.Bounds{}) {
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
