package jetstream

import (
	"fmt"
	"hash/maphash"
	"log/slog"
	"math"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// How seldom questions about origins that the user may not ask are put: a server logs each as an error. A new connection asks at once.
const (
	// deniedFor is how long one is not asked again: a little less than the 5 minutes after which whoever was denied comes back.
	deniedFor = 4*time.Minute + 50*time.Second
	// deniedAll is how many different ones under one API prefix are denied, and none allowed, until all under it are taken for denied.
	deniedAll = 16
	// deniedEach is how far apart questions under such a prefix are on average.
	deniedEach = 5 * time.Second
)

// denials are the questions about origins that the user may not ask.
type denials struct {
	log  *slog.Logger
	seed maphash.Seed

	mu   sync.Mutex
	by   map[string]*deniedPrefix // by API prefix
	said map[string]bool          // API prefixes that the log was told of
}

// deniedPrefix is what is known of an API prefix since the newest connect. There may be very many origins under it, so they are kept
// by the hashes of their names.
type deniedPrefix struct {
	base    time.Time                 // when the first question was put
	origins map[uint64]time.Duration  // those that may not be asked about, by when they were asked about, after base; unasked: they are taken for such
	faults  map[uint64]pipeline.Fault // of those that were asked about before all were taken for denied
	denied  int                       // how many were asked about
	allowed bool                      // some may be asked about: what holds for one says nothing of others
	next    time.Time                 // when the next question is due, once all are taken for denied
	all     pipeline.Fault            // of those that are taken for denied
}

const unasked time.Duration = math.MinInt64

func newDenials(log *slog.Logger) *denials {
	return &denials{log: log, seed: maphash.MakeSeed(), by: map[string]*deniedPrefix{}, said: map[string]bool{}}
}

// on returns why an origin is not to be asked about now, if so.
func (d *denials) on(now time.Time, prefix, name string) (fault pipeline.Fault, denied bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.by[prefix]
	if p == nil {
		return pipeline.Fault{}, false
	}
	origin := maphash.String(d.seed, name)
	asked, known := p.origins[origin]
	again := !known || asked == unasked || now.Sub(p.base)-asked >= p.round()
	if again && (!p.closed() || p.turn(now)) {
		return pipeline.Fault{}, false
	}
	if !known {
		p.origins[origin] = unasked
	}
	if fault, own := p.faults[origin]; own {
		return fault, true
	}
	return p.all, true
}

// add keeps the denial of a question. Each prefix is told of once.
func (d *denials) add(asked time.Time, prefix, name string, fault pipeline.Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, origin := d.prefix(prefix), maphash.String(d.seed, name)
	if p.base.IsZero() {
		p.base = asked
	}
	if !p.closed() {
		p.faults[origin] = fault
	}
	if before, known := p.origins[origin]; !known || before == unasked {
		p.denied++
		if p.denied == deniedAll {
			p.next = asked.Add(deniedEach)
			p.all = pipeline.Fault{Kind: fault.Kind, Text: fmt.Sprintf("denied, as other questions to %s.STREAM.INFO.> are", prefix)}
		}
	}
	p.origins[origin] = asked.Sub(p.base)
	if !d.said[prefix] {
		d.said[prefix] = true
		d.log.Info("the user may not ask about origins; what is copied is not held against them", "publish", prefix+".STREAM.INFO.>")
	}
}

// allow notes that a question was not denied.
func (d *denials) allow(prefix, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, origin := d.prefix(prefix), maphash.String(d.seed, name)
	p.allowed = true
	delete(p.origins, origin)
	delete(p.faults, origin)
}

// forget is called after each connect: the user may have got more permissions.
func (d *denials) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.by)
}

// prefix is what is known of a prefix, where d.mu is held.
func (d *denials) prefix(name string) *deniedPrefix {
	p := d.by[name]
	if p == nil {
		p = &deniedPrefix{origins: map[uint64]time.Duration{}, faults: map[uint64]pipeline.Fault{}}
		d.by[name] = p
	}
	return p
}

// closed tells whether all under the prefix are taken for denied.
func (p *deniedPrefix) closed() bool { return p.denied >= deniedAll && !p.allowed }

// round is how long an origin that was denied is not asked about. Where all are taken for denied, others come first: each has its turn.
func (p *deniedPrefix) round() time.Duration {
	if p.closed() {
		return max(deniedFor, time.Duration(len(p.origins))*deniedEach)
	}
	return deniedFor
}

// turn tells whether a question may be put under a prefix where all are taken for denied. Origins come in bursts: turns that nobody
// took are kept for deniedFor.
func (p *deniedPrefix) turn(now time.Time) bool {
	if oldest := now.Add(-deniedFor); p.next.Before(oldest) {
		p.next = oldest
	}
	if p.next.After(now) {
		return false
	}
	p.next = p.next.Add(deniedEach)
	return true
}
