package journal_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
)

// told lists the audit, a word or two a record.
func told(t testing.TB, j interface {
	Records(uint64, func(pipeline.Record) error) error
},
) (all []string) {
	t.Helper()
	err := j.Records(0, func(r pipeline.Record) error {
		switch {
		case r.Change != nil:
			all = append(all, fmt.Sprintf("%d %s %s", r.Number, r.Change.Kind, r.Change.Key()))
		case r.Attempt != nil:
			all = append(all, fmt.Sprintf("%d %s %s", r.Number, r.Attempt.Outcome, r.Attempt.Key))
		default:
			all = append(all, fmt.Sprintf("%d %s", r.Number, r.Event.Kind))
			if s := r.Event.Stream; s != nil {
				all[len(all)-1] += fmt.Sprintf(" %s %s %d", s.Key.Stream, s.Policy.SeenCritical.Value, len(s.Links))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestACommitIsRecordedAsEventsChangesAttempts(t *testing.T) {
	j := open(t, t.TempDir(), start)
	opened := change(pipeline.Opened, "mw-a", 1)
	commit(t, j, pipeline.Commit{
		Attempts: []pipeline.Attempt{{BatchID: pipeline.BatchID{Receiver: "ops", Key: "mw-a/1"}, Outcome: "retry"}},
		Changes:  []pipeline.Change{opened},
		Events:   []pipeline.Event{{At: start, Kind: pipeline.EventStarted}, {At: start, Kind: pipeline.EventReloaded}},
	})
	want := []string{"1 started", "2 reloaded", "3 opened mw-a/1", "4 retry mw-a/1"}
	if diff := cmp.Diff(want, told(t, j)); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
	head, err := j.Head()
	if err != nil || head.Number != 4 || head.Hash == (journal.Hash{}) {
		t.Errorf("head: %+v %v", head, err)
	}
}

func TestChangedLimitsAndLinksAreRecordedAsTheyWereBefore(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, start)
	first, proven, limit, linked := stream("A"), stream("A"), stream("A"), stream("A")
	proven.Links[0].Proof = start.Add(time.Minute)
	limit.Policy.SeenCritical = pipeline.Some(time.Hour)
	linked.Policy = limit.Policy
	linked.Links = append(linked.Links, stream("B").Links...)
	for i, r := range []pipeline.StreamRecord{first, proven, limit, limit, linked} {
		if i == 3 { // a restart is no change
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			j = open(t, dir, start)
		}
		commit(t, j, pipeline.Commit{Streams: []pipeline.StreamRecord{r}})
	}
	commit(t, j, pipeline.Commit{Gone: []pipeline.StreamKey{first.Key, stream("never").Key}})
	commit(t, j, pipeline.Commit{Streams: []pipeline.StreamRecord{first}})
	want := []string{"1 limits A 1m0s 1", "2 limits A 1h0m0s 1", "3 unwatched A 1h0m0s 2"}
	if diff := cmp.Diff(want, told(t, j)); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

func TestLinksInAnotherOrderAreNoChange(t *testing.T) {
	j := open(t, t.TempDir(), start)
	a, b := stream("A").Links[0], stream("B").Links[0]
	for _, links := range [][]pipeline.LinkRecord{{a, b, b}, {b, a, b}, {a, b, a}} {
		r := stream("A")
		r.Links = links
		commit(t, j, pipeline.Commit{Streams: []pipeline.StreamRecord{r}})
	}
	hourly := stream("A")
	hourly.Policy.SeenCritical = pipeline.Some(time.Hour)
	commit(t, j, pipeline.Commit{Streams: []pipeline.StreamRecord{stream("A"), hourly}}) // each against the one before
	want := []string{"1 limits A 1m0s 3", "2 limits A 1m0s 3", "3 limits A 1m0s 1"}
	if diff := cmp.Diff(want, told(t, j)); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

func TestASilenceIsForgottenADayAfterItsEnd(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, start)
	commit(t, j, pipeline.Commit{Silences: []pipeline.Silence{
		{ID: "short", Starts: start, Ends: start.Add(time.Hour)}, {ID: "long", Starts: start, Ends: start.Add(3 * time.Hour)},
	}})
	later := func(d time.Duration) []string {
		commit(t, j, pipeline.Commit{Events: []pipeline.Event{{At: start.Add(d), Kind: pipeline.EventReloaded}}})
		var ids []string
		for _, s := range reopened(t, j, dir).Silences {
			ids = append(ids, s.ID)
		}
		j = open(t, dir, start)
		return ids
	}
	if diff := cmp.Diff([]string{"long", "short"}, later(24*time.Hour)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"long"}, later(26*time.Hour)); diff != "" {
		t.Error(diff)
	}
}

func TestEndedIncidentsAreKnownForTheFlapWindow(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, start)
	for i := range 4 {
		c := change(pipeline.Resolved, fmt.Sprintf("mw-%d", i), 2)
		c.At = start.Add(time.Duration(i) * 10 * time.Minute)
		c.Incident.Ended = c.At
		commit(t, j, pipeline.Commit{Changes: []pipeline.Change{c}})
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, i := range load(t, open(t, dir, start.Add(15*time.Minute+pipeline.FlapWindow))).Ended {
		ids = append(ids, i.ID)
	}
	if diff := cmp.Diff([]string{"mw-2", "mw-3"}, ids); diff != "" {
		t.Error(diff)
	}
}

// The line is the one that docs/audit.md explains the rule with.
func TestHashRuleIsTheDocumentedOne(t *testing.T) {
	payload := `{"number":1,"event":{"at":"2026-03-01T12:00:00Z","event":"started"}}`
	const want = "909136afa53c1d5fa5a50a546e969786bab3d7c8d8b300d8068a377ad2c3e5e2"
	if got := journal.Chained(journal.Hash{}, 1, []byte(payload)).String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
