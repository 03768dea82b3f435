package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mirrorwatch/pipeline"
)

// TestGuaranteeHoldsInEveryHistory walks random histories and checks at every step that each link has a proof younger
// than its limit (and holds), or is covered by an open incident; that no proof is later than true contact; and that
// incidents keep to their life, held open for flapping from the fourth on. A process that ends or is killed is followed by one that
// knows what was on disk.
func TestGuaranteeHoldsInEveryHistory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := newGuarantee(t)
		g.restart(0)
		from := 0.0
		for _, stop := range g.stops {
			g.world.run(from, stop.at)
			if !stop.killed {
				last := g.world.watch.Drain(true)
				g.world.disk.keep(last)
				g.world.changes = append(g.world.changes, last.Changes...)
			}
			from = max(stop.at, g.newest.Sub(epoch).Seconds()) + stop.down // a pause may have lasted beyond it
			g.restart(from)
		}
		g.world.run(from, historyEnds)
	})
}

const historyEnds = 400

// guarantee is a history, and what was found of it so far.
type guarantee struct {
	t       *rapid.T
	world   *world
	stops   []stop
	steps   int
	newest  time.Time             // step
	pauses  map[int]time.Duration // by the second in which they begin
	graced  time.Time             // nothing is demanded before
	numbers map[string]int        // by incident: its newest change
	ended   map[string]bool
	opened  map[string]time.Time // by incident: the evidence it opened on
	open    map[string]string    // by rule and subject: the open incident
	often   map[string]int       // by rule and subject: openings
}

type stop struct {
	at, down float64
	killed   bool
}

func newGuarantee(t *rapid.T) *guarantee {
	g := &guarantee{
		t: t, pauses: map[int]time.Duration{}, numbers: map[string]int{}, ended: map[string]bool{},
		opened: map[string]time.Time{}, open: map[string]string{}, often: map[string]int{},
	}
	var mirrors []*mirror
	for i := range rapid.SampledFrom([]int{1, 2, 3, 4, 4, 8, 8, 60}).Draw(t, "mirrors") {
		mirrors = append(mirrors, drawMirror(t, fmt.Sprintf("M%d", i)))
	}
	for _, s := range drawSpans(t, "blackouts", 0, 2) { // nothing answers
		for _, m := range mirrors {
			m.frozen = append(m.frozen, s)
		}
	}
	g.world = newWorld(t, mirrors...)
	g.world.opt.Interval = secs(rapid.Float64Range(5, 60).Draw(t, "interval"))
	g.world.opt.LooksPerSecond = rapid.SampledFrom([]float64{0.5, 2, 10, 500}).Draw(t, "looks per second")
	if rapid.Bool().Draw(t, "held") {
		g.world.opt.Holds = drawHolds(t)
	}
	for _, second := range rapid.SliceOfN(rapid.IntRange(1, historyEnds), 0, 3).Draw(t, "pauses") {
		g.pauses[second] = secs(rapid.Float64Range(0.5, 90).Draw(t, "pause"))
	}
	if rapid.Bool().Draw(t, "restarted") {
		g.stops = []stop{{
			rapid.Float64Range(1, 300).Draw(t, "stop"), rapid.OneOf(rapid.Just(0.001), rapid.Float64Range(0.001, 90)).Draw(t, "down"),
			rapid.Bool().Draw(t, "killed"),
		}}
	}
	signals := map[int]pipeline.SignalKind{}
	for _, second := range rapid.SliceOfN(rapid.IntRange(1, historyEnds), 0, 3).Draw(t, "disconnections") {
		signals[second] = pipeline.SignalDisconnected
		signals[second+rapid.IntRange(1, 60).Draw(t, "disconnected for")] = pipeline.SignalConnected
	}
	g.world.away = func(now time.Time) time.Duration {
		second := int(now.Sub(epoch) / time.Second)
		if kind := signals[second]; kind != 0 {
			delete(signals, second)
			g.world.watch.Signal(now, pipeline.Signal{Kind: kind, Reason: "test"})
		}
		pause := g.pauses[second]
		delete(g.pauses, second)
		if pause > 0 {
			g.graced = now.Add(pause + 10*time.Second)
		}
		return pause
	}
	g.world.watching = g.check
	return g
}

func (g *guarantee) restart(from float64) {
	g.graced = later(g.graced, at(from).Add(10*time.Second))
	g.world.board = pipeline.NewBoard(at(from))
	g.world.opt.Board = g.world.board
	g.world.goOn(from, g.world.disk.state())
}

// check is called after each step.
func (g *guarantee) check(now time.Time) {
	g.newest = now
	if g.steps++; g.steps > 40000 {
		g.t.Fatalf("%d steps by %s", g.steps, since(now))
	}
	for _, c := range g.world.changes {
		g.checkChange(c)
	}
	g.world.changes = nil
	blind := g.open[pipeline.RuleUnobserved+" dr"] != ""
	for l := range g.world.board.Links() {
		m := g.world.mirrors[l.Subject.StreamKey]
		truth := m.contact(now)
		if m.delay <= time.Second { // such an answer is dated by its arrival
			truth = truth.Add(m.delay)
		}
		if l.Proof.After(truth) {
			g.t.Fatalf("at %s: %s proven at %s, true contact was at %s", since(now), l.Subject, since(l.Proof), since(m.contact(now)))
		}
		limit, rule := l.Limit, pipeline.RuleSeen
		if limit == 0 {
			limit, rule = 5*time.Minute, pipeline.RuleSeenDefault
		}
		proof := l.Proof
		if proof.IsZero() {
			proof = l.First
		}
		covered := blind || g.open[rule+" "+l.Subject.String()] != ""
		blindness := g.world.opt.Holds[pipeline.RuleUnobserved]
		limit += g.world.opt.Holds[rule] + blindness
		if now.Sub(proof) >= limit && !covered && !now.Before(g.graced.Add(blindness)) {
			g.t.Fatalf("at %s: %s proven at %s, limit %s, and no incident is open", since(now), l.Subject, since(proof), limit)
		}
	}
}

