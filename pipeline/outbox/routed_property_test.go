package outbox_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"mirrorwatch/pipeline"
)

func drawRoutedHistory(t *rapid.T) []happening {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) happening {
		return happening{
			what: rapid.SampledFrom([]string{
				"warn", "warn", "page", "page", "page", "end", "end", "end", "storm", "calm", "accept", "fail", "refuse", "break", "slow",
				"silence", "silence", "silence ends", "reload", "disk fails", "disk works", "restart", "kill",
			}).Draw(t, "what"),
			which: rapid.IntRange(0, 5).Draw(t, "which"),
			wait: rapid.SampledFrom([]time.Duration{
				0, time.Millisecond, 6 * time.Millisecond, time.Second, 2 * time.Second, 3 * time.Second, 31 * time.Second, 10 * time.Minute,
			}).Draw(t, "wait"),
		}
	}), 5, 50).Draw(t, "history")
}

// Whatever happens, the changes that a receiver accepts tell the true final state of every incident that it is to hear of: in order,
// each under one key, nothing while it is silenced but ends, and every end of what was told. What it did not hear was given
// up on, or came and went in a silence; the audit says so.
func TestWhatReceiversHearByRoutesTellsTheTrueFinalState(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		history := drawRoutedHistory(rt)
		var faults []string
		synctest.Test(t, func(t *testing.T) { faults = newRoutedLife(t).live(history) })
		if len(faults) > 0 {
			rt.Fatalf("%s", strings.Join(faults, "\n"))
		}
	})
}

func (l *routedLife) live(history []happening) []string {
	for n, h := range history {
		l.happen(n, h)
		pass(h.wait)
	}
	l.mend()
	for _, e := range l.ears {
		e.Answer(nil)
	}
	l.reload(0)
	pass(3 * time.Hour)
	if err := l.desk.close(); err != nil {
		return []string{err.Error()}
	}
	return l.judge()
}

func (l *routedLife) judge() (faults []string) {
	l.changes = append(l.changes, l.journal.Changes()...)
	l.attempts = append(l.attempts, l.journal.Attempts()...)
	l.events = append(l.events, l.journal.Events()...)
	for name := range l.ears {
		faults = append(faults, l.judgeReceiver(name)...)
	}
	state := l.journal.State()
	if len(state.Outbox) > 0 {
		faults = append(faults, fmt.Sprintf("left in the outbox: %+v", state.Outbox))
	}
	for _, g := range state.Groups {
		for _, id := range g.Open {
			if !slices.ContainsFunc(state.Incidents, func(i pipeline.Incident) bool { return i.ID == id }) {
				faults = append(faults, fmt.Sprintf("record of an incident that ended: %+v", g))
			}
		}
	}
	return faults
}

func (l *routedLife) judgeReceiver(name string) (faults []string) {
	faults = l.ears[name].faults
	fault := func(format string, args ...any) { faults = append(faults, name+": "+fmt.Sprintf(format, args...)) }
	excused := map[string]string{} // changes that were given up on, or withheld for good
	for _, a := range l.attempts {
		if a.Receiver == name && a.Outcome == pipeline.OutcomeGivenUp {
			for _, c := range a.Changes {
				excused[c] = a.Outcome
			}
		}
	}
	for _, e := range l.events {
		if e.Receiver == name && e.Kind == pipeline.EventWithheld && e.Text == "opened and ended while silenced" {
			for _, c := range e.Changes {
				excused[c] = e.Text
			}
		}
	}
	keyOf, bodyOf := map[string]string{}, map[string]string{}
	newest, told, over := map[string]int{}, map[string]bool{}, map[string]bool{}
	for _, a := range l.ears[name].Attempts() {
		n := a.Notification
		if body, known := bodyOf[n.Key]; known && body != string(n.Body) {
			fault("two bodies under %s", n.Key)
		}
		bodyOf[n.Key] = string(n.Body)
		for _, c := range n.Changes {
			id := c.Incident.ID
			if c.Kind == pipeline.Reminded {
				if over[id] {
					fault("%s reminded of after its end", c.Key())
				}
				continue
			}
			if c.Incident.Subject.Receiver == name {
				fault("told of its own trouble")
			}
			if key, known := keyOf[c.Key()]; known && key != n.Key {
				fault("%s under %s and %s", c.Key(), key, n.Key)
			}
			keyOf[c.Key()] = n.Key
			if a.Err != nil || told[c.Key()] {
				continue
			}
			if c.Incident.Changes < newest[id] {
				fault("%s after /%d", c.Key(), newest[id])
			}
			newest[id] = c.Incident.Changes
			told[c.Key()] = true
			over[id] = over[id] || c.Kind.Ends()
		}
	}
	for _, c := range l.changes {
		if l.expect[name][exactly(&c)] && !told[c.Key()] && excused[c.Key()] == "" {
			fault("%s %s was committed and never arrived", c.Kind, c.Key())
		}
		forgot := name == "third" && l.left || excused[c.Key()] == pipeline.OutcomeGivenUp
		if c.Kind.Ends() && newest[c.Incident.ID] > 0 && !told[c.Key()] && !forgot && l.expect[name][exactly(&c)] {
			fault("%s was told and its end was not: %s", c.Incident.ID, excused[c.Key()])
		}
	}
	for _, c := range slices.Sorted(maps.Keys(told)) {
		if excused[c] == "opened and ended while silenced" {
			fault("%s was told though the audit says that it was withheld", c)
		}
	}
	return faults
}
