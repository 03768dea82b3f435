package recording_test

import (
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/recording"
)

func TestALookIsAnsweredByTheNewestLineThatIsNotTooOld(t *testing.T) {
	const lines = `
{"at":"2026-11-22T20:00:10Z","connection":"mirror","stream":"M","rtt_ms":1,"info":{"ts":"2026-11-22T20:00:10Z","mirror":{"name":"S","active":50}}}
{"at":"2026-11-22T20:00:11Z","connection":"mirror","stream":"M","error":"503/10008 no meta leader"}
{"at":"2026-11-22T20:00:12Z","connection":"mirror","stream":"M","rtt_ms":4000,"error":"timeout"}
{"at":"2026-11-22T20:00:20Z","connection":"mirror","stream":"M","info":{"ts":"2026-11-22T20:00:20Z"}}
`
	quick := read(t, `{"recording":1,"interval":1}`+lines)
	slow := read(t, `{"recording":1,"interval":4}`+lines)
	for _, c := range []struct {
		rec    *recording.Recording
		at     string
		fault  pipeline.FaultKind
		answer string // the line's time; empty: nothing answers
	}{
		{quick, "09.999", pipeline.FaultNoAnswer, ""},
		{quick, "10.000", pipeline.FaultNone, "10"},
		{quick, "10.999", pipeline.FaultNone, "10"},
		{quick, "11.000", pipeline.FaultAPI, "11"},
		{quick, "12.500", pipeline.FaultNoAnswer, ""},
		{quick, "19.999", pipeline.FaultNoAnswer, ""},
		{quick, "22.000", pipeline.FaultNone, "20"},
		{quick, "22.001", pipeline.FaultNoAnswer, ""},
		{slow, "26.000", pipeline.FaultNone, "20"},
		{slow, "26.001", pipeline.FaultNoAnswer, ""},
	} {
		now := at("2026-11-22T20:00:" + c.at + "Z")
		s, delay := c.rec.At(mirror, now)
		if s.Key != mirror || s.Fault.Kind != c.fault {
			t.Errorf("at %s: %+v, want fault %q", c.at, s, c.fault)
		}
		if c.answer == "" {
			if delay != recording.Stale || !s.Asked.Equal(now) || !s.At.Equal(now.Add(recording.Stale)) {
				t.Errorf("silence at %s: after %s, asked %s, at %s", c.at, delay, s.Asked, s.At)
			}
			continue
		}
		if want := at("2026-11-22T20:00:" + c.answer + "Z"); delay != 0 || !s.At.Equal(want) {
			t.Errorf("answer at %s: after %s, at %s; want at once, at %s", c.at, delay, s.At, want)
		}
	}
}

func TestAnUnknownStreamDoesNotAnswer(t *testing.T) {
	rec := read(t, header)
	key := pipeline.StreamKey{Connection: "mirror", Stream: "OTHER"}
	s, delay := rec.At(key, at("2026-11-22T20:00:00Z"))
	if s.Key != key || s.Fault.Kind != pipeline.FaultNoAnswer || delay != recording.Stale {
		t.Errorf("%+v after %s", s, delay)
	}
	if first, last := rec.Span(); !first.IsZero() || !last.IsZero() {
		t.Errorf("span of nothing: %s to %s", first, last)
	}
}

func TestTheCutIsPlayedAsItWas(t *testing.T) {
	rec, err := recording.Open("testdata/A-cut.jsonl.gz", decode)
	if err != nil {
		t.Fatal(err)
	}
	fault := rec.Phases[1]
	for now := fault.From.Add(5 * time.Second); now.Before(fault.To); now = now.Add(5 * time.Second) {
		s, _ := rec.At(rec.Streams("mirror")[0], now)
		if s.Fault.Kind != pipeline.FaultNone || len(s.Links) != 1 {
			t.Fatalf("at %s: %+v", now, s)
		}
		if contact := s.At.Add(-s.Links[0].Active); contact.After(fault.From.Add(time.Second)) {
			t.Fatalf("at %s: contact at %s, though the link was cut at %s", now, contact, fault.From)
		}
	}
}

func read(t *testing.T, text string) *recording.Recording {
	t.Helper()
	rec, err := recording.Read(strings.NewReader(text), "x", decode)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}
