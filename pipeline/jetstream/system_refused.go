package jetstream

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// refusals are the questions to all servers that the user may not ask. They are told once, and asked again after deniedFor or a
// new connect only: a server logs each as an error.
type refusals struct {
	mu   sync.Mutex
	by   map[string]time.Time // by the question's name: when it was refused
	said map[string]bool
}

// errRefused says that a question was not asked because it was refused lately.
var errRefused = errors.New("not asked: it was refused lately")

// ask asks unless that was refused lately, and keeps a refusal.
func (r *refusals) ask(log *slog.Logger, now time.Time, what string, ask func() error) error {
	r.mu.Lock()
	at, refused := r.by[what]
	r.mu.Unlock()
	if refused && now.Sub(at) < deniedFor {
		return errRefused
	}
	err := ask()
	if errors.Is(err, pipeline.ErrDenied) {
		r.add(log, now, what)
	}
	return err
}

// add keeps a refusal, which is told once.
func (r *refusals) add(log *slog.Logger, now time.Time, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil {
		r.by, r.said = map[string]time.Time{}, map[string]bool{}
	}
	r.by[what] = now
	if !r.said[what] {
		r.said[what] = true
		log.Info("the user may not ask this of servers; looks go on without it", "publish", "$SYS.REQ.SERVER."+what)
	}
}

// forget is called after each connect: the user may have got more permissions.
func (r *refusals) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.by)
}
