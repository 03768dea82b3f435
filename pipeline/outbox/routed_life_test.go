package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/outbox"
	"mirrorwatch/pipeline/pipelinetest"
)

// routedLife is an agent's state over restarts, kills and reloads, the world around it, and what was to be told.
type routedLife struct {
	t       *testing.T
	journal *pipelinetest.MemJournal
	ears    map[string]*ear
	desk    *desk
	alive   *atomic.Bool
	sick    bool // the disk failed, and there may be what it did not take yet
	variant int  // of the dispatch
	left    bool // the third receiver was not configured for a while: what it was told before is forgotten
	now     [8]pipeline.Incident
	age     int

	quiet  []pipeline.Silence
	heard  map[string]map[string]string // by receiver: the incidents that it is to hear of from now on, since which change
	expect map[string]map[string]bool   // by receiver: the changes that it is to hear of

	changes  []pipeline.Change // committed in lives that were killed
	attempts []pipeline.Attempt
	events   []pipeline.Event
}

// ear is a sink that notes when each batch was rendered, and what may not be in it.
type ear struct {
	*pipelinetest.Sink
	rendered map[string]time.Time
	faults   []string
	life     *routedLife
	alive    *atomic.Bool
}

func (e *ear) Render(n pipeline.Notification) ([]byte, error) {
	if !e.alive.Load() {
		return nil, errors.New("killed")
	}
	if _, known := e.rendered[n.Key]; !known {
		e.rendered[n.Key] = time.Now()
		e.look(n)
	}
	return e.Sink.Render(n)
}

func (e *ear) Notify(ctx context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
	if !e.alive.Load() {
		return nil, errors.New("killed")
	}
	return e.Sink.Notify(ctx, n)
}

// look finds what is wrong with a notification at its making.
func (e *ear) look(n pipeline.Notification) {
	fault := func(format string, args ...any) {
		e.faults = append(e.faults, names(n.Changes)+": "+fmt.Sprintf(format, args...))
	}
	open, members := 0, map[string]*pipeline.Change{}
	for _, m := range n.Members {
		members[m.Incident.ID] = m
		if !m.Kind.Ends() {
			open++
		}
	}
	if open != n.Open || len(n.Members)-open > n.Ended {
		fault("%d open and %d members, said %d/%d", open, len(n.Members), n.Open, n.Ended)
	}
	newest := map[string]pipeline.Change{}
	for _, c := range n.Changes {
		newest[c.Incident.ID] = c
	}
	for id, c := range newest {
		if m := members[id]; m == nil || m.Incident.Changes < c.Incident.Changes {
			fault("its picture shows %s as %+v", c.Key(), m)
		}
		if by := e.life.silent(&c.Incident); by != "" && !c.Kind.Ends() {
			fault("%s is silenced by %s", c.Key(), by)
		}
	}
}

func newRoutedLife(t *testing.T) *routedLife {
	l := &routedLife{
		t: t, journal: pipelinetest.NewMemJournal(), ears: map[string]*ear{},
		heard: map[string]map[string]string{}, expect: map[string]map[string]bool{},
	}
	for _, name := range []string{"ops", "oncall", "third"} {
		l.ears[name] = &ear{Sink: pipelinetest.NewSink(), rendered: map[string]time.Time{}, life: l}
		l.heard[name], l.expect[name] = map[string]string{}, map[string]bool{}
	}
	l.open()
	return l
}

// dispatch is one of the configurations that the agent may be given.
func (l *routedLife) dispatch() outbox.Dispatch {
	var d outbox.Dispatch
	for _, name := range []string{"ops", "oncall", "third"} {
		most := map[string]int{"ops": 0, "oncall": 1, "third": 2}[name]
		if name != "third" || l.variant != 3 {
			d.Receivers = append(d.Receivers, pipeline.Receiver{Name: name, Notifier: l.ears[name], Most: most})
		}
	}
	match := func(text string) pipeline.Match {
		m, err := pipeline.ParseMatcher(text)
		if err != nil {
			panic(err)
		}
		return pipeline.Match{m}
	}
	d.Routes = pipeline.Routes{
		{
			Name: "pages", Match: match("level=critical"), Receivers: []string{"oncall"}, Continue: true,
			GroupBy: []string{"connection"}, GroupWait: time.Second, GroupInterval: 20 * time.Second, Repeat: time.Hour,
		},
		{Name: "some", Match: match("stream=0,1,2"), Receivers: []string{"third", "ops"}, GroupBy: []string{"stream"}},
		{Name: "rest", Receivers: []string{"ops"}, GroupWait: 2 * time.Second, GroupInterval: 30 * time.Second, Repeat: 30 * time.Minute},
	}
	switch l.variant {
	case 1:
		d.Routes = pipeline.Routes{{Name: "rest", Receivers: []string{"third", "oncall"}, GroupBy: pipeline.DefaultGroupBy(), GroupWait: time.Second}}
	case 2:
		d.Windows = []pipeline.Window{{Name: "all day", Match: match("stream=4"), To: 24*time.Hour - 1, Zone: time.UTC}}
	case 3:
		d.Fallback = "oncall"
	}
	return d
}

// silent names a silence that has covered an incident for a while.
func (l *routedLife) silent(i *pipeline.Incident) string {
	for _, s := range l.quiet {
		if s.Match.Matches(i) && time.Since(s.Starts) > 100*time.Millisecond && time.Until(s.Ends) > 0 {
			return s.ID
		}
	}
	return ""
}

func (l *routedLife) open() {
	l.alive = &atomic.Bool{}
	l.alive.Store(true)
	for _, e := range l.ears {
		e.alive = l.alive
	}
	l.mend()
	l.desk = openDeskAs(l.t, l.journal, l.dispatch(), slog.New(slog.NewTextHandler(io.Discard, nil)))
	synctest.Wait()
}

