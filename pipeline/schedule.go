package pipeline

import "time"

// How looks are spaced, so that they chain into proofs (proof.go).
const (
	chainable   = 8 * time.Second         // single looks up to this far apart chain into proofs
	pairApart   = 3 * time.Second         // a round of more than chainable is a pair of looks this far apart
	firstLook   = 3500 * time.Millisecond // before a deadline: the look that chains, or begins a pair
	secondLook  = 500 * time.Millisecond  // before a deadline: the look that ends the pair
	mostAhead   = 2 * time.Second         // both looks begin earlier by twice what answers take, and by no more than this
	roundsApart = time.Second             // rounds that events ask for begin at least this far apart
	confirmGone = 2 * time.Second         // a 404 is believed when it is said again after this
	urgentTimes = 4                       // deadline looks may use this many times the budget
	awayFor     = 2 * time.Second         // a pause of our own longer than this is noticed
	graceFor    = 10 * time.Second        // what overdue links get after a start or a pause
)

// provable is the share of the looks that can be made which limits may ask for: pairs must fall in time.
const provable = 0.8

// Single streams asked about at one time: some that answered last time, some that did not, so that one frozen server's streams
// do not stand in the way of the others', and some that answered lately, where nobody answers any more.
const (
	mostAsked     = 40
	mostSilent    = 12
	mostWitnesses = 4
)

// MostLooks is how many single streams a Watch asks its source about at one time.
const MostLooks = mostAsked + mostSilent + mostWitnesses

// rounds says when everything is asked about.
type rounds struct {
	interval time.Duration
	perSec   float64 // streams that may be asked about in a second

	next    time.Time     // when the next round begins
	beat    int           // of three
	second  time.Time     // when the second look of a pair begins; zero: none is owed
	began   time.Time     // the newest round
	running int           // rounds asked and not ended
	listed  int           // streams in the newest whole round
	took    time.Duration // the newest round
}

// period is how far apart rounds begin on average, and whether each is a pair. Single ones chain: none are more than chainable apart.
func (r *rounds) period() (period time.Duration, paired bool) {
	wants := time.Duration(float64(r.listed) / r.perSec * float64(time.Second))
	if far, _ := stretched(wants); max(r.interval, far, r.took) <= chainable {
		return max(r.interval, wants), false
	}
	return max(r.interval, 2*wants, r.took), true
}

// Single rounds keep no beat: stamps that are made at the pace of rounds would show them the same face each time. Of three, two come
// later than a period after the one before, and the third makes up for that. It shows stamps made 4 s apart and more another face:
// to be fresh then, and in the look before, they would have to be made within heartbeatLate of each, and shortest is more than
// that from 0 and from 4 s.
const shortest = 2250 * time.Millisecond

// stretched is how far apart rounds of a period begin: two of three are far, the third is near.
func stretched(period time.Duration) (far, near time.Duration) {
	near = min(period/2, shortest)
	return (3*period - near) / 2, near
}

// apart is how long after the round that begins now the next one does, and whether it is to be a pair.
func (r *rounds) apart() (apart time.Duration, paired bool) {
	period, paired := r.period()
	if paired {
		return period, true
	}
	far, near := stretched(period)
	if r.beat = (r.beat + 1) % 3; r.beat == 0 {
		return near, false
	}
	return min(chainable, far), false
}

// due tells whether a round is to begin now, and notes that it has.
func (r *rounds) due(now time.Time) bool {
	if !r.second.IsZero() && !now.Before(r.second) {
		r.second = time.Time{}
		if r.running > 1 {
			return false
		}
		r.running++
		r.began = now
		return true
	}
	if now.Before(r.next) || r.running > 0 {
		return false
	}
	apart, paired := r.apart()
	r.next = now.Add(apart)
	if paired {
		r.second = now.Add(pairApart)
	}
	r.running++
	r.began = now
	return true
}

// soon asks for a pair of rounds beginning now, or a little later where one has just begun: a connection that comes and
// goes must not turn rounds into a storm.
func (r *rounds) soon(now time.Time) {
	r.next = now
	if !r.began.IsZero() {
		r.next = later(now, r.began.Add(roundsApart))
	}
	r.second = r.next.Add(pairApart)
}

// early asks for a round now, or a little later where one has just begun.
func (r *rounds) early(now time.Time) {
	if at := later(now, r.began.Add(roundsApart)); at.Before(r.next) {
		r.next = at
	}
}

// ended notes the end of a round begun at began.
func (r *rounds) ended(now, began time.Time) {
	r.running--
	r.took = now.Sub(began)
}

// wake is when due may next say yes; zero: only after a round ended.
func (r *rounds) wake() time.Time {
	wake := r.second
	if r.running == 0 {
		wake = earlier(wake, r.next)
	}
	return wake
}

// budget is a bucket of looks that fills with time. It holds a second's worth, and one look at least.
type budget struct {
	perSec float64
	have   float64
	at     time.Time
}

// take takes one look out of the bucket; where it is empty, it says when there will be one.
func (b *budget) take(now time.Time) (ready time.Time, ok bool) {
	if b.at.IsZero() {
		b.have = max(1, b.perSec)
	} else if d := now.Sub(b.at); d > 0 {
		b.have = min(max(1, b.perSec), b.have+d.Seconds()*b.perSec)
	}
	b.at = now
	if b.have >= 1 {
		b.have--
		return now, true
	}
	// Never at once: whoever waits until then must find a look there, whatever was lost in rounding.
	return now.Add(max(time.Millisecond, time.Duration((1-b.have)/b.perSec*float64(time.Second)))), false
}

// demand is how many looks a second the limit of one stream asks for beside the rounds: a pair of looks, in the second
// half of the time until its deadline nears.
func (r *rounds) demand(limit time.Duration) float64 {
	period, paired := r.period()
	far, _ := stretched(period)
	enough := min(chainable, far) + firstLook
	if paired {
		enough = period + firstLook + pairApart + r.took
	}
	if limit >= enough {
		return 0
	}
	return 4 / max(1, (limit-firstLook).Seconds())
}
