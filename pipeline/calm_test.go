package pipeline_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mirrorwatch/pipeline"
)

// TestOnlyTrueSilenceIsPagedAndItsEndIsToldSoon walks random histories in which everything answers, but where nothing does: `seen`
// opens only on a mirror that was silent for its limit, short of what a round may miss, also in a blindness and after it; and it
// resolves soon after contact is back. Where a finding says that the limits cannot be proven, neither is demanded.
func TestOnlyTrueSilenceIsPagedAndItsEndIsToldSoon(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { newCalm(t).world.run(0, historyEnds) })
}

// calm is a history in which everything answers, or nothing.
type calm struct {
	t      *rapid.T
	world  *world
	period time.Duration               // between rounds
	open   map[pipeline.StreamKey]bool // seen
	hold   time.Duration               // of seen
	scarce bool                        // the finding on the connection stands
	newest time.Time

	blackouts []span    // nothing answers
	blind     time.Time // when the connection was so newest
}

func newCalm(t *rapid.T) *calm {
	c := &calm{t: t, open: map[pipeline.StreamKey]bool{}}
	var mirrors []*mirror
	n := rapid.SampledFrom([]int{1, 3, 10, 30, 60}).Draw(t, "mirrors")
	limits := rapid.SliceOfN(rapid.Float64Range(5, 120), 1, 3).Draw(t, "limits")
	delay := rapid.Float64Range(0, 1).Draw(t, "delay")
	for i := range n {
		m := &mirror{key: key(fmt.Sprintf("M%d", i)), limit: secs(limits[i%len(limits)]), delay: secs(delay), early: rapid.Float64Range(0, 1).Draw(t, "early")}
		if rapid.IntRange(0, 3).Draw(t, "is cut") == 0 {
			m.reset = secs(rapid.SampledFrom([]float64{0, 10, 20}).Draw(t, "reset"))
			for _, s := range drawSpans(t, "cuts", 12, 2) {
				m.cut = append(m.cut, span{s.from, s.to.Truncate(time.Second).Add(time.Second)})
			}
		}
		mirrors = append(mirrors, m)
	}
	c.world = newWorld(t, mirrors...)
	c.black(mirrors)
	c.world.opt.Interval = secs(rapid.Float64Range(5, 60).Draw(t, "interval"))
	c.world.opt.LooksPerSecond = rapid.SampledFrom([]float64{1, 3, 10, 30, 500}).Draw(t, "looks per second")
	if rapid.Bool().Draw(t, "held") {
		c.hold = secs(rapid.Float64Range(1, 60).Draw(t, "hold"))
		c.world.opt.Holds = map[string]time.Duration{pipeline.RuleSeen: c.hold}
	}
	wants := time.Duration(float64(n) / c.world.opt.LooksPerSecond * float64(time.Second))
	c.period = max(c.world.opt.Interval, wants)
	if c.period > 8*time.Second {
		c.period = max(c.world.opt.Interval, 2*wants)
	}
	c.world.watching = c.check
	return c
}

// black draws when nothing answers, and whether the connection is down then: it comes back as soon as something would answer.
func (c *calm) black(mirrors []*mirror) {
	if c.blackouts = drawSpans(c.t, "blackouts", 20, 2); len(c.blackouts) == 0 {
		return
	}
	for _, m := range mirrors {
		m.frozen = c.blackouts
	}
	signals := map[time.Time]pipeline.SignalKind{}
	if rapid.Bool().Draw(c.t, "disconnected") {
		for _, s := range c.blackouts {
			signals[s.from], signals[s.to] = pipeline.SignalDisconnected, pipeline.SignalConnected
		}
	}
	c.world.away = func(now time.Time) time.Duration {
		for _, s := range c.blackouts {
			for _, t := range []time.Time{s.from, s.to} {
				if kind := signals[t]; kind != 0 && !now.Before(t) {
					delete(signals, t)
					c.world.watch.Signal(now, pipeline.Signal{Kind: kind, Reason: "test"})
				}
			}
		}
		return 0
	}
}

func (c *calm) check(now time.Time) {
	for _, connection := range c.world.board.Connections() {
		if connection.Blind {
			c.blind = now
		}
	}
	for _, change := range c.world.changes {
		i := change.Incident
		switch {
		case i.Rule == pipeline.RulePolicy && i.Subject.Stream == "":
			c.scarce = !change.Kind.Ends()
		case i.Rule != pipeline.RuleSeen || change.Kind == pipeline.Updated:
		case change.Kind == pipeline.Opened:
			c.open[i.Subject.StreamKey] = true
			c.checkOpened(now, c.world.mirrors[i.Subject.StreamKey])
		case change.Kind.Ends():
			delete(c.open, i.Subject.StreamKey)
		}
	}
	c.world.changes = nil
	if c.scarce {
		c.newest = now
	}
	for k := range c.open {
		c.checkOpen(now, c.world.mirrors[k])
	}
}

// checkOpened holds the opening against the silence that lasts, or that ended so lately that no look can have shown it.
func (c *calm) checkOpened(now time.Time, m *mirror) {
	if c.scarce || c.unnoticed(now, m) {
		return
	}
	began := m.contact(now)
	for _, cut := range slices.Backward(m.cut) {
		until := cut.to.Add(m.limit + c.hold)
		for _, s := range c.blackouts { // nobody saw its end meanwhile
			if s.to.After(cut.to) && s.from.Before(until) {
				until = until.Add(s.to.Sub(s.from) + c.period)
			}
		}
		if !cut.from.After(now) && now.Before(until) {
			began = m.contact(cut.from)
			for _, s := range slices.Backward(c.blackouts) { // nobody saw the contact in it, and shortly after
				if !s.from.After(began) && began.Sub(s.to) < c.period+5*time.Second {
					began = m.contact(s.from)
				}
			}
		}
	}
	if silent, least := now.Sub(began), m.limit+c.hold-c.period-m.delay-5*time.Second; silent < max(least, 2*time.Second) {
		c.t.Fatalf("at %s: seen opened on %s with the limit %s, true contact was at %s", since(now), m.key.Stream, m.limit, since(began))
	}
}

// unnoticed tells whether a blackout took answers about the mirror that its limit asked for, and was too short to make the connection
// blind.
func (c *calm) unnoticed(now time.Time, m *mirror) bool {
	return slices.ContainsFunc(c.blackouts, func(s span) bool {
		return s.from.Before(now) && now.Sub(s.to) < m.limit+c.hold && c.blind.Before(s.from)
	})
}

// checkOpen holds an incident that is still open against contact that is back.
func (c *calm) checkOpen(now time.Time, m *mirror) {
	back := epoch
	for _, cut := range m.cut {
		if !cut.from.After(now) {
			back = later(back, cut.to)
		}
	}
	for _, s := range c.blackouts {
		if !s.from.After(now) {
			back = later(back, s.to.Add(c.period)) // the next round shows that something answers
		}
	}
	soon := max(12*time.Second, c.period*5/2) + 2*m.delay + c.hold
	if from := later(back, c.newest); now.Sub(from) > soon {
		c.t.Fatalf("at %s: seen is still open on %s, contact is back since %s", since(now), m.key.Stream, since(back))
	}
}
