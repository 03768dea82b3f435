package outbox_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/outbox"
	"mirrorwatch/pipeline/pipelinetest"
)

// sweep is a life of incidents, and what its receivers had accepted when each commit began.
type sweep struct {
	*stage
	random *rand.Rand
	open   map[int]pipeline.Incident
	marks  []map[string]int
}

// Whichever commit a process is killed behind, its successor tells what was not told: each change that the journal holds arrives, in
// order, under one key, or the audit excuses it.
func TestKillBehindAnyCommitLosesNothing(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			withStage(t, swept, func(s *stage) {
				l := &sweep{stage: s, random: rand.New(rand.NewPCG(seed, 1)), open: map[int]pipeline.Incident{}}
				s.journal.Intercept(l.mark)
				for n := range 40 {
					l.step(n)
				}
				pass(time.Second)
				s.end()
				first, commits := s.sinks, s.journal.Commits()
				for k := 1; k < len(commits); k++ {
					s.journal, s.sinks = pipelinetest.NewMemJournal(), map[string]*pipelinetest.Sink{}
					for _, c := range commits[:k] {
						if err := s.journal.Commit(c); err != nil {
							t.Fatal(err)
						}
					}
					for i := range s.how.Receivers {
						sink := pipelinetest.NewSink()
						s.sinks[s.how.Receivers[i].Name], s.how.Receivers[i].Notifier = sink, sink
					}
					s.open()
					s.endAll()
					s.end()
					for name, sink := range s.sinks {
						told := append(first[name].Delivered()[:l.marks[k][name]:l.marks[k][name]], sink.Delivered()...)
						s.judgeSweep(fmt.Sprintf("killed behind commit %d: %s", k, name), name, told)
					}
				}
				s.open()
			}, "ops", "oncall")
		})
	}
}

func swept(d *outbox.Dispatch) {
	d.Receivers[0].Most, d.Receivers[1].Most = 2, 1
	critical := pipeline.Match{{Label: pipeline.LabelLevel, Patterns: []string{"critical"}}}
	d.Routes = pipeline.Routes{
		{Name: "pages", Match: critical, Receivers: []string{"oncall"}, Continue: true, GroupWait: time.Second, GroupInterval: 5 * time.Second, Repeat: time.Minute},
		{Name: "rest", Receivers: []string{"ops"}, GroupWait: 2 * time.Second, GroupInterval: 10 * time.Second, Repeat: 2 * time.Minute},
	}
}

func (l *sweep) mark(pipeline.Commit) error {
	time.Sleep(time.Millisecond) // a receiver may accept something meanwhile
	now := map[string]int{}
	for name, sink := range l.sinks {
		now[name] = len(sink.Delivered())
	}
	l.marks = append(l.marks, now)
	return nil
}

// step lets one incident change, and something in the world around.
func (l *sweep) step(n int) {
	which, level := l.random.IntN(6), pipeline.Warning+pipeline.Level(l.random.IntN(2))
	i, known := l.open[which]
	c := pipeline.Change{Kind: pipeline.Updated, At: time.Now(), From: i.Level}
	switch {
	case !known:
		i, c.Kind = opened(fmt.Sprint(which, "-", n)).Incident, pipeline.Opened
		i.Changes, i.Level, i.Subject.Stream = 0, level, fmt.Sprint(which)
	case l.random.IntN(3) == 0:
		c.Kind, i.Ended = pipeline.Resolved, time.Now()
	case level.Worse(i.Level):
		c.Kind = pipeline.Escalated
	case i.Level.Worse(level):
		c.Kind = pipeline.Eased
	}
	if c.Kind != pipeline.Resolved {
		i.Level = level
	}
	i.Changes, i.Changed = i.Changes+1, time.Now()
	c.Incident, l.open[which] = i, i
	if c.Kind.Ends() {
		delete(l.open, which)
	}
	l.submit(c)
	pass([]time.Duration{0, time.Millisecond, 2 * time.Second, 3 * time.Second, 11 * time.Second}[l.random.IntN(5)])
	sink := l.sinks[[]string{"ops", "oncall"}[l.random.IntN(2)]]
	switch l.random.IntN(9) {
	case 0:
		sink.Fail(errors.New("503"))
	case 1, 2, 3:
		sink.Fail(nil)
	case 4:
		sink.Delay(2 * time.Second)
	case 5:
		sink.Fail(pipeline.Permanent(errors.New("400")))
	case 6:
		l.silence(fmt.Sprint("s", n), []string{"level=warning", "stream=1,2", "level=critical"}[l.random.IntN(3)], 30*time.Second)
	}
}

// endAll lets time pass, and then every incident end.
func (s *stage) endAll() {
	pass(50 * time.Minute)
	for _, i := range s.journal.State().Incidents {
		i.Changes, i.Ended = i.Changes+1, time.Now()
		s.submit(pipeline.Change{Kind: pipeline.Resolved, At: time.Now(), From: i.Level, Incident: i})
	}
	pass(10 * time.Minute)
}

// judgeSweep holds what a receiver accepted against the journal.
func (s *stage) judgeSweep(what, receiver string, all []pipeline.Notification) {
	s.t.Helper()
	keyOf, newest, over := map[string]string{}, map[string]int{}, map[string]bool{}
	for _, n := range all {
		for _, c := range n.Changes {
			id := c.Incident.ID
			switch was := keyOf[c.Key()]; {
			case c.Kind == pipeline.Reminded && over[id]:
				s.t.Errorf("%s: reminded of %s after its end", what, id)
			case c.Kind == pipeline.Reminded:
				continue
			case was != "" && was != n.Key:
				s.t.Errorf("%s: %s under %s and %s", what, c.Key(), was, n.Key)
			case was == "" && c.Incident.Changes < newest[id]:
				s.t.Errorf("%s: %s after /%d", what, c.Key(), newest[id])
			}
			keyOf[c.Key()], newest[id], over[id] = n.Key, max(newest[id], c.Incident.Changes), over[id] || c.Kind.Ends()
		}
	}
	excused := map[string]bool{}
	for _, a := range s.journal.Attempts() {
		for _, c := range a.Changes {
			excused[c] = excused[c] || a.Receiver == receiver && a.Outcome == pipeline.OutcomeGivenUp
		}
	}
	for _, e := range s.journal.Events() {
		for _, c := range e.Changes {
			excused[c] = excused[c] || e.Receiver == receiver && e.Text == "opened and ended while silenced"
		}
	}
	for _, c := range s.journal.Changes() {
		hears := receiver == "ops" && c.Incident.Subject.Receiver == "" || newest[c.Incident.ID] > 0 && c.Kind.Ends()
		if hears && keyOf[c.Key()] == "" && !excused[c.Key()] {
			s.t.Errorf("%s: %s %s never arrived", what, c.Kind, c.Key())
		}
	}
	if left := s.journal.State(); len(left.Outbox)+len(left.Groups) > 0 {
		s.t.Errorf("%s: left %+v", what, left)
	}
}
