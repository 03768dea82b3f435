package jetstream

import (
	"fmt"
	"log/slog"
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
	log *slog.Logger

	mu   sync.Mutex
	by   map[string]*deniedPrefix // by API prefix
	said map[string]bool          // API prefixes that the log was told of
}

// deniedPrefix is what is known of an API prefix since the newest connect.
type deniedPrefix struct {
	origins map[string]denial // by name: those that may not be asked about, or are taken for such
	denied  int               // of them, those that were asked about
	allowed bool              // some may be asked about: what holds for one says nothing of others
	next    time.Time         // when the next question is due, once all are taken for denied
	all     pipeline.Fault    // of those that are taken for denied
}

// denial is of one origin.
type denial struct {
	asked time.Time // zero: it was not, it is taken for denied
	fault pipeline.Fault
}

func newDenials(log *slog.Logger) *denials {
	return &denials{log: log, by: map[string]*deniedPrefix{}, said: map[string]bool{}}
}

// on returns why an origin is not to be asked about now, if so.
func (d *denials) on(now time.Time, prefix, name string) (fault pipeline.Fault, denied bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.by[prefix]
	if p == nil {
		return pipeline.Fault{}, false
	}
	one, known := p.origins[name]
	if now.Sub(one.asked) >= p.round() && (!p.closed() || p.turn(now)) {
		return pipeline.Fault{}, false
	}
	if !known {
		one = denial{fault: p.all}
		p.origins[name] = one
	}
	return one.fault, true
}

// add keeps the denial of a question. Each prefix is told of once.
func (d *denials) add(asked time.Time, prefix, name string, fault pipeline.Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.prefix(prefix)
	if p.origins[name].asked.IsZero() {
		p.denied++
		if p.denied == deniedAll {
			p.next = asked.Add(deniedEach)
			p.all = pipeline.Fault{Kind: fault.Kind, Text: fmt.Sprintf("not asked: each question so far to %s.STREAM.INFO.> was denied", prefix)}
		}
	}
	p.origins[name] = denial{asked, fault}
	if !d.said[prefix] {
		d.said[prefix] = true
		d.log.Info("the user may not ask about origins; what is copied is not held against them", "publish", prefix+".STREAM.INFO.>")
	}
}

// allow notes that a question was not denied.
func (d *denials) allow(prefix, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.prefix(prefix)
	p.allowed = true
	delete(p.origins, name)
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
		p = &deniedPrefix{origins: map[string]denial{}}
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
