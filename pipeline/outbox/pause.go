package outbox

import (
	"math/rand/v2"
	"time"
)

// How long a receiver is left alone after failures.
const (
	firstPause  = time.Second
	longestWait = 5 * time.Minute
	longestAsk  = time.Hour        // the most that a receiver's own wish is honoured for
	urgentPause = 30 * time.Second // a critical page that just came waits no longer than this
	brokenPause = time.Minute      // the first one of a receiver that is broken
)

// slowRetry is the wait of a batch after it was refused so many times; false: it is given up on.
func slowRetry(refused int) (time.Duration, bool) {
	waits := []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute}
	if refused > len(waits) {
		return 0, false
	}
	return waits[refused-1], true
}

// pause is the time for which a receiver is left alone; the zero value is none.
type pause struct {
	failures int
	until    time.Time
	urgent   time.Time // until, for a critical page that just came; not sooner if the receiver itself named the time
	asked    bool      // the receiver named the time
}

// fail lengthens the pause after one more failure; asked is the time that the receiver asked for, or 0.
func (p *pause) fail(now time.Time, asked time.Duration) {
	p.failures++
	p.asked = asked > 0
	if p.asked {
		p.until = now.Add(min(asked, longestAsk))
		p.urgent = p.until
		return
	}
	wait := longestWait
	if p.failures < 10 {
		wait = min(longestWait, firstPause<<(p.failures-1))
	}
	wait = max(firstPause, wait-rand.N(wait/4)) // so that many agents do not come back at once
	p.until, p.urgent = now.Add(wait), now.Add(min(wait, urgentPause))
}

// resume goes on with the pause of an earlier run, of which each row in the journal knows its part.
func (p *pause) resume(failures int, until, urgent time.Time) {
	p.failures = max(p.failures, failures)
	if until.After(p.until) {
		p.until = until
	}
	if urgent.After(p.urgent) {
		p.urgent = urgent
	}
}

// shorten lets a critical page that just came be tried sooner.
func (p *pause) shorten() {
	if p.urgent.Before(p.until) {
		p.until = p.urgent
	}
}

// breaks lengthens the pause after one more answer that refuses us as a whole: a page mends nothing.
func (p *pause) breaks(now time.Time) {
	p.failures++
	p.asked = false
	p.until = now.Add(min(longestWait, brokenPause<<min(p.failures-1, 10)))
	p.urgent = p.until
}

// lift ends the pause, unless the receiver named its time: something may be mended.
func (p *pause) lift() {
	if !p.asked {
		p.until, p.urgent = time.Time{}, time.Time{}
	}
}
