package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/outbox"
	"mirrorwatch/pipeline/pipelinetest"
	"mirrorwatch/pipeline/rules"
)

// desk is a committer with its outbox at work, on a journal in memory.
type desk struct {
	*outbox.Committer
	outbox *outbox.Outbox
	board  *pipeline.Board
	stop   context.CancelFunc
	ended  chan error
}

func openDesk(t *testing.T, journal pipeline.Journal, sinks map[string]*pipelinetest.Sink) *desk {
	t.Helper()
	var receivers []pipeline.Receiver
	for _, name := range []string{"ops", "oncall"} {
		if sinks[name] != nil {
			receivers = append(receivers, pipeline.Receiver{Name: name, Notifier: sinks[name]})
		}
	}
	return openDeskWith(t, journal, receivers)
}

func openDeskWith(t *testing.T, journal pipeline.Journal, receivers []pipeline.Receiver) *desk {
	t.Helper()
	return openDeskLogged(t, journal, receivers, slog.New(slog.NewTextHandler(io.Discard, nil)))
}

func openDeskLogged(t *testing.T, journal pipeline.Journal, receivers []pipeline.Receiver, log *slog.Logger) *desk {
	t.Helper()
	return openDeskAs(t, journal, outbox.Dispatch{Direct: receivers}, log)
}

func openDeskAs(t *testing.T, journal pipeline.Journal, how outbox.Dispatch, log *slog.Logger) *desk {
	t.Helper()
	state, err := journal.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{
		outbox: outbox.New(how, state, log), board: pipeline.NewBoard(time.Now()), ended: make(chan error, 1),
	}
	d.Committer = outbox.NewCommitter(outbox.CommitterOptions{
		Journal: journal, Outbox: d.outbox, Board: d.board, State: state, Log: log, Rules: agentRules(),
	})
	ctx, stop := context.WithCancel(t.Context())
	d.stop = stop
	go func() { d.ended <- d.Run(ctx) }()
	return d
}

func agentRules() []pipeline.Rule {
	return []pipeline.Rule{rules.Journal{LostFor: rules.DefaultLostFor}, rules.Delivery{After: rules.DefaultUndelivered}, rules.Configuration{}}
}

// close ends the desk and returns Run's error.
func (d *desk) close() error {
	d.stop()
	return <-d.ended
}

func opened(id string) pipeline.Change { return step(id, pipeline.Opened, 1) }

func step(id string, kind pipeline.ChangeKind, number int) pipeline.Change {
	c := pipeline.Change{Kind: kind, At: time.Now(), Incident: pipeline.Incident{
		ID: "mw-" + id, Rule: "seen", Level: pipeline.Critical, Opened: time.Now(), Changes: number,
		Subject: pipeline.Subject{StreamKey: pipeline.StreamKey{Connection: "dr", Stream: id}},
	}}
	if kind.Ends() {
		c.Incident.Ended = time.Now()
	}
	return c
}

func record(stream string) pipeline.StreamRecord {
	return pipeline.StreamRecord{Key: pipeline.StreamKey{Connection: "dr", Stream: stream}}
}

func (d *desk) submit(changes ...pipeline.Change) { d.Submit(pipeline.Kept{Changes: changes}) }

// told lists what a sink accepted: "opened mw-a/1", changes of one notification joined by a plus.
func told(sink *pipelinetest.Sink) (all []string) {
	for _, n := range sink.Delivered() {
		all = append(all, names(n.Changes))
	}
	return all
}

func names(changes []pipeline.Change) string {
	var all []string
	for _, c := range changes {
		all = append(all, fmt.Sprintf("%s %s", c.Kind, c.Key()))
	}
	return strings.Join(all, " + ")
}

func equal(t *testing.T, what string, got any, want ...string) {
	t.Helper()
	if g := fmt.Sprintf("%q", got); g != fmt.Sprintf("%q", want) {
		t.Errorf("%s: %s, want %q", what, g, want)
	}
}

func TestChangeIsOnDiskBeforeItIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal, sink := pipelinetest.NewMemJournal(), pipelinetest.NewSink()
		d := openDesk(t, journal, map[string]*pipelinetest.Sink{"ops": sink})
		var atSending pipeline.State
		sink.Answer(func(_ context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
			atSending = journal.State()
			return nil, nil
		})
		d.submit(opened("a"))
		synctest.Wait()
		pass(groupTime)
		synctest.Wait()
		if len(atSending.Incidents) != 1 || len(atSending.Outbox) != 1 {
			t.Fatalf("journal while sending: %+v", atSending)
		}
		if b := atSending.Outbox[0]; b.Attempts != 1 || b.Body == nil || !strings.HasPrefix(b.Key, "mw-a/1-") || b.Group != "mw-a" {
			t.Errorf("row while sending: %+v", b)
		}
		if state := journal.State(); len(state.Outbox) != 0 {
			t.Errorf("row after sending: %+v", state.Outbox)
		}
		if len(d.board.Incidents()) != 1 {
			t.Error("the incident is not on the board")
		}
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
}

