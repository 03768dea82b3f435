package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// happening is one step of a random history.
type happening struct {
	what  string
	which int // incident or receiver
	wait  time.Duration
}

func drawHistory(t *rapid.T) []happening {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) happening {
		return happening{
			what: rapid.SampledFrom([]string{
				"step", "step", "step", "step", "end", "burst", "burst ends", "accept", "fail", "refuse", "throttle", "slow",
				"disk fails", "disk works", "restart", "kill",
			}).Draw(t, "what"),
			which: rapid.IntRange(0, 5).Draw(t, "which"),
			wait: rapid.SampledFrom([]time.Duration{
				0, time.Millisecond, 6 * time.Millisecond, 9 * time.Millisecond, time.Second, 30 * time.Second, 10 * time.Minute,
			}).Draw(t, "wait"),
		}
	}), 5, 40).Draw(t, "history")
}

// Whatever happens, each receiver accepts every committed change at least once, unless it was given up on, in order
// within each incident, and never hears of a change under two keys, nor of two bodies under one. No receipt outlives its
// incident.
func TestEveryCommittedChangeArrivesInOrderUnderOneKey(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		history := drawHistory(rt)
		var faults []string
		synctest.Test(t, func(t *testing.T) { faults = newLife(t).live(history) })
		if len(faults) > 0 {
			rt.Fatalf("%s", strings.Join(faults, "\n"))
		}
	})
}

// life is an agent's state over restarts and kills, and the world around it.
type life struct {
	t       *testing.T
	journal *pipelinetest.MemJournal
	sinks   map[string]*pipelinetest.Sink
	desk    *desk
	alive   *atomic.Bool
	sick    bool   // the disk failed, and there may be what it did not take yet
	number  [6]int // of each incident's newest change
	age     [6]int // how often it ended
	bursts  [][]pipeline.Change

	changes  []pipeline.Change // committed in lives that were killed
	attempts []pipeline.Attempt
}

func newLife(t *testing.T) *life {
	l := &life{t: t, journal: pipelinetest.NewMemJournal(), sinks: map[string]*pipelinetest.Sink{}}
	for _, name := range l.receivers() {
		l.sinks[name] = pipelinetest.NewSink()
	}
	l.open()
	return l
}

func (l *life) receivers() []string { return []string{"ops", "oncall"} }

// mortal reaches its sink only while the process that it belongs to lives.
type mortal struct {
	*pipelinetest.Sink
	alive *atomic.Bool
}

func (m mortal) Notify(ctx context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
	if !m.alive.Load() {
		return nil, errors.New("killed")
	}
	return m.Sink.Notify(ctx, n)
}

func (l *life) open() {
	l.alive = &atomic.Bool{}
	l.alive.Store(true)
	var receivers []pipeline.Receiver
	for _, name := range l.receivers() {
		most := map[string]int{"oncall": 3}[name] // incidents together; "ops" hears of each by itself
		receivers = append(receivers, pipeline.Receiver{Name: name, Notifier: mortal{l.sinks[name], l.alive}, Most: most})
	}
	l.mend()
	l.desk = openDeskWith(l.t, l.journal, receivers)
}

// mend makes the disk work, though not at once.
func (l *life) mend() {
	l.journal.Intercept(func(pipeline.Commit) error {
		time.Sleep(2 * time.Millisecond)
		return nil
	})
}

func (l *life) live(history []happening) []string {
	for n, h := range history {
		l.happen(n, h)
		pass(h.wait)
	}
	l.mend()
	for _, sink := range l.sinks {
		sink.Answer(nil)
	}
	pass(3 * time.Hour)
	if err := l.desk.close(); err != nil {
		return []string{err.Error()}
	}
	return l.judge()
}

