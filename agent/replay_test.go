package agent

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// What an ended incident was about is told as past; the cause and the verdict on a failover are told with it while it is open.
func TestReplayTellsChanges(t *testing.T) {
	link := pipeline.Subject{StreamKey: pipeline.StreamKey{Connection: "dr", Stream: "PAYMENTS"}, Kind: pipeline.KindMirror, Origin: "PAYMENTS"}
	seen := pipeline.Incident{
		ID: "mw-1", Rule: pipeline.RuleSeen, Subject: link, Level: pipeline.Critical, Limit: 60, Unit: pipeline.UnitSeconds, Reason: pipeline.ReasonSilent,
	}
	deleted, lag := seen, seen
	deleted.Reason = pipeline.ReasonDeleted
	lag.Rule, lag.Reason, lag.Unit = pipeline.RuleLag, pipeline.ReasonLag, ""
	diagnosed, stalled := seen, seen
	diagnosed.Diagnosis = pipeline.Diagnosis{Cause: pipeline.CauseLinkDown, Sure: pipeline.Likely}
	diagnosed.Risk = pipeline.Risk{Failover: pipeline.FailoverUnknown, AsOf: noon().Add(-time.Minute)}
	stalled.Rule, stalled.Reason, stalled.Unit, stalled.Opened = pipeline.RuleNotCopying, pipeline.ReasonStalled, pipeline.UnitMessages, noon().Add(-5*time.Minute)
	stalled.Diagnosis = pipeline.Diagnosis{Cause: pipeline.CauseFull, Sure: pipeline.Certain}
	stalled.Risk = pipeline.Risk{Failover: pipeline.FailoverBehind, Messages: 12}
	for _, test := range []struct {
		change pipeline.Change
		want   string
	}{
		{pipeline.Change{Kind: pipeline.Opened, Incident: seen, Silent: time.Minute}, ": silent, no contact for 1m0s, limit 1m0s  [mw-1]"},
		{pipeline.Change{Kind: pipeline.Resolved, Incident: seen, Silent: 102 * time.Second}, ": contact again after 1m42s (was: silent)  [mw-1]"},
		{pipeline.Change{Kind: pipeline.Closed, Incident: deleted, Silent: 102 * time.Second}, ": deleted; no contact was proven for 1m42s  [mw-1]"},
		{pipeline.Change{Kind: pipeline.Closed, Incident: deleted}, ": deleted  [mw-1]"},
		{pipeline.Change{Kind: pipeline.Resolved, Incident: lag}, ": well again (was: too many messages behind)  [mw-1]"},
		{
			pipeline.Change{Kind: pipeline.Opened, Incident: diagnosed, Silent: time.Minute},
			": silent, no contact for 1m0s, limit 1m0s; cause: link down (likely); failover: unknown since 11:59:00 UTC  [mw-1]",
		},
		{pipeline.Change{Kind: pipeline.Closed, Incident: diagnosed, Silent: time.Minute}, ": silent; no contact was proven for 1m0s  [mw-1]"},
		{
			pipeline.Change{Kind: pipeline.Opened, Incident: stalled, Silent: time.Second},
			": in contact, and copies nothing; cause: mirror full or sealed (certain); failover: behind by 12  [mw-1]",
		},
		{
			pipeline.Change{Kind: pipeline.Resolved, Incident: stalled},
			": copying again after 5m0s (was: in contact, and copies nothing); failover: behind by 12  [mw-1]",
		},
	} {
		test.change.At = noon()
		var out bytes.Buffer
		if err := printChange(&out, "text")(&test.change); err != nil || !strings.HasSuffix(out.String(), test.want+"\n") {
			t.Errorf("got %q, %v, want %q", &out, err, test.want)
		}
	}
}

func TestReplayPrintsNothingWhereOneFileIsBad(t *testing.T) {
	good := recordingFile(t, `{"recording":1}
{"at":"2026-03-04T12:00:00Z","connection":"dr","stream":"A","error":"timeout"}
`)
	for _, bad := range []string{"none.jsonl", recordingFile(t, `{"recording":1}`+"\n")} {
		if got := invoke(t, "replay", good, bad); got.code != 1 || got.out != "" {
			t.Errorf("%s: exit code %d, printed %q", bad, got.code, got.out)
		}
	}
	if got := invoke(t, "replay", good, good); got.code != 0 || strings.Count(got.out, "from 2026-03-04T12:00:00Z") != 2 {
		t.Errorf("exit code %d: %q, %q", got.code, got.out, got.errors)
	}
}

func recordingFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "recording.jsonl")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