// groupTime is enough for a group to be committed and sent.
const groupTime = 20 * time.Millisecond

func TestWhatComesTogetherIsCommittedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal := pipelinetest.NewMemJournal()
		d := openDesk(t, journal, nil)
		d.Submit(pipeline.Kept{Streams: []pipeline.StreamRecord{record("A")}, Proofs: []pipeline.ProofPage{{Connection: "dr", Data: []byte("1")}}})
		pass(time.Second)
		if n := len(journal.Commits()); n != 0 {
			t.Errorf("a record and a page alone were committed %d times within a second", n)
		}
		d.submit(opened("a"))
		pass(3 * time.Millisecond)
		d.submit(opened("b"))
		pass(groupTime)
		synctest.Wait()
		commits := journal.Commits()
		if len(commits) != 1 || len(commits[0].Changes) != 2 || len(commits[0].Streams)+len(commits[0].Proofs) != 2 {
			t.Errorf("%d commits: %+v", len(commits), commits)
		}
		d.Submit(pipeline.Kept{Streams: []pipeline.StreamRecord{record("B")}, Gone: []pipeline.StreamKey{record("A").Key}})
		pass(5*time.Second + groupTime)
		synctest.Wait()
		if s := journal.State().Streams; len(s) != 1 || s[0].Key.Stream != "B" {
			t.Errorf("streams: %+v", s)
		}
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
}

func TestChangeDoesNotWaitForManyRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal := pipelinetest.NewMemJournal()
		d := openDesk(t, journal, nil)
		var first []pipeline.StreamRecord
		for n := range 5000 {
			first = append(first, record(fmt.Sprint(n)))
		}
		d.Submit(pipeline.Kept{Streams: first, Changes: []pipeline.Change{opened("4999")}})
		pass(time.Second)
		synctest.Wait()
		commits := journal.Commits()
		if len(commits) != 3 || len(commits[0].Changes) != 1 || !slices.ContainsFunc(commits[0].Streams, func(r pipeline.StreamRecord) bool {
			return r.Key.Stream == "4999"
		}) {
			t.Fatalf("%d commits, the first with %d changes and %d records", len(commits), len(commits[0].Changes), len(commits[0].Streams))
		}
		for _, c := range commits {
			if n := len(c.Streams); n > 2000 {
				t.Errorf("%d records in one commit", n)
			}
		}
		if n := len(journal.State().Streams); n != len(first) {
			t.Errorf("%d records of %d are kept", n, len(first))
		}
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
}

func TestFailedCommitHoldsNoPageBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal, sink := pipelinetest.NewMemJournal(), pipelinetest.NewSink()
		d := openDesk(t, journal, map[string]*pipelinetest.Sink{"ops": sink})
		journal.Fail(errors.New("disk full"))
		d.Submit(pipeline.Kept{Streams: []pipeline.StreamRecord{record("A")}, Changes: []pipeline.Change{opened("a")}})
		pass(groupTime)
		d.submit(opened("b"))
		pass(groupTime)
		synctest.Wait()
		got := told(sink)
		if len(got) != 3 || got[0] != "opened mw-a/1" || got[2] != "opened mw-b/1" {
			t.Fatalf("told while the disk is full: %q", got)
		}
		if n := sink.Delivered()[1]; n.Changes[0].Incident.Rule != pipeline.RuleJournal || n.Changes[0].Incident.Detail != "disk full" {
			t.Errorf("no journal incident: %+v", n)
		}
		if !d.Failing() || len(journal.Commits()) != 0 {
			t.Error("the failure is not visible")
		}
		pass(time.Minute)
		journal.Fail(nil)
		pass(time.Second + groupTime)
		synctest.Wait()
		state := journal.State()
		if len(state.Incidents) != 2 || len(state.Streams) != 1 || len(state.Outbox) != 0 || d.Failing() {
			t.Errorf("after the disk came back: %+v", state)
		}
		got = told(sink)
		if len(got) != 4 || !strings.HasPrefix(got[3], "resolved ") {
			t.Errorf("told after the disk came back: %q", got)
		}
		if len(journal.Attempts()) != 4 || len(journal.Changes()) != 4 {
			t.Errorf("audit: %v %v", journal.Changes(), journal.Attempts())
		}
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
}

func TestDiskThatHangsHoldsNoPageBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal, sink := pipelinetest.NewMemJournal(), pipelinetest.NewSink()
		d := openDesk(t, journal, map[string]*pipelinetest.Sink{"ops": sink})
		release := make(chan struct{})
		journal.Intercept(func(pipeline.Commit) error { <-release; return nil })
		d.submit(opened("a"))
		pass(2*time.Second + groupTime)
		d.submit(step("a", pipeline.Resolved, 2))
		pass(groupTime)
		synctest.Wait()
		got := told(sink)
		if len(got) != 3 || got[0] != "opened mw-a/1" || got[2] != "resolved mw-a/2" || !d.Failing() {
			t.Errorf("told while the disk hangs: %q", got)
		}
		close(release)
		pass(time.Second)
		synctest.Wait()
		if state := journal.State(); len(state.Incidents) != 0 || len(state.Outbox) != 0 || d.Failing() {
			t.Errorf("after the disk came back: %+v", state)
		}
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
}

func TestShutdownSaysWhatCouldNotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal := pipelinetest.NewMemJournal()
		d := openDesk(t, journal, nil)
		journal.Fail(errors.New("disk full"))
		d.submit(opened("a"))
		pass(groupTime)
		began := time.Now()
		err := d.close()
		if err == nil || err.Error() != "stop committer: 2 changes and 0 batches are not written: disk full" {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestShutdownCommitsAndSendsWhatWasJustSubmitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal, sink := pipelinetest.NewMemJournal(), pipelinetest.NewSink()
		d := openDesk(t, journal, map[string]*pipelinetest.Sink{"ops": sink})
		d.Submit(pipeline.Kept{Streams: []pipeline.StreamRecord{record("A")}, Changes: []pipeline.Change{opened("a")}})
		if err := d.close(); err != nil {
			t.Error(err)
		}
		equal(t, "told", told(sink), "opened mw-a/1")
		if state := journal.State(); len(state.Incidents) != 1 || len(state.Streams) != 1 || len(state.Outbox) != 0 {
			t.Errorf("%+v", state)
		}
	})
}

func TestLostStateIsToldToEveryReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal := pipelinetest.NewMemJournal()
		journal.Lose(pipeline.State{Lost: "everything until noon is lost", LostAt: time.Now()})
		sinks := map[string]*pipelinetest.Sink{"ops": pipelinetest.NewSink(), "oncall": pipelinetest.NewSink()}
		d := openDesk(t, journal, sinks)
		pass(rules.DefaultLostFor + time.Second)
		synctest.Wait()
		for name, sink := range sinks {
			got := sink.Changes()
			if len(got) != 2 || got[0].Kind != pipeline.Opened || got[1].Kind != pipeline.Resolved ||
				got[0].Incident.Detail != "everything until noon is lost" {
				t.Errorf("%s heard %+v", name, got)
			}
		}
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
}

func TestOpenIncidentOfTheAgentIsCarriedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal, sink := pipelinetest.NewMemJournal(), pipelinetest.NewSink()
		sinks := map[string]*pipelinetest.Sink{"ops": sink}
		d := openDesk(t, journal, sinks)
		fail := true
		journal.Intercept(func(c pipeline.Commit) error {
			if fail && len(c.Streams) > 0 {
				return errors.New("disk full")
			}
			return nil
		})
		d.Submit(pipeline.Kept{Streams: []pipeline.StreamRecord{record("A")}, Changes: []pipeline.Change{opened("a")}})
		pass(groupTime)
		if err := d.close(); err == nil {
			t.Error("nothing was left unwritten")
		}
		fail = false
		again := journal.Copy()
		incident := step("journal", pipeline.Opened, 1)
		incident.Incident.Subject, incident.Incident.Rule = pipeline.Subject{}, pipeline.RuleJournal
		if err := again.Commit(pipeline.Commit{Changes: []pipeline.Change{incident}}); err != nil {
			t.Fatal(err)
		}
		d = openDesk(t, again, sinks)
		synctest.Wait()
		if n := len(d.board.Incidents()); n != 1 {
			t.Errorf("%d incidents on the board", n)
		}
		pass(time.Second)
		d.Submit(pipeline.Kept{Streams: []pipeline.StreamRecord{record("A")}})
		pass(6 * time.Second)
		synctest.Wait()
		if n := len(again.State().Incidents); n != 0 || len(d.board.Incidents()) != 0 {
			t.Errorf("%d incidents open after a commit that succeeded", n)
		}
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
}
