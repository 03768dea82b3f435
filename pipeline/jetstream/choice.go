package jetstream

import (
	"math"
	"sync"
	"time"
)

// The ways to look at everything, as Source.Way tells them.
const (
	wayList  = "list"           // STREAM.LIST, page after page
	wayNames = "names and info" // STREAM.INFO of the streams that hold links, and STREAM.NAMES to find new ones
)

// choice says how everything is looked at, by what there is and by what questions were seen to cost. docs/cost.md tells why. It may
// be used from several goroutines.
type choice struct {
	least   int           // streams from which on it is worth while to choose
	few     int           // at most one stream in so many holds links: names and info is cheaper anywhere
	many    int           // streams from which on a standalone server may be slow to list
	dear    time.Duration // a stream on a page that costs more: info may be cheaper
	sweep   time.Duration // how long a listing beside names and info takes
	anewAll time.Duration // after that what was measured or mistrusted is tried again

	mu       sync.Mutex
	told     string
	learn    bool    // the next listing is to bring a roster
	learnt   *roster // by a listing under way
	roster   *roster // not nil: names and info
	page     time.Duration
	info     time.Duration // what one stream cost lately; 0: not known
	infoAt   time.Time
	barred   time.Time // until then everything is listed
	refused  bool      // the user may not ask for names, or for a stream
	streams  int
	clusters bool
}

func newChoice() choice {
	return choice{
		least: 2 * pageSize, few: 20, many: 10_000, dear: 100 * time.Microsecond,
		sweep: 10 * time.Minute, anewAll: time.Hour,
	}
}

// Way implements pipeline.Teller.
func (s *Source) Way() string {
	s.choice.mu.Lock()
	defer s.choice.mu.Unlock()
	return s.choice.told
}

// ListAlways has each look at everything tell of every stream, those without links too, whatever that costs: a recording is whole.
// It is called before the first look.
func (s *Source) ListAlways() {
	s.choice.mu.Lock()
	defer s.choice.mu.Unlock()
	s.choice.least, s.choice.many = math.MaxInt, math.MaxInt
}

// next tells how to look now: by the known roster, or by a listing where there is none, which may be to bring another.
func (c *choice) next() (known, learnt *roster) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = wayList
	if c.roster != nil {
		c.told = wayNames
	}
	if c.roster == nil && c.learn && c.learnt == nil {
		c.learnt = newRoster()
	}
	return c.roster, c.learnt
}

// listed takes in a whole listing. Heeded tells whether advisories would say that a stream came to hold links.
func (c *choice) listed(now time.Time, l *listing, heeded bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.streams, c.clusters = l.total, l.clustered
	if l.paged > 0 {
		c.page = l.took / time.Duration(l.paged)
	}
	if now.Sub(c.infoAt) > c.anewAll {
		c.info = 0
	}
	c.learn, c.learnt = false, nil
	switch {
	case c.roster != nil || c.refused || !heeded || now.Before(c.barred) || !c.cheaper(l.links, c.few, 0):
	case l.roster == nil:
		c.learn = true
	default:
		c.roster = l.roster
	}
}

// walked takes in a look by names and info.
func (c *choice) walked(now time.Time, r *roster, cost *costs, heeded bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.roster != r {
		return
	}
	if cost.streams > 0 {
		c.streams = cost.streams
	}
	if cost.paged > 0 {
		c.page += (cost.pages/time.Duration(cost.paged) - c.page) / 4
	}
	if cost.asked > 0 {
		c.info, c.infoAt = cost.info/time.Duration(cost.asked), now
	}
	if !heeded || r.surprised() {
		c.roster, c.barred = nil, now.Add(c.anewAll)
	} else if !c.cheaper(r.size(), c.few/2, c.page/4) {
		c.roster = nil
	}
}

// cheaper tells whether names and info is the cheaper way, with so many streams that hold links. What is measured may be slack off.
func (c *choice) cheaper(links, few int, slack time.Duration) bool {
	if c.streams >= c.least && links*few <= c.streams {
		return true
	}
	return !c.clusters && c.streams >= c.many && c.page > c.dear && c.info < c.page+slack
}

// refuse notes that the user may not ask for names, or for a stream. A new connection tries again.
func (c *choice) refuse() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused, c.roster, c.learn, c.learnt = true, nil, false, nil
}

// leave has everything listed until a time.
func (c *choice) leave(until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roster, c.barred = nil, until
}

// connected is called after each connect.
func (c *choice) connected() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = false
}

// doubt notes that a stream was created or changed.
func (c *choice) doubt(name string) {
	c.mu.Lock()
	known, learnt := c.roster, c.learnt
	c.mu.Unlock()
	for _, r := range []*roster{known, learnt} {
		if r != nil {
			r.doubt(name)
		}
	}
}
