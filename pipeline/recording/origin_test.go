package recording_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/recording"
)

func TestAQuestionAboutAnOriginIsAnsweredByItsNewestLine(t *testing.T) {
	rec := read(t, header+`
{"at":"2026-11-22T20:00:10Z","connection":"origin","stream":"S","rtt_ms":10,"info":{"config":{"subjects":["s.>"]},"created":"2026-11-22T19:00:00Z","cluster":{"leader":"A1"},"state":{"first_seq":3,"last_seq":7,"messages":5},"ts":"2026-11-22T20:00:10Z"}}
{"at":"2026-11-22T20:00:11Z","connection":"origin","stream":"S","error":"404/10059 stream not found"}
{"at":"2026-11-22T20:00:12Z","connection":"origin","stream":"S","error":"timeout"}
{"at":"2026-11-22T20:00:13Z","connection":"origin","stream":"S","error":"timeout","fault":{"kind":"no responders"}}
{"at":"2026-11-22T20:00:14Z","connection":"origin","stream":"S","info":{"ts":"yesterday"}}
{"at":"2026-11-22T20:00:10Z","connection":"origin","stream":"TWIN","via":"$JS.A.API","error":"503/10008 of A"}
{"at":"2026-11-22T20:00:10Z","connection":"origin","stream":"TWIN","error":"503/10008 of all others"}
`)
	key := pipeline.OriginKey{Connection: "dr", Domain: "B", Via: "$JS.A.API", Stream: "S"}
	for _, c := range []struct {
		at     string
		fault  pipeline.FaultKind
		answer string // the line's time; empty: nothing answers
	}{
		{"09.999", pipeline.FaultNoAnswer, ""},
		{"10.000", pipeline.FaultNone, "10"},
		{"11.900", pipeline.FaultNotFound, "11"},
		{"12.000", pipeline.FaultNoAnswer, ""},
		{"13.100", pipeline.FaultNoResponders, "13"},
		{"16.000", pipeline.FaultNonsense, "14"},
		{"16.001", pipeline.FaultNoAnswer, ""},
	} {
		now := at("2026-11-22T20:00:" + c.at + "Z")
		v, delay := rec.Origin(key, false, now)
		if v.Key != key || v.Path != recording.OriginView || v.Fault.Kind != c.fault {
			t.Errorf("at %s: %+v, want fault %q", c.at, v, c.fault)
		}
		if c.answer == "" {
			if delay != recording.Stale || !v.Asked.Equal(now) || !v.At.Equal(now.Add(recording.Stale)) {
				t.Errorf("silence at %s: after %s, asked %s, at %s", c.at, delay, v.Asked, v.At)
			}
		} else if want := at("2026-11-22T20:00:" + c.answer + "Z"); delay != 0 || !v.At.Equal(want) {
			t.Errorf("answer at %s: after %s, at %s; want at once, at %s", c.at, delay, v.At, want)
		}
	}
	now := at("2026-11-22T20:00:10.5Z")
	v, _ := rec.Origin(key, false, now)
	if v.Leader != "A1" || v.State != (pipeline.StreamState{FirstSeq: 3, LastSeq: 7, Messages: 5}) || len(v.Subjects) != 1 ||
		v.At.Sub(v.Asked) != 10*time.Millisecond || v.Created.IsZero() || v.ServerTime.IsZero() {
		t.Errorf("got %+v", v)
	}
	for via, want := range map[string]string{"$JS.A.API": "503/10008 of A", "$JS.B.API": "503/10008 of all others", "": "503/10008 of all others"} {
		if v, _ := rec.Origin(pipeline.OriginKey{Via: via, Stream: "TWIN"}, false, now); v.Fault.Text != want {
			t.Errorf("via %q: %+v, want %s", via, v.Fault, want)
		}
	}
	if v, _ := rec.Origin(pipeline.OriginKey{Stream: "OTHER"}, false, now); v.Fault.Kind != pipeline.FaultNoAnswer {
		t.Errorf("one that was not recorded: %+v", v)
	}
}

func TestALineThatTellsNoBeginningIsCompleted(t *testing.T) {
	line := func(second, created, last string) string {
		return `{"at":"2026-11-22T20:00:` + second + `Z","connection":"origin","stream":"S","info":{"created":"2026-11-22T` + created +
			`Z","state":{"last_seq":` + last + `,"messages":` + last + `},"ts":"2026-11-22T20:00:` + second + `Z"}}` + "\n"
	}
	rec := read(t, header+line("10", "19:00:00", "0")+line("11", "19:00:00", "40")+line("12", "19:00:00", "90000")+
		line("13", "19:00:00", "999999")+line("14", "19:00:00", "1000002")+line("15", "19:30:00", "1000003"))
	for second, want := range map[string]pipeline.StreamState{
		"10": {},
		"11": {FirstSeq: 1, LastSeq: 40, Messages: 40},
		"12": {FirstSeq: 1, LastSeq: 90000, Messages: 90000},
		"13": {FirstSeq: 1000000, LastSeq: 999999}, // purged to a sequence that was still to come
		"14": {FirstSeq: 1000000, LastSeq: 1000002, Messages: 3},
		"15": {FirstSeq: 1, LastSeq: 1000003, Messages: 1000003},
	} {
		if v, _ := rec.Origin(pipeline.OriginKey{Stream: "S"}, false, at("2026-11-22T20:00:"+second+"Z")); v.State != want {
			t.Errorf("at second %s: %+v, want %+v", second, v.State, want)
		}
	}
}

func TestViewsOfOriginsReadAsTheyWereWritten(t *testing.T) {
	key := pipeline.OriginKey{Connection: "dr", Via: "$JS.A.API", Stream: "S"}
	began := at("2026-11-22T20:00:10Z")
	views := []pipeline.OriginView{
		{
			ServerTime: began, Created: began.Add(-time.Hour), Leader: "A1", Subjects: []string{"s.>"},
			State: pipeline.StreamState{Messages: 5, FirstSeq: 3, LastSeq: 8, LastTime: began.Add(-time.Minute), Deleted: 1, Bytes: 99, Subjects: 2},
		},
		{Fault: pipeline.Fault{Kind: pipeline.FaultNotFound, Text: "404/10059 stream not found"}},
		{Fault: pipeline.Fault{Kind: pipeline.FaultNoResponders}},
		{Fault: pipeline.Fault{Kind: pipeline.FaultDenied, Text: "Permissions Violation"}},
	}
	var file bytes.Buffer
	w, err := recording.NewWriter(&file, recording.Header{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range views {
		v := &views[i]
		v.Key, v.Path = key, pipeline.PathOwn
		v.Asked = began.Add(time.Duration(i) * 5 * time.Second)
		v.At = v.Asked.Add(time.Millisecond)
		if err := w.WriteOrigin(v); err != nil {
			t.Fatal(err)
		}
	}
	rec, err := recording.Read(&file, "x", jetstream.Decode)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range views {
		if got, _ := rec.Origin(key, false, want.At); !cmp.Equal(got, want) {
			t.Errorf("%s", cmp.Diff(want, got))
		}
	}
}
