package pipelinetest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

func commit(t *testing.T, j pipeline.Journal, c pipeline.Commit) {
	t.Helper()
	if err := j.Commit(c); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, j pipeline.Journal) pipeline.State {
	t.Helper()
	s, err := j.Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func incident(id string, opened int64) pipeline.Incident {
	return pipeline.Incident{ID: id, Opened: time.Unix(opened, 0), Subject: pipeline.Subject{StreamKey: key("M")}}
}

func TestLoadReturnsWhatCommitsBuilt(t *testing.T) {
	var (
		j     = pipelinetest.NewMemJournal()
		m, n  = pipeline.StreamRecord{Key: key("M")}, pipeline.StreamRecord{Key: key("N")}
		a, b  = incident("a", 2), incident("b", 1)
		first = pipeline.Batch{BatchID: pipeline.BatchID{Receiver: "r", Key: "first"}, Order: 1}
		later = pipeline.Batch{BatchID: pipeline.BatchID{Receiver: "r", Key: "later"}, Order: 2}
		last  = pipeline.Batch{BatchID: pipeline.BatchID{Receiver: "q", Key: "last"}, Order: 3}
		one   = pipeline.GroupRecord{Receiver: "r", Group: "a", Receipt: pipeline.Receipt("1"), Open: []string{"a"}}
		two   = pipeline.GroupRecord{Receiver: "r", Group: "b", Receipt: pipeline.Receipt("2"), Open: []string{"b"}}
		quiet = pipeline.Silence{ID: "s", Ends: time.Now().Add(time.Hour)}
		over  = pipeline.Silence{ID: "o", Ends: time.Now().Add(-time.Hour)}
	)
	page := func(number int, data string) pipeline.ProofPage {
		return pipeline.ProofPage{Connection: "dr", Number: number, Data: []byte(data)}
	}
	commit(t, j, pipeline.Commit{
		Streams: []pipeline.StreamRecord{n, m},
		Proofs:  []pipeline.ProofPage{page(1, "one"), page(0, "nought")},
		Changes: []pipeline.Change{
			{Kind: pipeline.Opened, Incident: a},
			{Kind: pipeline.Opened, Incident: b},
		},
		Batches:  []pipeline.Batch{last, later, first},
		Groups:   []pipeline.GroupRecord{two, one},
		Silences: []pipeline.Silence{quiet, over},
		Attempts: []pipeline.Attempt{{BatchID: first.BatchID, Number: 1}},
	})
	want := pipeline.State{
		Streams: []pipeline.StreamRecord{m, n}, Proofs: []pipeline.ProofPage{page(0, "nought"), page(1, "one")},
		Incidents: []pipeline.Incident{b, a},
		Outbox:    []pipeline.Batch{first, later, last}, Groups: []pipeline.GroupRecord{one, two},
		Silences: []pipeline.Silence{quiet},
	}
	if diff := cmp.Diff(want, load(t, j)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	killed := j.Copy()
	m.Links = []pipeline.LinkRecord{{Proof: time.Unix(5, 0)}}
	a.Level = pipeline.Critical
	later.Attempts = 1
	one.Open, two.Receipt = nil, pipeline.Receipt("3")
	quiet.Ends = over.Ends
	b.Ended = time.Now()
	commit(t, j, pipeline.Commit{
		Streams: []pipeline.StreamRecord{m},
		Gone:    []pipeline.StreamKey{n.Key},
		Proofs:  []pipeline.ProofPage{page(1, "later"), {Connection: "dr"}},
		Changes: []pipeline.Change{
			{Kind: pipeline.Escalated, Incident: a},
			{Kind: pipeline.Resolved, Incident: b},
		},
		Batches:  []pipeline.Batch{later},
		Done:     []pipeline.BatchID{first.BatchID},
		Merged:   []pipeline.BatchID{last.BatchID},
		Groups:   []pipeline.GroupRecord{one, two},
		Silences: []pipeline.Silence{quiet},
	})
	if diff := cmp.Diff(want, load(t, killed)); diff != "" {
		t.Errorf("the copy changed with the journal (-want +got):\n%s", diff)
	}
	want = pipeline.State{
		Streams: []pipeline.StreamRecord{m}, Proofs: []pipeline.ProofPage{page(1, "later")}, Incidents: []pipeline.Incident{a},
		Ended:  []pipeline.Incident{b},
		Outbox: []pipeline.Batch{later}, Groups: []pipeline.GroupRecord{two},
	}
	if diff := cmp.Diff(want, load(t, j)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(j.Commits()) != 2 || len(j.Changes()) != 4 || len(j.Attempts()) != 1 {
		t.Errorf("%d commits, %d changes, %d attempts", len(j.Commits()), len(j.Changes()), len(j.Attempts()))
	}
}

func TestAFailedCommitLeavesNoTrace(t *testing.T) {
	j := pipelinetest.NewMemJournal()
	full := errors.New("disk full")
	c := pipeline.Commit{Changes: []pipeline.Change{{Kind: pipeline.Opened, Incident: incident("a", 1)}}}
	j.Fail(full)
	if err := j.Commit(c); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
	if len(load(t, j).Incidents) != 0 || len(j.Commits()) != 0 {
		t.Error("a failed commit left a trace")
	}
	j.Fail(nil)
	commit(t, j, c)
	if len(load(t, j).Incidents) != 1 {
		t.Error("a mended journal does not keep")
	}
}

func TestTheJournalSharesNoMemoryWithItsCallers(t *testing.T) {
	j := pipelinetest.NewMemJournal()
	body := []byte("body")
	links := []pipeline.LinkRecord{{Proof: time.Unix(1, 0)}}
	commit(t, j, pipeline.Commit{
		Streams: []pipeline.StreamRecord{{Key: key("M"), Links: links}},
		Batches: []pipeline.Batch{{BatchID: pipeline.BatchID{Receiver: "r", Key: "k"}, Body: body}},
	})
	body[0], links[0].Proof = 'x', time.Unix(2, 0)
	got := load(t, j)
	got.Outbox[0].Body[1] = 'x'
	again := load(t, j)
	if string(again.Outbox[0].Body) != "body" || !again.Streams[0].Links[0].Proof.Equal(time.Unix(1, 0)) {
		t.Errorf("kept %q and %v", again.Outbox[0].Body, again.Streams[0].Links)
	}
}

func TestALostJournalSaysSo(t *testing.T) {
	j := pipelinetest.NewMemJournal()
	commit(t, j, pipeline.Commit{Streams: []pipeline.StreamRecord{{Key: key("M")}}})
	want := pipeline.State{Lost: "since noon", LostAt: time.Unix(9, 0)}
	j.Lose(want)
	if diff := cmp.Diff(want, load(t, j)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	commit(t, j, pipeline.Commit{Changes: []pipeline.Change{{Kind: pipeline.Opened, Incident: pipeline.Incident{ID: "lost", Rule: pipeline.RuleJournal}}}})
	if got := load(t, j); got.Lost != "" || len(got.Incidents) != 1 {
		t.Errorf("told of, and still %+v", got)
	}
	broken := errors.New("broken")
	j.FailLoad(broken)
	if _, err := j.Load(); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}
