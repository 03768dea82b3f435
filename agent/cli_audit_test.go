package agent

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
)

// pastJournal holds the life of one incident that is over, and one that is open.
func pastJournal(t *testing.T, dir string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(dir, noon())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	if _, err := j.Load(); err != nil {
		t.Fatal(err)
	}
	subject := func(stream string) pipeline.Subject {
		key := pipeline.StreamKey{Connection: "dr", Account: "APP", Stream: stream}
		return pipeline.Subject{StreamKey: key, Kind: pipeline.KindMirror, Origin: stream}
	}
	change := func(id, stream string, kind pipeline.ChangeKind, opened, at time.Time, number int) pipeline.Change {
		c := pipeline.Change{Kind: kind, At: at, Silent: at.Sub(opened) + time.Minute, Incident: pipeline.Incident{
			ID: id, Rule: pipeline.RuleSeen, Subject: subject(stream), Level: pipeline.Critical, Opened: opened, Since: opened.Add(-time.Minute),
			Value: 60, Limit: 60, Unit: pipeline.UnitSeconds, Reason: pipeline.ReasonSilent, Changes: number, Changed: at,
		}}
		if kind.Ends() {
			c.Incident.Ended = at
		}
		return c
	}
	first, second := noon().Add(-2*time.Hour), noon().Add(-10*time.Minute)
	for _, c := range []pipeline.Change{
		change("mw-1", "PAYMENTS", pipeline.Opened, first, first, 1),
		change("mw-1", "PAYMENTS", pipeline.Resolved, first, first.Add(90*time.Second), 2),
		change("mw-2", "ORDERS", pipeline.Opened, second, second, 1),
	} {
		attempt := pipeline.Attempt{
			BatchID: pipeline.BatchID{Receiver: "ops", Key: "k-" + c.Key()}, Changes: []string{c.Key()}, At: c.At.Add(time.Second), Number: 1,
			Outcome: pipeline.OutcomeDelivered,
		}
		if err := j.Commit(pipeline.Commit{Changes: []pipeline.Change{c}, Attempts: []pipeline.Attempt{attempt}}); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

// pastAgent is the HTTP interface of an agent with that journal.
func pastAgent(t *testing.T, j *journal.Journal) (address string) {
	t.Helper()
	h := &HTTP{Board: pipeline.NewBoard(noon()), Ready: func() error { return nil }, Now: noon, History: j}
	server := httptest.NewServer(h.Handler())
	t.Cleanup(server.Close)
	return server.URL
}

func TestAuditVerifiesAnAgentItsFolderAndAnExport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := pastJournal(t, dir)
	address := pastAgent(t, j)
	head, err := j.Head()
	if err != nil {
		t.Fatal(err)
	}
	good := regexp.MustCompile(`(?m)^good: 6 records\nhead: 6:` + head.Hash.String() + `\n\z`)
	file := filepath.Join(t.TempDir(), "audit.jsonl")
	if got := invoke(t, "audit", "export", "--address", address, "--out", file); got.code != 0 || got.out != "" {
		t.Fatalf("export: exit code %d: %s%s", got.code, got.out, got.errors)
	}
	kept := "--head=6:" + head.Hash.String()
	if got := invoke(t, "audit", "verify", "--data-dir", dir); got.code != 3 || !strings.Contains(got.errors, "a running agent uses") {
		t.Errorf("while it runs: exit code %d: %s%s", got.code, got.out, got.errors)
	}
	for name, args := range map[string][]string{
		"agent": {"--address", address}, "export": {file}, "agent, head": {"--address", address, kept}, "export, head": {file, kept},
	} {
		if got := invoke(t, append([]string{"audit", "verify"}, args...)...); got.code != 0 || !good.MatchString(got.out) {
			t.Errorf("%s: exit code %d: %s%s", name, got.code, got.out, got.errors)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"folder": nil, "folder, head": {kept}} {
		if got := invoke(t, append([]string{"audit", "verify", "--data-dir", dir}, args...)...); got.code != 0 || !good.MatchString(got.out) {
			t.Errorf("%s: exit code %d: %s%s", name, got.code, got.out, got.errors)
		}
	}
	var again bytes.Buffer
	want, _ := os.ReadFile(file)
	if code := execute(t.Context(), []string{"audit", "export", "--data-dir", dir}, &Console{Stdout: &again, Stderr: &again}); code != 0 || again.String() != string(want) {
		t.Errorf("exit code %d: the folder's export is not the agent's", code)
	}
}

func TestAuditVerifyTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	j := pastJournal(t, t.TempDir())
	var export bytes.Buffer
	if err := j.Export(&export, 1); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(export.String(), "\n")
	head, _ := j.Head()
	other := strings.Repeat("0", 63) + "1"
	for _, test := range []struct {
		name, text, head string
		status           journal.Status
		code             int
	}{
		{"byte changed", strings.Replace(export.String(), "PAYMENTS", "PAYMENTX", 1), "", "changed", 2},
		{"record removed", strings.Join(append(lines[:3:3], lines[4:]...), ""), "", "missing", 2},
		{"cut short", strings.Join(lines[:4], ""), "", "cut", 2},
		{"other head", export.String(), "2:" + other, "other head", 2},
		{"older than the head", export.String(), "9:" + head.Hash.String(), "cut", 2},
		{"head that is none", export.String(), "9", "", 3},
		{"no export", "hello", "", "", 0},
	} {
		var out, errs bytes.Buffer
		code := execute(t.Context(), []string{"audit", "verify", "-", "--head", test.head, "--output", "json"},
			&Console{Stdin: strings.NewReader(test.text), Stdout: &out, Stderr: &errs})
		if test.name == "no export" {
			if code != 2 && code != 3 {
				t.Errorf("%s: exit code %d: %s%s", test.name, code, &out, &errs)
			}
			continue
		}
		var v auditVerdict
		if test.code == 2 {
			if err := json.Unmarshal(out.Bytes(), &v); err != nil {
				t.Errorf("%s: %v: %s", test.name, err, &out)
			}
		}
		if code != test.code || v.Good || v.Status != test.status || test.code == 2 && v.Text == "" {
			t.Errorf("%s: exit code %d: %s%s", test.name, code, &out, &errs)
		}
	}
	missing := filepath.Join(t.TempDir(), "none")
	if got := invoke(t, "audit", "verify", "--data-dir", missing); got.code != 3 || !strings.Contains(got.errors, missing) {
		t.Errorf("no journal: exit code %d: %s%s", got.code, got.out, got.errors)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a folder was made by looking at it")
	}
}
