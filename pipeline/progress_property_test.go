package pipeline_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mirrorwatch/pipeline"
)

// TestProgressTellsTheTruthInEveryHistory walks random histories of an origin and its mirror, looked at every few seconds. A
// stall shows soon where there is one and never on a mirror that copies; everything is called copied only where it is; and
// an origin is called another one after it became one, only then, and soon.
func TestProgressTellsTheTruthInEveryHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCopying(t)
		for c.now = 0; c.now < 240; c.now += 0.5 {
			c.step()
		}
	})
}

const (
	stallShown  = 8 * time.Second // of proven contact: what counts as a stall
	stallBy     = 36.0            // seconds after a message that is not copied: views are 10 s apart, looks 5 s
	copiesAfter = 1.5             // seconds, at most
	cutShown    = 11.0            // seconds of a cut until a look shows it
)

// copying is an origin, its mirror, and what is known of them.
type copying struct {
	t   *rapid.T
	now float64 // seconds

	created float64 // the origin
	last    uint64
	present []stored // in order
	mirror  float64  // when it was created
	pos     uint64
	tail    float64
	copied  bool
	cut     bool
	stalled bool
	heard   float64
	delay   float64

	plan     map[float64]string // what happens when
	nextLook float64
	looked   float64
	shown    bool // the newest look showed something copied
	nextView float64
	exact    bool // views tell which message is the newest

	p       pipeline.Progress
	views   map[time.Time]uint64 // by a view's time: the newest message that the origin had
	begun   float64              // since when a message is there that the mirror, linked, does not copy
	everNot bool                 // it was stalled ever
	other   float64              // when the origin became another one than the mirror copied; 0: it did not
	known   bool                 // the origin was seen as it was before that, the mirror having copied something
	doubted float64              // when it was seen first after that; negative: it was not
}

type stored struct {
	seq uint64
	at  float64
}

func newCopying(t *rapid.T) *copying {
	c := &copying{
		t: t, created: -100, mirror: -50, plan: map[float64]string{}, views: map[time.Time]uint64{}, begun: -1,
		delay: rapid.Float64Range(0, copiesAfter).Draw(t, "delay"),
	}
	events := rapid.SampledFrom([]string{
		"publish", "publish", "publish", "publish", "cut", "cut", "mend", "mend", "delete", "purge", "future", "recreate", "restore",
		"stall", "flow", "another mirror", "restart", "restart", "delete unsent", "delete unsent", "purge unsent", "overwrite", "overwrite",
	})
	for second := 1.0; second < 230; second += rapid.Float64Range(1, 15).Draw(t, "pause") {
		c.plan[float64(int(second*2))/2] = events.Draw(t, "event")
	}
	return c
}

func (c *copying) step() {
	if event := c.plan[c.now]; event != "" {
		c.happen(event)
	}
	if !c.cut && c.now == float64(int(c.now)) {
		c.heard = c.now
	}
	c.copy(c.now - c.delay)
	if !c.stalled || c.cut || c.other != 0 || !slices.ContainsFunc(c.present, func(m stored) bool { return m.seq > c.pos }) {
		c.begun = -1
	}
	if c.nextView <= c.now {
		c.nextView = c.now + rapid.Float64Range(2, 10).Draw(c.t, "next view")
		c.view()
	}
	if c.nextLook <= c.now {
		c.look()
		c.nextLook = c.now + rapid.Float64Range(0.5, 5).Draw(c.t, "next look")
	}
	c.check()
}

// copy lets what was taken in by then arrive at the mirror.
func (c *copying) copy(by float64) {
	for _, m := range c.present {
		if !c.cut && !c.stalled && m.seq > c.pos && m.at <= by {
			c.pos, c.tail, c.copied = m.seq, m.at, true
		}
	}
}

func (c *copying) happen(event string) {
	if event != "publish" && event != "mend" && event != "flow" && !strings.HasSuffix(event, "unsent") {
		c.copy(c.now) // what is on its way arrives all the same
	}
	switch event {
	case "publish":
		for range rapid.IntRange(1, 20).Draw(c.t, "messages") {
			c.last++
			c.present = append(c.present, stored{c.last, c.now})
		}
		if c.begun < 0 && c.stalled && !c.cut {
			c.begun = c.now
		}
	case "cut":
		c.cut = true
	case "mend": // a cut that no look saw, in which messages came and were deleted, cannot be told from a stall
		c.cut = c.cut && c.now-c.heard < cutShown
	case "overwrite": // as a bucket does
		for range rapid.IntRange(1, 5).Draw(c.t, "messages") {
			c.last++
			c.present = append(c.present[min(len(c.present), 1):], stored{c.last, c.now})
			if n := len(c.present); n > 2 {
				c.present = slices.Delete(c.present, 1, 2)
			}
		}
		if c.begun < 0 && c.stalled && !c.cut {
			c.begun = c.now
		}
	case "delete", "delete unsent": // the newest ones, though not its place in the sequence
		c.present = c.present[:len(c.present)-min(len(c.present), rapid.IntRange(1, 10).Draw(c.t, "deleted"))]
	case "purge", "purge unsent":
		c.present = nil
	case "future":
		c.present = nil
		c.last += 500
	case "recreate", "restore":
		gone := uint64(rapid.IntRange(1, 50).Draw(c.t, "lost"))
		c.last -= min(c.last, gone)
		if event == "recreate" {
			c.created, c.last = c.now, uint64(rapid.IntRange(0, 5).Draw(c.t, "has"))
		}
		c.present = slices.DeleteFunc(c.present, func(m stored) bool { return event == "recreate" || m.seq > c.last })
		if c.other == 0 {
			c.other, c.known, c.doubted = c.now, c.known && event == "recreate", -1
		}
	case "stall":
		c.stalled, c.everNot = true, true
	case "flow":
		c.stalled = false
	case "another mirror":
		c.mirror, c.pos, c.copied, c.shown, c.other, c.known, c.begun, c.everNot = c.now, 0, false, false, 0, false, -1, c.stalled
	case "restart":
		c.p = pipeline.NewProgress(c.p.Record())
		c.nextView, c.nextLook, c.begun = min(c.nextView, c.now+2), min(c.nextLook, c.now+2), -1
		c.shown, c.doubted = false, -1
	}
}