// mend makes the disk work, though not at once.
func (l *routedLife) mend() {
	l.journal.Intercept(func(pipeline.Commit) error {
		time.Sleep(2 * time.Millisecond)
		return nil
	})
}

func (l *routedLife) settle() {
	if l.sick {
		l.mend()
		pass(2 * time.Second)
		l.sick = false
	}
}

func (l *routedLife) happen(n int, h happening) {
	e := l.ears[[]string{"ops", "oncall", "third"}[h.which%3]]
	switch h.what {
	case "warn":
		l.step(h.which, pipeline.Warning)
	case "page":
		l.step(h.which, pipeline.Critical)
	case "end":
		l.step(h.which, pipeline.OK)
	case "storm":
		for i := range l.now {
			l.step(i, pipeline.Critical)
		}
	case "calm":
		for i := range l.now {
			l.step(i, pipeline.OK)
		}
	case "accept":
		e.Answer(nil)
	case "fail":
		e.Fail(errors.New("503"))
	case "refuse":
		e.Fail(pipeline.Permanent(errors.New("400")))
	case "break":
		e.Fail(errBroken())
	case "slow":
		e.Delay(5 * time.Second)
	case "silence":
		l.silence(n, h.which)
	case "silence ends":
		if len(l.quiet) > 0 {
			s := &l.quiet[h.which%len(l.quiet)]
			s.Ends = time.Now()
			if _, err := l.desk.EndSilence(l.t.Context(), s.ID, "bert"); err != nil && !l.sick {
				l.t.Error(err)
			}
		}
	case "reload":
		l.reload(h.which % 4)
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
		l.kill()
	}
}

func (l *routedLife) silence(n, which int) {
	m := pipeline.Matcher{Label: pipeline.LabelStream, Patterns: []string{fmt.Sprint(which)}}
	if which == 5 {
		m = pipeline.Matcher{Label: pipeline.LabelLevel, Patterns: []string{"warning"}}
	}
	now := time.Now()
	s := pipeline.Silence{
		ID: fmt.Sprintf("s%d", n), Match: pipeline.Match{m}, Starts: now, Ends: now.Add(time.Duration(1+which*which) * time.Minute),
		By: "anna", Reason: "work",
	}
	l.quiet = append(l.quiet, s)
	if err := l.desk.AddSilence(l.t.Context(), s); err != nil && !l.sick {
		l.t.Error(err)
	}
}

func (l *routedLife) reload(variant int) {
	l.variant = variant
	if variant == 3 {
		l.heard["third"], l.left = map[string]string{}, true
	}
	l.desk.Reconfigure(l.dispatch(), agentRules())
}

func (l *routedLife) kill() {
	l.settle()
	killed := l.journal.Copy()
	l.alive.Store(false)
	l.changes = append(l.changes, l.journal.Changes()...)
	l.attempts = append(l.attempts, l.journal.Attempts()...)
	l.events = append(l.events, l.journal.Events()...)
	_ = l.desk.close()
	l.journal = killed
	l.now = [8]pipeline.Incident{}
	for _, i := range l.journal.State().Incidents {
		var which int
		if _, err := fmt.Sscanf(i.Subject.Stream, "%d", &which); err == nil {
			l.now[which] = i
		}
	}
	l.quiet = slices.DeleteFunc(l.quiet, func(s pipeline.Silence) bool {
		return !slices.ContainsFunc(l.journal.State().Silences, func(o pipeline.Silence) bool { return o.ID == s.ID })
	})
	committed := map[string]bool{}
	for _, c := range l.changes {
		committed[exactly(&c)] = true
	}
	for _, heard := range l.heard {
		maps.DeleteFunc(heard, func(_, since string) bool { return !committed[since] })
	}
	l.open()
}

// exactly names a change apart from one that was lost in a kill.
func exactly(c *pipeline.Change) string { return fmt.Sprint(c.Key(), c.Kind, c.At.UnixNano()) }

// step takes an incident to a level, and notes who is to hear of it.
func (l *routedLife) step(which int, level pipeline.Level) {
	i := &l.now[which]
	c := pipeline.Change{Kind: pipeline.Updated, At: time.Now(), From: i.Level}
	switch {
	case i.Changes == 0 && level == pipeline.OK:
		return
	case i.Changes == 0:
		l.age++
		*i = opened(fmt.Sprintf("%d-%d", which, l.age)).Incident
		i.Changes, i.Subject.Stream, i.Subject.Connection, c.Kind = 0, fmt.Sprint(which), fmt.Sprintf("dr%d", which%2), pipeline.Opened
		c.From = pipeline.OK
	case level == pipeline.OK:
		c.Kind, i.Ended = pipeline.Resolved, time.Now()
	case level.Worse(i.Level):
		c.Kind = pipeline.Escalated
	case i.Level.Worse(level):
		c.Kind = pipeline.Eased
	}
	if level != pipeline.OK {
		i.Level = level
	}
	i.Changes++
	i.Changed = time.Now()
	c.Incident = *i
	d := l.dispatch()
	for _, r := range d.Routes.For(i) {
		for _, name := range r.Receivers {
			if slices.ContainsFunc(d.Receivers, func(o pipeline.Receiver) bool { return o.Name == name }) {
				if l.heard[name][i.ID] == "" {
					l.heard[name][i.ID] = exactly(&c)
				}
			}
		}
	}
	for name, heard := range l.heard {
		if heard[i.ID] != "" {
			l.expect[name][exactly(&c)] = true
		}
	}
	l.desk.submit(c)
	synctest.Wait()
	if c.Kind.Ends() {
		*i = pipeline.Incident{}
	}
}