func (g *guarantee) checkChange(c pipeline.Change) {
	i := c.Incident
	about := i.Rule + " " + i.Subject.String()
	g.numbers[i.ID]++
	if i.Changes != g.numbers[i.ID] || g.ended[i.ID] {
		g.t.Fatalf("%s: change %d is numbered %d (ended before: %t)", about, g.numbers[i.ID], i.Changes, g.ended[i.ID])
	}
	g.ended[i.ID] = c.Kind.Ends()
	switch {
	case c.Kind == pipeline.Opened:
		if g.open[about] != "" || i.Changes != 1 {
			g.t.Fatalf("%s opened as change %d, while %q is open", about, i.Changes, g.open[about])
		}
		g.open[about], g.opened[i.ID] = i.ID, i.Evidence
		if g.often[about]++; (g.often[about] >= 4) != (i.Flaps >= 4) {
			g.t.Fatalf("%s opened for the %d. time with %d flaps", about, g.often[about], i.Flaps)
		}
	case c.Kind == pipeline.Reminded:
		g.t.Fatalf("%s: %s within %d s", about, c.Kind, historyEnds)
	case c.Kind == pipeline.Closed && i.Changes == 1: // told once, never open
	case g.open[about] != i.ID:
		g.t.Fatalf("%s: %s of %s, while %q is open", about, c.Kind, i.ID, g.open[about])
	case c.Kind.Ends():
		delete(g.open, about)
	}
	if c.Kind == pipeline.Resolved && i.Subject.IsLink() {
		proof := g.world.link(i.Subject.StreamKey).Proof
		if !proof.After(g.opened[i.ID]) {
			g.t.Fatalf("%s resolved on the proof of %s, opened on %s", about, since(proof), since(g.opened[i.ID]))
		}
	}
}

func since(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Sub(epoch).String()
}

// drawHolds draws holds for the rules on silence, and for others.
func drawHolds(t *rapid.T) map[string]time.Duration {
	holds := map[string]time.Duration{}
	for _, rule := range []string{pipeline.RuleSeen, pipeline.RuleSeenDefault, pipeline.RuleUnobserved, pipeline.RuleLeaderless, pipeline.RulePolicy} {
		if hold := rapid.SampledFrom([]float64{0, 1, 7.5, 60}).Draw(t, "hold of "+rule); hold > 0 {
			holds[rule] = secs(hold)
		}
	}
	return holds
}

func drawMirror(t *rapid.T, name string) *mirror {
	limits := rapid.SampledFrom([]float64{0, 5, 6, 8, 10, 20, 30, 60, 120, 600})
	m := &mirror{
		key: key(name), limit: secs(limits.Draw(t, "limit")),
		reset:  secs(rapid.SampledFrom([]float64{0, 10, 20}).Draw(t, "reset")),
		delay:  secs(rapid.OneOf(rapid.Float64Range(0, 1), rapid.Float64Range(1, 4)).Draw(t, "delay")),
		early:  rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "early"),
		source: rapid.Bool().Draw(t, "source"),
		data:   rapid.Bool().Draw(t, "data"),
		frozen: drawSpans(t, "frozen", 0, 2),
		absent: drawSpans(t, "absent", 0, 1),
	}
	for _, s := range drawSpans(t, "cuts", 12, 3) {
		m.cut = append(m.cut, span{s.from, s.to.Truncate(time.Second).Add(time.Second)})
	}
	if rapid.IntRange(0, 3).Draw(t, "comes and goes") == 0 {
		m.limit, m.cut = secs(rapid.SampledFrom([]float64{5, 6, 8}).Draw(t, "short limit")), nil
		for begin := rapid.Float64Range(10, 60).Draw(t, "first"); begin < historyEnds; begin += rapid.Float64Range(25, 45).Draw(t, "next") {
			m.cut = append(m.cut, span{at(begin), at(begin + 12).Truncate(time.Second).Add(time.Second)})
		}
	}
	for _, s := range drawSpans(t, "faults", 0, 3) {
		m.fault = append(m.fault, faulty{s, rapid.SampledFrom([]pipeline.FaultKind{
			pipeline.FaultNoAnswer, pipeline.FaultDisconnected, pipeline.FaultDenied, pipeline.FaultMissing,
			pipeline.FaultOffline, pipeline.FaultNotFound, pipeline.FaultAPI, pipeline.FaultNonsense,
		}).Draw(t, "fault")})
	}
	for _, leader := range rapid.SliceOfN(rapid.Float64Range(0, historyEnds), 0, 3).Draw(t, "leaders") {
		m.leaders = append(m.leaders, at(leader))
	}
	if rapid.Bool().Draw(t, "edited") {
		m.limits = []limited{{at(rapid.Float64Range(1, historyEnds).Draw(t, "edit")), secs(limits.Draw(t, "new limit"))}}
	}
	return m
}

// drawSpans draws stretches of time in order, apart by at least so many seconds.
func drawSpans(t *rapid.T, label string, apart float64, most int) []span {
	var spans []span
	begin := 0.0
	for range rapid.IntRange(0, most).Draw(t, label) {
		from := begin + apart + rapid.Float64Range(0, 120).Draw(t, label+" after")
		to := from + rapid.Float64Range(0.1, 150).Draw(t, label+" for")
		spans = append(spans, span{at(from), at(to)})
		begin = to
	}
	return spans
}
