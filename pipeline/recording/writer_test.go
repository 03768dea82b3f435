package recording_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/recording"
)

// looks are samples of every kind, as a source gives them.
func looks(t *testing.T) []*pipeline.Sample {
	t.Helper()
	start := at("2026-11-22T20:00:00.123456789Z")
	all := []*pipeline.Sample{}
	add := func(key pipeline.StreamKey, raw string, f pipeline.Fault) {
		s := &pipeline.Sample{}
		if raw != "" && f.Kind == pipeline.FaultNone {
			if err := decode([]byte(raw), s); err != nil {
				t.Fatal(err)
			}
		}
		s.Key, s.Fault, s.Raw = key, f, []byte(raw)
		s.Asked = start.Add(time.Duration(len(all)) * time.Second)
		s.At = s.Asked.Add(1234567)
		all = append(all, s)
	}
	other := pipeline.StreamKey{Connection: "dr", Account: "APP", Domain: "leaf", Stream: "M"}
	add(mirror, `{"ts":"2026-11-22T20:00:00Z","mirror":{"name":"S","lag":3,"active":50000000}}`, pipeline.Fault{})
	add(other, "{\"ts\":\"2026-11-22T20:00:01Z\",\n \"sources\":[{\"name\":\"<A&B>\",\"active\":-1}]}\n", pipeline.Fault{})
	for _, f := range []pipeline.Fault{
		{Kind: pipeline.FaultNoAnswer},
		{Kind: pipeline.FaultNoAnswer, Text: "no responders"},
		{Kind: pipeline.FaultNotFound, Text: "404/10059 stream not found"},
		{Kind: pipeline.FaultNotFound, Text: "stream not found"},
		{Kind: pipeline.FaultNotFound},
		{Kind: pipeline.FaultAPI, Text: "503/10008 temporarily unavailable"},
		{Kind: pipeline.FaultAPI, Text: "404 of another kind"},
		{Kind: pipeline.FaultAPI},
		{Kind: pipeline.FaultDisconnected, Text: "connection refused"},
		{Kind: pipeline.FaultDenied, Text: "permissions violation"},
		{Kind: pipeline.FaultMissing},
		{Kind: pipeline.FaultOffline, Text: "requires API level 9"},
		{Kind: pipeline.FaultOffline, Text: "500/10118 stream is offline"},
		{Kind: pipeline.FaultMissing, Text: "503/10008 no leader"},
		{Kind: pipeline.FaultNonsense, Text: "active is negative"},
	} {
		add(mirror, "", f)
		add(other, "", f)
	}
	add(mirror, `{"ts":""}`, pipeline.Fault{Kind: pipeline.FaultNonsense, Text: `parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"`})
	return all
}

func TestWhatIsWrittenReadsAsTheSame(t *testing.T) {
	h := recording.Header{
		Name: "x", Server: "2.15.2", Interval: 1,
		Phases: []recording.Phase{{Name: "healthy", From: at("2026-11-22T20:00:00Z"), To: at("2026-11-22T20:01:00Z")}},
	}
	for _, name := range []string{"x.jsonl", "x.jsonl.gz"} {
		path := filepath.Join(t.TempDir(), name)
		w, err := recording.Create(path, h)
		if err != nil {
			t.Fatal(err)
		}
		want := map[pipeline.StreamKey][]pipeline.Sample{}
		for _, s := range looks(t) {
			if err := w.Write(s); err != nil {
				t.Fatal(err)
			}
			want[s.Key] = append(want[s.Key], *s.Clone())
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		rec, err := recording.Open(path, decode)
		if err != nil {
			t.Fatal(err)
		}
		wantHeader := h
		wantHeader.Recording = recording.Version
		if diff := cmp.Diff(wantHeader, rec.Header); diff != "" {
			t.Errorf("%s: header (-want +got):\n%s", name, diff)
		}
		if len(rec.Notes) != 0 {
			t.Errorf("%s: notes %q", name, rec.Notes)
		}
		for key, samples := range want {
			if diff := cmp.Diff(samples, rec.Samples(key)); diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", name, key, diff)
			}
		}
	}
}

func TestErrorsAreWrittenInTheFormatsOwnWords(t *testing.T) {
	var out bytes.Buffer
	w, err := recording.NewWriter(&out, recording.Header{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range looks(t) {
		if err := w.Write(s); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n")[1:] {
		if !strings.Contains(line, `"error":"timeout"`) && !strings.Contains(line, `"error":"404/`) &&
			!strings.Contains(line, `"error":"50`) && !strings.Contains(line, `"info":{`) {
			t.Errorf("not of the format: %s", line)
		}
	}
}

func TestAKillLosesAtMostTheLastLine(t *testing.T) {
	for _, name := range []string{"x.jsonl", "x.jsonl.gz"} {
		path := filepath.Join(t.TempDir(), name)
		w, err := recording.Create(path, recording.Header{})
		if err != nil {
			t.Fatal(err)
		}
		written, whole := 0, int64(0)
		for _, s := range looks(t) {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			whole = info.Size()
			if err := w.Write(s); err != nil {
				t.Fatal(err)
			}
			written++
		}
		left, err := os.ReadFile(path) // the writer was not closed
		if err != nil {
			t.Fatal(err)
		}
		for size := whole; size <= int64(len(left)); size++ {
			rec, err := recording.Read(bytes.NewReader(left[:size]), name, decode)
			if err != nil {
				t.Fatalf("%s: %d of %d bytes: %v", name, size, len(left), err)
			}
			got := 0
			for _, c := range rec.Connections() {
				for _, key := range rec.Streams(c) {
					got += len(rec.Samples(key))
				}
			}
			if got < written-1 || size == int64(len(left)) && got != written {
				t.Fatalf("%s: %d of %d bytes: %d samples of %d", name, size, len(left), got, written)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASampleThatSaysNothingIsNotWritten(t *testing.T) {
	w, err := recording.NewWriter(io.Discard, recording.Header{})
	if err != nil {
		t.Fatal(err)
	}
	const want = "record look: the sample of M has neither a document nor a fault"
	if err := w.Write(&pipeline.Sample{Key: mirror, At: at("2026-11-22T20:00:00Z")}); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestCreateTellsWhyItCannot(t *testing.T) {
	_, err := recording.Create(filepath.Join(t.TempDir(), "no", "x.jsonl"), recording.Header{})
	if err == nil || !strings.HasPrefix(err.Error(), "create recording: open ") {
		t.Errorf("error %v", err)
	}
}

func TestCreateNeverOverwrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kept.jsonl")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := recording.Create(path, recording.Header{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "precious" {
		t.Errorf("the file holds %q, %v", text, err)
	}
}