// state is the origin's, as a server counts it.
func (c *copying) state() pipeline.StreamState {
	s := pipeline.StreamState{LastSeq: c.last, FirstSeq: c.last + 1, Messages: uint64(len(c.present))}
	if len(c.present) > 0 {
		s.FirstSeq, s.LastTime = c.present[0].seq, at(c.present[len(c.present)-1].at)
		s.Deleted = s.LastSeq - s.FirstSeq + 1 - s.Messages
	}
	return s
}

func (c *copying) view() {
	v := &pipeline.OriginView{
		Path: pipeline.PathOwn, Asked: at(c.now), At: at(c.now + 0.01), ServerTime: at(c.now), Created: at(c.created), Leader: "A", State: c.state(),
	}
	if n := len(c.present); n > 0 && c.exact {
		v.Newest = c.present[n-1].seq
	}
	if rapid.IntRange(0, 9).Draw(c.t, "no view") == 0 {
		v.Fault.Kind = pipeline.FaultNoAnswer
		if c.begun >= 0 {
			c.begun = c.now // it takes another one
		}
	}
	if len(c.present) > 0 {
		c.views[v.At] = c.present[len(c.present)-1].seq
	}
	c.p.ObserveOrigin(v)
	c.wonder()
	switch {
	case v.Fault.Kind != "" || !c.shown:
	case c.other == 0:
		c.known = true
	case c.doubted < 0:
		c.doubted = c.now
	case c.known && c.now-c.doubted >= 2 && c.p.Divergence().Kind == "":
		c.t.Fatalf("at %v: the origin is another one since %v, seen so at %v, and nothing says so: %+v", c.now, c.other, c.doubted, c.state())
	}
}

// wonder asks for more soon, once it matters which messages are deleted.
func (c *copying) wonder() {
	before := c.exact
	if c.exact = c.p.Inexact(); c.exact && !before {
		c.nextView = min(c.nextView, c.now+2.5)
	}
}

func (c *copying) look() {
	s := &pipeline.Sample{
		Asked: at(c.now + 0.02), At: at(c.now + 0.03), ServerTime: at(c.now + 0.02), Created: at(c.mirror), Leader: "B",
		State: pipeline.StreamState{LastSeq: c.pos},
	}
	if c.copied {
		s.State.Messages, s.State.FirstSeq, s.State.LastTime = 1, c.pos, at(c.tail)
	}
	l := &pipeline.LinkSample{Kind: pipeline.KindMirror, Origin: "O", Reported: true, Active: s.ServerTime.Sub(at(c.heard))}
	c.p.Observe(s, l, at(c.heard))
	c.wonder()
	c.looked, c.shown = c.now, c.copied
}

func (c *copying) check() {
	stall := c.p.Stall()
	if stall.For >= stallShown && !c.everNot && c.looked >= c.mirror {
		c.t.Fatalf("at %v: %+v, on a mirror that copies: position %d, origin %+v", c.now, stall, c.pos, c.state())
	}
	if c.begun >= 0 && c.now-c.begun > stallBy && stall.For < stallShown {
		c.t.Fatalf("at %v: no stall since %v (%+v): position %d, origin %+v", c.now, c.begun, stall, c.pos, c.state())
	}
	if newest := c.views[c.p.Even()]; newest > c.pos && c.looked >= c.mirror {
		c.t.Fatalf("at %v: all is called copied that the origin had at %s: that was %d, the position is %d", c.now, since(c.p.Even()), newest, c.pos)
	}
	d := c.p.Divergence()
	if d.Kind != "" && (c.other == 0 || d.Since.Before(at(c.other))) && c.looked >= c.mirror {
		c.t.Fatalf("at %v: %+v, of an origin that the mirror was copied from: position %d, origin %+v", c.now, d, c.pos, c.state())
	}
}
