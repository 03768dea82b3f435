package jetstream

import (
	"context"
	"math"
	"time"

	"golang.org/x/time/rate"
)

// Pace bounds what looks at everything may ask: LooksPerSecond streams a second, averaged over Interval. Without
// LooksPerSecond nothing is bounded.
type Pace struct {
	LooksPerSecond int
	Interval       time.Duration
}

// pacer spends a Pace on one look at everything. A page is paid for before it is asked, or after where its size is not known
// before. Each look has a pacer of its own, at half the pace: two looks that overlap, as those of a pair do, keep their
// distance on every page, and the pace together. What was saved up in an interval goes first.
type pacer struct{ limiter *rate.Limiter }

func newPacer(p Pace) *pacer {
	if p.LooksPerSecond <= 0 {
		return &pacer{rate.NewLimiter(rate.Inf, 0)}
	}
	burst := int(float64(p.LooksPerSecond) * p.Interval.Seconds())
	return &pacer{rate.NewLimiter(rate.Limit(float64(p.LooksPerSecond)/2), max(burst, 1))}
}

// burst is how many streams may be asked about at once, after a while without questions.
func (p *pacer) burst() int {
	if p.limiter.Limit() == rate.Inf {
		return math.MaxInt32
	}
	return p.limiter.Burst()
}

// wait blocks until n streams may be asked about.
func (p *pacer) wait(ctx context.Context, n int) error {
	for n > 0 && p.limiter.Limit() != rate.Inf {
		part := min(n, p.limiter.Burst())
		if err := p.limiter.WaitN(ctx, part); err != nil {
			return err
		}
		n -= part
	}
	return nil
}

// owe pays for n streams after they were asked about: the next wait takes longer.
func (p *pacer) owe(n int) {
	for n > 0 && p.limiter.Limit() != rate.Inf {
		part := min(n, p.limiter.Burst())
		p.limiter.ReserveN(time.Now(), part)
		n -= part
	}
}
