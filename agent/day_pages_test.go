package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// dayPages is told of every change at once, and holds each against what is true.
type dayPages struct {
	world *dayWorld

	mu      sync.Mutex
	open    map[string]pipeline.StreamKey // by incident
	seen    map[pipeline.StreamKey]bool   // streams with an open incident about their silence
	wrong   []string                      // what does not fit
	opened  int
	ended   int
	deleted int           // streams
	silent  int           // incidents about silence
	late    time.Duration // the latest decision
}

func newDayPages(w *dayWorld) *dayPages {
	return &dayPages{world: w, open: map[string]pipeline.StreamKey{}, seen: map[pipeline.StreamKey]bool{}}
}

// Render implements pipeline.Notifier.
func (p *dayPages) Render(n pipeline.Notification) ([]byte, error) { return []byte(n.Key), nil }

// Notify implements pipeline.Notifier.
func (p *dayPages) Notify(_ context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k := range n.Changes {
		p.take(&n.Changes[k])
	}
	return nil, nil
}

func (p *dayPages) take(c *pipeline.Change) {
	i := &c.Incident
	_, open := p.open[i.ID]
	switch {
	case c.Kind == pipeline.Opened:
		p.opened++
		p.open[i.ID] = i.Subject.StreamKey
		if i.Rule == pipeline.RuleSeen {
			p.silent++
			p.seen[i.Subject.StreamKey] = true
			p.hold(c)
		}
	case c.Kind.Ends() && open:
		p.ended++
		delete(p.open, i.ID)
		if i.Rule == pipeline.RuleSeen {
			delete(p.seen, i.Subject.StreamKey)
		}
	case c.Kind == pipeline.Closed && i.Changes == 1: // a stream about which nothing was open was deleted, which is told once
		p.deleted++
	case !open:
		p.wrong = append(p.wrong, fmt.Sprintf("%s was %s, and is not open", i.ID, c.Kind))
	}
}

// hold holds a page about silence against the world: it is there, in time, and its proof is none later than the contact.
func (p *dayPages) hold(c *pipeline.Change) {
	i := &c.Incident
	wrong := func(format string, args ...any) {
		p.wrong = append(p.wrong, fmt.Sprintf("%s %s: ", c.At.Format(time.TimeOnly), i.Subject.Stream)+fmt.Sprintf(format, args...))
	}
	late := c.At.Sub(i.Since.Add(time.Duration(i.Limit * float64(time.Second))))
	if p.late = max(p.late, late); late < 0 || late > dayLate {
		wrong("told of %s after its limit", late)
	}
	heard, excused, ok := p.world.truth(i.Subject.StreamKey, c.At)
	switch {
	case !ok:
		wrong("it was deleted")
	case !excused && c.At.Sub(heard) < time.Duration(i.Limit*float64(time.Second))-dayOlder:
		wrong("its contact was %s ago", c.At.Sub(heard))
	case i.Since.After(heard):
		wrong("its proof is %s later than its contact", i.Since.Sub(heard))
	}
}

// knowsCut lets the test fail where a link that was cut has no open incident.
func (p *dayPages) knowsCut(t *testing.T) {
	t.Helper()
	cut := p.world.silent()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range cut {
		if !p.seen[key] {
			t.Errorf("%s is silent, and nobody was told", key.Stream)
		}
	}
	if len(p.seen) != len(cut) {
		t.Errorf("%d links are silent, and %d incidents open", len(cut), len(p.seen))
	}
}

// fits lets the test fail where a page did not fit.
func (p *dayPages) fits(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, wrong := range p.wrong {
		t.Error(wrong)
	}
}

func (p *dayPages) total() (opened, ended int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.opened, p.ended
}

func (p *dayPages) counts() string {
	opened, ended := p.total()
	return fmt.Sprintf("%d, %d", opened, ended)
}

func (p *dayPages) latest() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.late
}

// silent is the mirrors that are cut.
func (w *dayWorld) silent() (cut []pipeline.StreamKey) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	for k := range w.streams {
		if !w.streams[k].cut.IsZero() {
			cut = append(cut, w.streams[k].key)
		}
	}
	return cut
}

// truth is when a mirror heard its origin last, and whether its server kept that to itself; ok is false where there is none.
func (w *dayWorld) truth(key pipeline.StreamKey, now time.Time) (heard time.Time, kept, ok bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	k, ok := w.number[key]
	if !ok {
		return heard, false, false
	}
	return w.streams[k].heard(now, k, len(w.streams)), w.frozen == k%dayServers, true
}

// dayReceiver is told of groups, and refuses at times.
type dayReceiver struct {
	mu       sync.Mutex
	refusing bool
	taken    int
	refused  int
}

func (r *dayReceiver) refuse(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refusing = on
}

// Render implements pipeline.Notifier.
func (r *dayReceiver) Render(n pipeline.Notification) ([]byte, error) {
	return fmt.Appendf(nil, "%s: %d open, %d ended", n.Key, n.Open, n.Ended), nil
}

// Notify implements pipeline.Notifier.
func (r *dayReceiver) Notify(context.Context, pipeline.Notification) (pipeline.Receipt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refusing {
		r.refused++
		return nil, errors.New("503")
	}
	r.taken++
	return nil, nil
}

// String tells what it got.
func (r *dayReceiver) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprintf("%d notifications, and refused %d", r.taken, r.refused)
}
