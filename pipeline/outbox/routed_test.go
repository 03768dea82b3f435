package outbox_test

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/outbox"
	"mirrorwatch/pipeline/pipelinetest"
)

// stage is a desk whose receivers hear by routes, and what it is made of.
type stage struct {
	*desk
	t       *testing.T
	journal *pipelinetest.MemJournal
	how     outbox.Dispatch
	sinks   map[string]*pipelinetest.Sink
}

// withStage runs f in virtual time with receivers of those names; how may change what they are told.
func withStage(t *testing.T, how func(*outbox.Dispatch), f func(s *stage), receivers ...string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t, journal: pipelinetest.NewMemJournal(), sinks: map[string]*pipelinetest.Sink{}}
		for _, name := range receivers {
			s.sinks[name] = pipelinetest.NewSink()
			s.how.Receivers = append(s.how.Receivers, pipeline.Receiver{Name: name, Notifier: s.sinks[name]})
		}
		if how != nil {
			how(&s.how)
		}
		s.open()
		f(s)
		s.end()
	})
}

func (s *stage) open() {
	s.desk = openDeskAs(s.t, s.journal, s.how, slog.New(slog.NewTextHandler(io.Discard, nil)))
}

func (s *stage) end() {
	if err := s.close(); err != nil {
		s.t.Error(err)
	}
}

// restart ends the agent and begins another on the same journal.
func (s *stage) restart() {
	s.end()
	s.open()
}

// told lists what a receiver accepted since it was asked last: changes, then how many of the group are open and ended.
func (s *stage) told(receiver string, from int) (all []string) {
	for _, n := range s.sinks[receiver].Delivered()[from:] {
		text := names(n.Changes)
		if n.Members != nil {
			text += fmt.Sprintf(" (%d/%d)", n.Open, n.Ended)
		}
		all = append(all, text)
	}
	return all
}

func (s *stage) silence(id, match string, lasts time.Duration) {
	s.t.Helper()
	m, err := pipeline.ParseMatcher(match)
	if err != nil {
		s.t.Fatal(err)
	}
	now := time.Now()
	err = s.AddSilence(s.t.Context(), pipeline.Silence{
		ID: id, Match: pipeline.Match{m}, Starts: now, Ends: now.Add(lasts), By: "anna", Reason: "work", Made: now,
	})
	if err != nil {
		s.t.Error(err)
	}
}

// events lists the audit's events of some kinds: "withheld ops mw-a/1".
func (s *stage) events(kinds ...pipeline.EventKind) (all []string) {
	for _, e := range s.journal.Events() {
		for _, k := range kinds {
			if e.Kind == k {
				all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Kind, e.Receiver, strings.Join(e.Changes, " "))))
			}
		}
	}
	return all
}

func warned(id string) pipeline.Change { return mild(opened(id)) }

func mild(c pipeline.Change) pipeline.Change {
	c.Incident.Level = pipeline.Warning
	return c
}

func TestChangesOfAGroupTravelTogether(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.submit(warned("a"))
		pass(time.Second)
		s.submit(warned("b"), warned("c"))
		pass(900 * time.Millisecond)
		equal(t, "before the group's wait is over", s.told("ops", 0))
		pass(200 * time.Millisecond)
		equal(t, "after it", s.told("ops", 0), "opened mw-a/1 + opened mw-b/1 + opened mw-c/1 (3/0)")
		s.submit(step("a", pipeline.Resolved, 2))
		pass(25 * time.Second)
		s.submit(warned("d"))
		pass(4 * time.Second)
		equal(t, "within the group's interval", s.told("ops", 1))
		pass(2 * time.Second)
		equal(t, "after it", s.told("ops", 1), "resolved mw-a/2 + opened mw-d/1 (3/1)")
		n := s.sinks["ops"].Delivered()
		if n[1].Group != "mw-a" || string(n[1].Receipt) != n[0].Key || n[1].Labels["connection"] != "dr" || n[1].Labels["rule"] != "seen" {
			t.Errorf("the second one: %+v", n[1])
		}
		if over := n[1].Members[3]; !over.Kind.Ends() {
			t.Errorf("the ended one is not last: %+v", over)
		}
		s.submit(mild(step("b", pipeline.Resolved, 2)), mild(step("c", pipeline.Resolved, 2)), mild(step("d", pipeline.Closed, 2)))
		pass(time.Minute)
		equal(t, "the end", s.told("ops", 2), "resolved mw-b/2 + resolved mw-c/2 + closed mw-d/2 (0/4)")
		if left := s.journal.State(); len(left.Groups)+len(left.Outbox) != 0 {
			t.Errorf("left: %+v", left)
		}
		s.submit(warned("e"))
		pass(3 * time.Second)
		equal(t, "another group", s.told("ops", 3), "opened mw-e/1 (1/0)")
		if n := s.sinks["ops"].Delivered()[3]; n.Group != "mw-e" || n.Receipt != nil {
			t.Errorf("it goes on with the old one: %+v", n)
		}
	}, "ops")
}

func TestPageDoesNotWaitBehindWarnings(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.submit(warned("a"))
		pass(3 * time.Second)
		s.submit(opened("page"))
		pass(2100 * time.Millisecond)
		equal(t, "told", s.told("ops", 1), "opened mw-page/1 (2/0)")
		s.submit(opened("second"))
		pass(25 * time.Second)
		equal(t, "a page soon after a page", s.told("ops", 2))
		pass(5 * time.Second)
		equal(t, "told", s.told("ops", 2), "opened mw-second/1 (3/0)")
		worst := s.sinks["ops"].Delivered()[2].Members
		if worst[0].Incident.Level != pipeline.Critical || worst[2].Incident.Level != pipeline.Warning {
			t.Errorf("not the worst first: %+v", worst)
		}
	}, "ops")
}

