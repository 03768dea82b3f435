package pipeline_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mirrorwatch/pipeline"
)

// A link that fails costs two looks of its own, shortly before its incident opens; one more where its limit is one that rounds do not
// meet, since looks for such ones are spread; and one more where the first look of a pair of rounds finds its heartbeats a little late.
func TestABreachCostsTwoLooksOfItsOwn(t *testing.T) {
	t.Parallel()
	cases := []struct {
		when string
		cut  time.Duration
		most float64
	}{
		{"a round has just ended, the second of its pair goes on", 55200 * time.Millisecond, 2.19},
		{"between rounds", 60 * time.Second, 2.19},
		{"two seconds before a pair", 63 * time.Second, 2.5},
		{"within a pair", 85 * time.Second, 2.25},
	}
	if racing {
		cases = cases[:1]
	}
	for _, c := range cases {
		t.Run(c.when, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHerd(900, 50)
				h.watch(t, c.cut, c.cut+2*time.Minute+time.Second)
				looks := 0
				for n, k := range h.keys {
					opened := h.opened[n]
					if opened.IsZero() == fails(n) {
						t.Errorf("%s, which fails %t, opened at %s", k.Stream, fails(n), opened)
					} else if late := opened.Sub(h.cut.Add(h.limit(n))); fails(n) && late > 0 {
						t.Errorf("%s opened %s after its limit", k.Stream, late)
					}
					looks += len(h.looks[n])
				}
				if each := float64(looks) / float64(len(h.looks)); each > c.most || each < 2 {
					t.Errorf("%d looks at %d streams until they were told of: %.3f each\n%s", looks, len(h.looks), each, h.when())
				}
			})
		})
	}
}

// The first look for a deadline may find heartbeats late, by a blip: the link is looked at again soon, and proven by the second.
func TestABlipAtADeadlinesFirstLookPagesNobody(t *testing.T) {
	t.Parallel()
	for from := 57.25; from < 59.5; from += 0.25 { // contact is proven at 3 s, and looks come at 59.5 s and 62.5 s
		w := newWorld(t, &mirror{key: key("A"), limit: secs(60), cut: cut(from, from+2.75)})
		w.opt.Interval = 2 * time.Minute
		w.run(0, 100)
		for _, c := range w.changes {
			t.Errorf("a blip at %v s: %s %s at %s", from, c.Kind, c.Incident.Rule, since(c.At))
		}
	}
}

// Contact is back for seconds when the deadline's looks come, and their answers take a while, each another one: they are not a second apart
// any more as heartbeats are, and the wary look between them proves it all the same.
func TestASlowAnswerAtADeadlinesLooksPagesNobody(t *testing.T) {
	t.Parallel()
	for first := 0.5; first <= 1; first += 0.1 {
		for more := 0.0; more <= 0.5; more += 0.1 {
			m := &mirror{key: key("A"), cut: cut(25, 35), limit: secs(45)} // contact is proven at 3 s
			w := newWorld(t, m)
			w.opt.Interval = 30 * time.Second
			w.away = func(now time.Time) time.Duration {
				m.delay = secs(first)
				if now.After(at(44)) {
					m.delay += secs(more)
				}
				return 0
			}
			w.run(0, 62)
			for _, c := range w.changes {
				t.Errorf("answers take %.1f s, then %.1f s more: %s %s at %s", first, more, c.Kind, c.Incident.Rule, since(c.At))
			}
		}
	}
}

// fails tells which streams of a herd fail: every fourth.
func fails(n int) bool { return n%4 == 1 }

// herd is a connection with mirrors, and aggregates of two sources, in a bubble of virtual time. They hear of their origins each second, until some
// are cut off. A round takes as long as the budget makes it, page by page.
type herd struct {
	keys   []pipeline.StreamKey
	number map[pipeline.StreamKey]int
	perSec int
	began  time.Time
	cut    time.Time

	mu     sync.Mutex
	looks  map[int][]time.Time // single ones, by stream that fails: from the cut until its incident opens
	opened map[int]time.Time   // by stream that fails
}

func newHerd(streams, perSec int) *herd {
	h := &herd{
		number: map[pipeline.StreamKey]int{}, perSec: perSec, began: time.Now(),
		looks: map[int][]time.Time{}, opened: map[int]time.Time{},
	}
	for n := range streams {
		k := key(fmt.Sprintf("S%05d", n))
		h.keys = append(h.keys, k)
		h.number[k] = n
	}
	return h
}