func (l *life) happen(n int, h happening) {
	sink := l.sinks[l.receivers()[h.which%2]]
	switch h.what {
	case "step":
		l.step(h.which, pipeline.Escalated)
	case "end":
		l.step(h.which, pipeline.Resolved)
	case "burst":
		var many []pipeline.Change
		for i := range 8 + 2*h.which { // some are joined, some are not
			many = append(many, opened(fmt.Sprintf("burst%d-%d", n, i)))
		}
		l.desk.submit(many...)
		l.bursts = append(l.bursts, many)
	case "burst ends":
		if len(l.bursts) > 0 {
			for i, c := range l.bursts[0] {
				l.bursts[0][i] = step(strings.TrimPrefix(c.Incident.ID, "mw-"), pipeline.Resolved, 2)
			}
			l.desk.submit(l.bursts[0]...)
			l.bursts = l.bursts[1:]
		}
	case "accept":
		sink.Answer(nil)
	case "fail":
		sink.Fail(errors.New("503"))
	case "refuse":
		sink.Fail(pipeline.Permanent(errors.New("400")))
	case "throttle":
		sink.Fail(pipeline.RetryAfter(errors.New("429"), time.Minute))
	case "slow":
		sink.Delay(5 * time.Second)
	case "disk fails":
		l.sick = true
		l.journal.Fail(errors.New("disk full"))
	case "disk works":
		l.mend()
	case "restart":
		l.settle()
		if err := l.desk.close(); err != nil {
			l.t.Error(err)
		}
		l.open()
	case "kill":
		l.settle()
		killed := l.journal.Copy()
		l.alive.Store(false)
		l.changes = append(l.changes, l.journal.Changes()...)
		l.attempts = append(l.attempts, l.journal.Attempts()...)
		_ = l.desk.close()
		l.journal = killed
		l.recall()
		l.open()
	}
}

// settle brings what a failing disk left in memory to disk: without a journal, nothing can be kept over a kill.
func (l *life) settle() {
	if l.sick {
		l.mend()
		pass(2 * time.Second)
		l.sick = false
	}
}

func (l *life) step(which int, kind pipeline.ChangeKind) {
	id := fmt.Sprintf("%d-%d", which, l.age[which])
	if l.number[which] == 0 {
		kind = pipeline.Opened
	}
	l.number[which]++
	l.desk.submit(step(id, kind, l.number[which]))
	if kind.Ends() {
		l.number[which] = 0
		l.age[which]++
	}
}

// recall takes the incidents from the journal, as a restarted agent does.
func (l *life) recall() {
	l.number, l.bursts = [6]int{}, nil
	for i := range l.age {
		l.age[i] += 100 // what was submitted and not committed is not known any more
	}
	for _, i := range l.journal.State().Incidents {
		var which, age int
		if _, err := fmt.Sscanf(i.ID, "mw-%d-%d", &which, &age); err == nil && age >= l.age[which]-100 {
			l.number[which], l.age[which] = i.Changes, age
		}
	}
}

func (l *life) judge() (faults []string) {
	for _, name := range l.receivers() {
		faults = append(faults, l.judgeReceiver(name)...)
	}
	state, open := l.journal.State(), map[string]bool{}
	if len(state.Outbox) > 0 {
		faults = append(faults, fmt.Sprintf("left in the outbox: %+v", state.Outbox))
	}
	for _, i := range state.Incidents {
		open[i.ID] = true
	}
	for _, g := range state.Groups {
		for _, id := range g.Open {
			if !open[id] {
				faults = append(faults, fmt.Sprintf("record of an incident that ended: %+v", g))
			}
		}
	}
	return faults
}

func (l *life) judgeReceiver(name string) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, name+": "+fmt.Sprintf(format, args...)) }
	keyOf, bodyOf, settled, newest := map[string]string{}, map[string]string{}, map[string]bool{}, map[string]int{}
	givenUp := map[string]bool{}
	for _, a := range slices.Concat(l.attempts, l.journal.Attempts()) {
		if a.Receiver == name && a.Outcome == pipeline.OutcomeGivenUp {
			givenUp[a.Key] = true
		}
	}
	for _, a := range l.sinks[name].Attempts() {
		n := a.Notification
		if body, known := bodyOf[n.Key]; known && body != string(n.Body) {
			fault("two bodies under %s", n.Key)
		}
		bodyOf[n.Key] = string(n.Body)
		for _, c := range n.Changes {
			if key, known := keyOf[c.Key()]; known && key != n.Key {
				fault("%s under %s and %s", c.Key(), key, n.Key)
			}
			keyOf[c.Key()] = n.Key
			if a.Err == nil && !settled[c.Key()] {
				if c.Incident.Changes < newest[c.Incident.ID] {
					fault("%s after /%d", c.Key(), newest[c.Incident.ID])
				}
				newest[c.Incident.ID] = c.Incident.Changes
			}
			if a.Err == nil || givenUp[n.Key] {
				settled[c.Key()] = true
			}
		}
	}
	for _, c := range slices.Concat(l.changes, l.journal.Changes()) {
		if !settled[c.Key()] && c.Incident.Subject.Receiver != name {
			fault("%s %s was committed and never arrived", c.Kind, c.Key())
		}
	}
	return faults
}