func TestGroupsOfAReceiverDoNotWaitForEachOther(t *testing.T) {
	withStage(t, func(d *outbox.Dispatch) {
		d.Routes = pipeline.Routes{{Receivers: []string{"ops"}, GroupBy: []string{pipeline.LabelStream}, GroupWait: time.Second, GroupInterval: time.Minute}}
	}, func(s *stage) {
		s.submit(warned("a"))
		pass(1100 * time.Millisecond)
		s.submit(mild(step("a", pipeline.Updated, 2)), warned("b"))
		pass(1100 * time.Millisecond)
		equal(t, "told", s.told("ops", 0), "opened mw-a/1 (1/0)", "opened mw-b/1 (1/0)")
		pass(time.Minute)
		equal(t, "told", s.told("ops", 2), "updated mw-a/2 (1/0)")
	}, "ops")
}

func TestRoutesChooseReceiversAndIncidentsStayWithThem(t *testing.T) {
	critical := pipeline.Match{{Label: pipeline.LabelLevel, Patterns: []string{"critical"}}}
	withStage(t, func(d *outbox.Dispatch) {
		d.Routes = pipeline.Routes{
			{Name: "pages", Match: critical, Receivers: []string{"oncall"}, Continue: true},
			{Name: "rest", Receivers: []string{"ops"}},
		}
	}, func(s *stage) {
		s.submit(warned("a"))
		pass(time.Second)
		equal(t, "oncall", s.told("oncall", 0))
		s.submit(step("a", pipeline.Escalated, 2))
		pass(time.Second)
		s.submit(mild(step("a", pipeline.Eased, 3)))
		pass(time.Second)
		s.restart()
		s.submit(mild(step("a", pipeline.Resolved, 4)))
		pass(time.Second)
		equal(t, "oncall", s.told("oncall", 0), "escalated mw-a/2 (1/0)", "eased mw-a/3 (1/0)", "resolved mw-a/4 (0/1)")
		equal(t, "ops", s.told("ops", 0), "opened mw-a/1 (1/0)", "escalated mw-a/2 (1/0)", "eased mw-a/3 (1/0)", "resolved mw-a/4 (0/1)")
	}, "ops", "oncall")
}

func TestReceiverIsNeverToldOfItsOwnTrouble(t *testing.T) {
	about := func(receiver string) pipeline.Change {
		c := opened("about-" + receiver)
		c.Incident.Rule, c.Incident.Subject = pipeline.RuleDelivery, pipeline.Subject{Receiver: receiver}
		return c
	}
	only := func(name string) func(*outbox.Dispatch) {
		return func(d *outbox.Dispatch) { d.Routes = pipeline.Routes{{Receivers: []string{name}}} }
	}
	fallback := func(d *outbox.Dispatch) { only("ops")(d); d.Fallback = "oncall" }
	besideLog := func(d *outbox.Dispatch) {
		only("ops")(d)
		d.Direct = []pipeline.Receiver{{Name: "log", Notifier: pipelinetest.NewSink()}}
	}
	for name, c := range map[string]struct {
		how           func(*outbox.Dispatch)
		about, hears  string
		alsoReceivers []string
	}{
		"by a route":                       {only("oncall"), "ops", "oncall", []string{"oncall", "third"}},
		"nobody else is named":             {only("ops"), "ops", "oncall third", []string{"oncall", "third"}},
		"nobody else but the direct one":   {besideLog, "ops", "oncall third", []string{"oncall", "third"}},
		"the fallback":                     {fallback, "ops", "oncall", []string{"oncall", "third"}},
		"the fallback and those of routes": {fallback, "third", "ops oncall", []string{"oncall", "third"}},
		"the fallback itself is broken":    {fallback, "oncall", "ops", []string{"oncall", "third"}},
		"it is alone":                      {nil, "ops", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			withStage(t, c.how, func(s *stage) {
				s.submit(about(c.about))
				pass(time.Minute)
				var hears []string
				for _, r := range s.how.Receivers {
					if len(s.told(r.Name, 0)) > 0 {
						hears = append(hears, r.Name)
					}
				}
				if got := strings.Join(hears, " "); got != c.hears {
					t.Errorf("%q hear, want %q", got, c.hears)
				}
				if c.hears == "" {
					equal(t, "audit", s.events(pipeline.EventWithheld), "withheld ops mw-about-ops/1")
				}
			}, append([]string{"ops"}, c.alsoReceivers...)...)
		})
	}
}

func TestEndDoesNotWaitBehindAnUpdate(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.submit(opened("a"))
		pass(10 * time.Minute)
		s.submit(step("a", pipeline.Updated, 2))
		pass(3 * time.Second)
		s.submit(step("a", pipeline.Resolved, 3))
		pass(3 * time.Second)
		equal(t, "told", s.told("ops", 0), "opened mw-a/1 (1/0)", "updated mw-a/2 (1/0)", "resolved mw-a/3 (0/1)")
	}, "ops")
}

func TestEndsWaitForEachOther(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.submit(opened("a"), opened("b"), opened("c"))
		pass(10 * time.Minute)
		for _, id := range []string{"a", "b", "c"} {
			s.submit(step(id, pipeline.Resolved, 2))
			pass(3 * time.Second)
		}
		pass(time.Minute)
		if told := s.told("ops", 0); len(told) != 3 {
			t.Errorf("told: %q", told)
		}
	}, "ops")
}
