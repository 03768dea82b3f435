package recording_test

import (
	"bytes"
	"compress/gzip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/recording"
)

func TestReadsEveryRecordingOfRealFaults(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".jsonl.gz")
		t.Run(name, func(t *testing.T) {
			rec, err := recording.Open(file, decode)
			if err != nil {
				t.Fatal(err)
			}
			if rec.Name != name || rec.Interval != 0.25 || len(rec.Phases) == 0 || len(rec.Notes) != 0 {
				t.Errorf("header %+v, notes %q", rec.Header, rec.Notes)
			}
			if got := rec.Connections(); !cmp.Equal(got, []string{"mirror"}) {
				t.Errorf("connections %q, want mirror alone", got)
			}
			want := mirror
			if strings.HasPrefix(name, "A-") || strings.HasPrefix(name, "E-") { // these servers tell a domain
				want.Domain = "B"
			}
			if got := rec.Streams("mirror"); !cmp.Equal(got, []pipeline.StreamKey{want}) {
				t.Errorf("streams %v, want %v alone", got, want)
			}
			if len(rec.Streams(recording.OriginView)) == 0 {
				t.Error("the origin's view was not kept")
			}
			first, last := rec.Span()
			if last.Sub(first).Seconds() < 30 {
				t.Errorf("span %s to %s", first, last)
			}
			samples := rec.Samples(mirror)
			for i, s := range samples {
				if s.Fault.Kind == pipeline.FaultNonsense || s.Key != mirror || s.At.Before(s.Asked) {
					t.Fatalf("sample %d: %+v", i, s)
				}
				if i > 0 && s.At.Before(samples[i-1].At) {
					t.Fatalf("sample %d is older than the one before", i)
				}
			}
		})
	}
}

const header = `{"recording":1,"name":"x","interval":0.25}` + "\n"

func TestFaultsReadAsThePipelineNamesThem(t *testing.T) {
	for text, want := range map[string]pipeline.Fault{
		`"error":"timeout"`:                            {Kind: pipeline.FaultNoAnswer},
		`"error":"404/10059 stream not found"`:         {Kind: pipeline.FaultNotFound, Text: "404/10059 stream not found"},
		`"error":"503/10008 temporarily no"`:           {Kind: pipeline.FaultAPI, Text: "503/10008 temporarily no"},
		`"error":"500/10118"`:                          {Kind: pipeline.FaultOffline, Text: "500/10118"},
		`"info":{"ts":"yesterday"}`:                    {Kind: pipeline.FaultNonsense},
		`"error":"404/10014 other"`:                    {Kind: pipeline.FaultAPI, Text: "404/10014 other"},
		`"info":null`:                                  {Kind: pipeline.FaultNonsense, Text: "no ts"},
		`"error":"timeout","fault":{"kind":"offline"}`: {Kind: pipeline.FaultOffline},
	} {
		line := `{"at":"2026-11-22T20:00:00Z","connection":"mirror","stream":"M","rtt_ms":2.5,` + text + "}\n"
		rec, err := recording.Read(strings.NewReader(header+line), "x", decode)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		s := rec.Samples(mirror)[0]
		if s.Fault.Kind != want.Kind || want.Text != "" && s.Fault.Text != want.Text {
			t.Errorf("%s: fault %+v, want %+v", text, s.Fault, want)
		}
		if s.Key != mirror || !s.At.Equal(at("2026-11-22T20:00:00Z")) || s.At.Sub(s.Asked).Microseconds() != 2500 {
			t.Errorf("%s: key %v, asked %s, at %s", text, s.Key, s.Asked, s.At)
		}
	}
}

func TestBadLinesAreToldWithTheirNumber(t *testing.T) {
	const ok = `{"at":"2026-11-22T20:00:00Z","connection":"mirror","stream":"M","error":"timeout"}` + "\n"
	for text, want := range map[string]string{
		"":                   `read recording: x:1: the header is missing`,
		`{"recording":1`:     `read recording: x:1: the header is missing`,
		"\n\n{\"some\":1}\n": `read recording: x:3: this is no recording: the first line has no "recording"`,
		"hello\n":            `read recording: x:1: decode header: invalid character 'h' looking for beginning of value`,
		`{"recording":2}`:    `read recording: x:1: recording version 2, want 1`,
		header + ok + "{]\n": `read recording: x:3: decode line: invalid character ']' looking for beginning of object key string`,
		header + "{}\n":      `read recording: x:2: "at" is missing`,
		header + cut(ok, `"connection":"mirror",`):                       `read recording: x:2: "connection" is missing`,
		header + cut(ok, `,"stream":"M"`):                                `read recording: x:2: "stream" is missing`,
		header + cut(ok, `,"error":"timeout"`):                           `read recording: x:2: want either "info" or "error"`,
		header + strings.Replace(ok, `"timeout"`, `"oops"`, 1):           `read recording: x:2: "error" is "oops", want "timeout" or "CODE/ERR_CODE text"`,
		header + strings.Replace(ok, `}`, `,"rtt_ms":-1}`, 1):            `read recording: x:2: "rtt_ms" is -1, want 0 to 3600000`,
		header + strings.Replace(ok, `}`, `,"fault":{"kind":"odd"}}`, 1): `read recording: x:2: "fault" is of the kind "odd", which is none`,
		header + strings.Repeat(" ", recording.MaxLine+1) + ok:           `read recording: x:2: the line is longer than 16777216 bytes`,
	} {
		_, err := recording.Read(strings.NewReader(text), "x", decode)
		if err == nil || err.Error() != want {
			t.Errorf("%.80q: error %v\nwant %s", text, err, want)
		}
	}
}

func cut(text, part string) string { return strings.Replace(text, part, "", 1) }

func TestACutLastLineIsLeftOutAndNoted(t *testing.T) {
	const first = `{"at":"2026-11-22T20:00:00Z","connection":"mirror","stream":"M","error":"timeout"}` + "\n"
	const last = `{"at":"2026-11-22T20:00:01Z","connection":"mirror","stream":"M","error":"timeout"}`
	for n := range len(last) + 1 {
		rec, err := recording.Read(strings.NewReader(header+first+last[:n]), "x", decode)
		if err != nil {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
		want, notes := 1, 1
		switch n {
		case 0:
			notes = 0
		case len(last):
			want, notes = 2, 0
		}
		if got := len(rec.Samples(mirror)); got != want || len(rec.Notes) != notes {
			t.Fatalf("cut after %d bytes: %d samples, want %d; notes %q", n, got, want, rec.Notes)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(header))
	f.Add([]byte(header + `{"at":"2026-11-22T20:00:00Z","connection":"mirror","stream":"M","rtt_ms":1,"error":"timeout"}`))
	f.Add([]byte(header + `{"at":"2026-11-22T20:00:00Z","connection":"m","stream":"M","info":{"ts":"2026-11-22T20:00:00Z"}}` + "\n"))
	var compressed bytes.Buffer
	gz := gzip.NewWriter(&compressed)
	if _, err := gz.Write([]byte(header)); err != nil {
		f.Fatal(err)
	}
	if err := gz.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(compressed.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := recording.Read(bytes.NewReader(data), "x", decode)
		if err != nil {
			return
		}
		first, last := rec.Span()
		for _, connection := range append(rec.Connections(), recording.OriginView) {
			for _, key := range rec.Streams(connection) {
				rec.At(key, rec.Samples(key)[0].At)
				rec.At(key, first)
				if s, delay := rec.At(key, last); s.Key != key || delay < 0 || delay > recording.Stale {
					t.Fatalf("answer for %v: %+v after %s", key, s, delay)
				}
			}
		}
	})
}
