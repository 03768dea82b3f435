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
	failed   time.Time // newest failure
	until    time.Time
	asked    bool // the receiver itself named the time
}

// fail lengthens the pause after one more failure; asked is the time that the receiver asked for, or 0.
func (p *pause) fail(now time.Time, asked time.Duration) {
	p.failures++
	p.failed = now
	p.asked = asked > 0
	if p.asked {
		p.until = now.Add(min(asked, longestAsk))
		return
	}
	wait := longestWait
	if p.failures < 10 {
		wait = min(longestWait, firstPause<<(p.failures-1))
	}
	p.until = now.Add(max(firstPause, wait-rand.N(wait/4))) // so that many agents do not come back at once
}

// resume goes on with the pause of an earlier run.
func (p *pause) resume(failures int, until time.Time) {
	p.failures = max(p.failures, failures)
	p.asked = true // it may have been
	if until.After(p.until) {
		p.until = until
	}
}

// shorten lets something urgent be tried within urgentPause of the newest failure, unless the receiver named the time.
func (p *pause) shorten() {
	if soon := p.failed.Add(urgentPause); !p.asked && soon.Before(p.until) {
		p.until = soon
	}
}
