package journal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, dir string, now time.Time) *journal.Journal {
	t.Helper()
	j, err := journal.Open(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func load(t testing.TB, j *journal.Journal) pipeline.State {
	t.Helper()
	state, err := j.Load()
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func commit(t testing.TB, j *journal.Journal, c pipeline.Commit) {
	t.Helper()
	if err := j.Commit(c); err != nil {
		t.Fatal(err)
	}
}

func stream(name string) pipeline.StreamRecord {
	key := pipeline.StreamKey{Connection: "dr", Stream: name}
	return pipeline.StreamRecord{
		Key:    key,
		Policy: pipeline.Policy{SeenCritical: pipeline.Some(time.Minute)},
		Links: []pipeline.LinkRecord{{
			Subject: pipeline.Subject{StreamKey: key, Kind: pipeline.KindMirror, Origin: name},
			First:   start, Proof: start.Add(time.Second),
		}},
	}
}

func change(kind pipeline.ChangeKind, id string, number int) pipeline.Change {
	i := pipeline.Incident{
		ID: id, Rule: "seen", Level: pipeline.Critical, Opened: start, Changes: number,
		Subject: pipeline.Subject{StreamKey: pipeline.StreamKey{Connection: "dr", Stream: id}},
	}
	if kind.Ends() {
		i.Ended = start.Add(time.Minute)
	}
	return pipeline.Change{Kind: kind, At: start, Incident: i}
}

func batch(receiver string, order uint64, changes ...pipeline.Change) pipeline.Batch {
	return pipeline.Batch{
		BatchID: pipeline.BatchID{Receiver: receiver, Key: changes[0].Key()},
		Order:   order, Group: changes[0].Incident.ID, Changes: changes, Made: start,
	}
}

func page(number int, data string) pipeline.ProofPage {
	return pipeline.ProofPage{Connection: "dr", Number: number, Data: []byte(data)}
}

// full is a commit with a row of every kind, and many of some.
func full(n int) pipeline.Commit {
	var c pipeline.Commit
	for i := range n {
		id := fmt.Sprintf("mw-%03d", i)
		opened := change(pipeline.Opened, id, 1)
		c.Streams = append(c.Streams, stream(id))
		c.Proofs = append(c.Proofs, page(i, "proofs \x00"+id))
		c.Changes = append(c.Changes, opened)
		c.Batches = append(c.Batches, batch("ops", uint64(i), opened), batch("oncall", uint64(i), opened))
		c.Groups = append(c.Groups, pipeline.GroupRecord{
			Receiver: "ops", Group: id, Receipt: pipeline.Receipt("C1/" + id), Told: start, Open: []string{id}, Over: []pipeline.Change{opened},
		})
		c.Silences = append(c.Silences, pipeline.Silence{ID: fmt.Sprintf("s-%03d", i), Starts: start, Ends: start.Add(time.Hour), By: "ann"})
		c.Attempts = append(c.Attempts, pipeline.Attempt{BatchID: c.Batches[2*i].BatchID, At: start, Number: 1, Outcome: "retry"})
	}
	return c
}

func TestWhatWasCommittedIsThereAfterReopening(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on", "demand")
	j := open(t, dir, start)
	if diff := cmp.Diff(pipeline.State{}, load(t, j)); diff != "" {
		t.Errorf("fresh state (-want +got):\n%s", diff)
	}
	commit(t, j, full(3))
	frozen := batch("ops", 0, change(pipeline.Opened, "mw-000", 1))
	frozen.Attempts, frozen.Body, frozen.NextTry, frozen.LastError = 1, []byte("{}"), start.Add(time.Second), "503"
	commit(t, j, pipeline.Commit{
		Streams:  []pipeline.StreamRecord{stream("late")},
		Gone:     []pipeline.StreamKey{stream("mw-001").Key},
		Proofs:   []pipeline.ProofPage{page(2, "later"), {Connection: "dr", Number: 1}, {Connection: "unknown", Number: 7}, page(1000, "far")},
		Changes:  []pipeline.Change{change(pipeline.Resolved, "mw-001", 2)},
		Batches:  []pipeline.Batch{frozen},
		Merged:   []pipeline.BatchID{{Receiver: "ops", Key: "mw-001/1"}},
		Done:     []pipeline.BatchID{{Receiver: "oncall", Key: "mw-000/1"}, {Receiver: "never", Key: "known"}},
		Groups:   []pipeline.GroupRecord{{Receiver: "ops", Group: "mw-001"}},
		Silences: []pipeline.Silence{{ID: "s-001", Starts: start, Ends: start.Add(time.Minute), By: "ann"}},
	})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}

	c := full(3)
	c.Silences[1].Ends = start.Add(time.Minute)
	want := pipeline.State{
		Streams:   []pipeline.StreamRecord{stream("late"), stream("mw-000"), stream("mw-002")},
		Proofs:    []pipeline.ProofPage{c.Proofs[0], page(2, "later"), page(1000, "far")},
		Incidents: []pipeline.Incident{c.Changes[0].Incident, c.Changes[2].Incident},
		Outbox:    []pipeline.Batch{frozen, c.Batches[3], c.Batches[5], c.Batches[4]},
		Ended:     []pipeline.Incident{change(pipeline.Resolved, "mw-001", 2).Incident},
		Groups:    []pipeline.GroupRecord{c.Groups[0], c.Groups[2]},
		Silences:  c.Silences,
	}
	again := open(t, dir, start)
	if diff := cmp.Diff(want, load(t, again)); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	var audit []string
	err := again.Records(0, func(r pipeline.Record) error {
		if r.Change != nil {
			audit = append(audit, r.Change.Key()+" "+string(r.Change.Kind))
		} else if r.Event != nil {
			audit = append(audit, string(r.Event.Kind)+" "+r.Event.Stream.Key.Stream)
		} else {
			audit = append(audit, r.Attempt.Key+" "+r.Attempt.Outcome)
		}
		return nil
	})
	wantAudit := []string{
		"mw-000/1 opened", "mw-001/1 opened", "mw-002/1 opened", "mw-000/1 retry", "mw-001/1 retry", "mw-002/1 retry",
		"unwatched mw-001", "mw-001/2 resolved",
	}
	if diff := cmp.Diff(wantAudit, audit); err != nil || diff != "" {
		t.Errorf("audit: %v (-want +got):\n%s", err, diff)
	}
}

func TestFilesAreForTheirOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	open(t, dir, start)
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, journal.FileName): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %o", path, info.Mode(), err, want)
		}
	}
}

func TestSecondAgentOnOneDirectoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, start)
	_, err := journal.Open(dir, start)
	if want := "another mirrorwatch already uses data_dir " + dir; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	commit(t, j, full(1)) // the first goes on undisturbed
}

func TestDirectoryThatCannotBeWrittenIsOneClearLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken := t.TempDir()
	if err := os.Mkdir(filepath.Join(taken, journal.FileName), 0o700); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		file:                         "make data_dir: mkdir " + file + ": not a directory",
		filepath.Join(file, "below"): "make data_dir: mkdir " + file + ": not a directory",
		taken:                        "open journal: open " + filepath.Join(taken, journal.FileName) + ": is a directory",
	} {
		_, err := journal.Open(dir, start)
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestNewerFormatIsRefusedAndLeftAlone(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, start).Close()
	path := filepath.Join(dir, journal.FileName)
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { return journal.PutFormat(tx, 4) })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	_, err = journal.Open(dir, start)
	if err == nil || !strings.HasSuffix(err.Error(), "has format 4, written by a newer mirrorwatch; this one knows format 3") {
		t.Errorf("got %v", err)
	}
	after, _ := os.ReadFile(path)
	if string(before) != string(after) {
		t.Error("the file was changed")
	}
}

func BenchmarkCommit(b *testing.B) {
	j := open(b, b.TempDir(), start)
	for n := 0; b.Loop(); n++ {
		opened := change(pipeline.Opened, fmt.Sprintf("mw-%03d", n%100), n)
		commit(b, j, pipeline.Commit{
			Changes: []pipeline.Change{opened},
			Batches: []pipeline.Batch{batch("ops", uint64(n), opened)},
			Done:    []pipeline.BatchID{{Receiver: "ops", Key: fmt.Sprintf("mw-%03d/%d", (n+99)%100, n-1)}},
		})
	}
}
