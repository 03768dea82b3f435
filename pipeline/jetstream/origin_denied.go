package jetstream

import (
	"log/slog"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// deniedFor is how long a question about an origin that the user may not ask is not asked again: a server logs each as an error.
// A new connection asks at once.
const deniedFor = 5 * time.Minute

// denials are the questions about origins that the user may not ask.
type denials struct {
	log *slog.Logger

	mu   sync.Mutex
	by   map[string]denial // by subject
	said map[string]bool   // API prefixes that the log was told of
}

type denial struct {
	at    time.Time
	fault pipeline.Fault
}

func newDenials(log *slog.Logger) *denials {
	return &denials{log: log, by: map[string]denial{}, said: map[string]bool{}}
}

// on returns the denial of a question that is still believed.
func (d *denials) on(now time.Time, subject string) (pipeline.Fault, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	one, ok := d.by[subject]
	if ok && now.Sub(one.at) >= deniedFor {
		delete(d.by, subject)
		ok = false
	}
	return one.fault, ok
}

// add keeps a denial. Each prefix is told of once.
func (d *denials) add(now time.Time, prefix, subject string, fault pipeline.Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.by[subject] = denial{now, fault}
	if !d.said[prefix] {
		d.said[prefix] = true
		d.log.Info("the user may not ask about origins; what is copied is not held against them", "publish", prefix+".STREAM.INFO.>")
	}
}

// forget is called after each connect: the user may have got more permissions.
func (d *denials) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.by)
}