// watch turns a ring over the herd until all that was cut off must have been told of.
func (h *herd) watch(t *testing.T, cut, until time.Duration) {
	t.Helper()
	h.cut = h.began.Add(cut)
	watch := pipeline.NewWatch(h.began, pipeline.WatchOptions{
		Connection: "dr", Rules: allRules(), Interval: 5 * time.Second, LooksPerSecond: float64(h.perSec),
	}, pipeline.State{})
	ctx, stop := context.WithTimeout(t.Context(), until)
	defer stop()
	pipeline.NewRing("dr", watch, h, h, nil, slog.New(slog.DiscardHandler)).Run(ctx)
}

// limit is that of a stream, in whole seconds: 60 to 120 of those that fail, 60 to 600 of the others.
func (h *herd) limit(n int) time.Duration {
	steps := 541
	if fails(n) {
		n, steps = n/4, 61
	}
	return time.Duration(60+n*7919%steps) * time.Second
}

// Look implements pipeline.Source. What saved up in an interval is asked at once, and then half of what the budget is for: rounds of
// a pair share it.
func (h *herd) Look(ctx context.Context, scope []pipeline.StreamKey, yield func(*pipeline.Sample)) error {
	if scope != nil {
		h.count(scope)
		h.page(scope, yield)
		return ctx.Err()
	}
	began, page, saved := time.Now(), max(1, h.perSec/2), 5*h.perSec
	for at := 0; at < len(h.keys); at += page {
		end := min(at+page, len(h.keys))
		if owed := end - saved; owed > 0 {
			time.Sleep(time.Until(began.Add(time.Duration(owed) * 2 * time.Second / time.Duration(h.perSec))))
		}
		h.page(h.keys[at:end], yield)
	}
	return ctx.Err()
}

// count counts single looks.
func (h *herd) count(scope []pipeline.StreamKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	for _, k := range scope {
		if n := h.number[k]; fails(n) && !now.Before(h.cut) && h.opened[n].IsZero() {
			h.looks[n] = append(h.looks[n], now)
		}
	}
}

// page answers about some streams after 0.3 to 3 ms.
func (h *herd) page(keys []pipeline.StreamKey, yield func(*pipeline.Sample)) {
	asked := time.Now()
	time.Sleep(300*time.Microsecond + rand.N(2700*time.Microsecond))
	for _, k := range keys {
		s := h.sample(k, time.Now())
		s.Asked = asked
		yield(&s)
	}
}

// sample is what a stream is like. Its links' beats are spread over the second.
func (h *herd) sample(k pipeline.StreamKey, now time.Time) pipeline.Sample {
	n := h.number[k]
	heard := now
	if fails(n) && now.After(h.cut) {
		heard = h.cut
	}
	s := pipeline.Sample{Key: k, At: now, ServerTime: now, Created: h.began.Add(-time.Hour), Leader: "A"}
	settings(&s).Policy.SeenCritical = pipeline.Some(h.limit(n))
	origins := []string{"EU", "US"}
	kind := pipeline.KindSource
	if n%9 != 8 {
		origins, kind = origins[:1], pipeline.KindMirror
	}
	for l, origin := range origins {
		phase := time.Duration((2*n+l)*7919%1000) * time.Millisecond
		active := now.Sub(heard) + (heard.Sub(h.began)+phase)%time.Second
		s.Links = append(s.Links, pipeline.LinkSample{Kind: kind, Origin: origin, Reported: true, Active: active})
	}
	return s
}

// Submit implements pipeline.Submitter.
func (h *herd) Submit(kept pipeline.Kept) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range kept.Changes {
		n, known := h.number[c.Incident.Subject.StreamKey]
		if known && c.Kind == pipeline.Opened && h.opened[n].IsZero() {
			h.opened[n] = c.At
		}
	}
}

// when tells how many looks came how long before the incident that they were about.
func (h *herd) when() (all string) {
	count := map[time.Duration]int{}
	for n, looks := range h.looks {
		for _, at := range looks {
			count[h.opened[n].Sub(at).Round(500*time.Millisecond)]++
		}
	}
	before := make([]time.Duration, 0, len(count))
	for d := range count {
		before = append(before, d)
	}
	slices.Sort(before)
	for _, d := range before {
		all += fmt.Sprintf("%d %s before\n", count[d], d)
	}
	return all
}
