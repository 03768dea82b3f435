package outbox

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// refreshAgain is when a refresh that failed, or made way for a page, is tried again.
const refreshAgain = 10 * time.Second

// refresh is when a destination that forgets was and is to be told of all that is open. The zero value is due at once.
type refresh struct {
	every   time.Duration // how long the destination remembers
	since   time.Time     // the newest one that succeeded, or when that began to be asked for
	due     time.Time
	failing bool

	yields  bool               // the one under way makes way for a page
	yielded bool               // it is to
	cancel  context.CancelFunc // that ends it; nil: it has not begun
}

// overdue tells whether the destination will soon have forgotten: the refresh goes before all else.
func (f *refresh) overdue(now time.Time) bool { return now.Sub(f.since) >= f.every*3/4 }

// yield makes way for a page.
func (f *refresh) yield() {
	f.yielded = f.yields
	if f.yielded && f.cancel != nil {
		f.cancel()
	}
}

// refreshing returns what is open if the receiver is to be told of that now, or else when it is (zero: never).
func (w *worker) refreshing(now time.Time) (open []*pipeline.Change, due time.Time) {
	n, ok := w.Notifier.(pipeline.Refresher)
	if !ok || w.draining {
		return nil, time.Time{}
	}
	f := &w.refresh
	f.every = n.Every()
	if f.since.IsZero() {
		f.since = now
	}
	if f.due.After(now) {
		return nil, f.due
	}
	for _, g := range w.groups {
		for _, m := range g.members {
			if m.told != nil {
				open = append(open, m.told)
			}
		}
	}
	if open == nil {
		f.since, f.due = now, now.Add(f.every/2)
		return nil, f.due
	}
	slices.SortFunc(open, worstFirst)
	return open, time.Time{}
}

// refresher returns a refresh, ready to be made.
func (w *worker) refresher(now time.Time, open []*pipeline.Change) func(context.Context) {
	n, f := w.Notifier.(pipeline.Refresher), &w.refresh
	timeout := attemptTimeout
	f.yields, f.yielded = !f.overdue(now), false
	next := w.queue.next()
	if w.queue.first(readyHeap) != nil {
		next = earlier(next, w.pause.until)
	}
	if f.yields && !next.IsZero() {
		timeout = min(timeout, max(next.Sub(now), time.Second))
	}
	return func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		w.mu.Lock()
		f.cancel = cancel
		if f.yielded {
			cancel()
		}
		w.mu.Unlock()
		err := refreshWith(ctx, n, open)
		w.refreshed(time.Now(), len(open), err)
	}
}

func refreshWith(ctx context.Context, n pipeline.Refresher, open []*pipeline.Change) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("notifier panicked: %v", p)
		}
	}()
	return n.Refresh(ctx, open)
}

func (w *worker) refreshed(now time.Time, open int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := &w.refresh
	f.cancel, f.yields, f.yielded = nil, false, false
	if err != nil {
		f.due = now.Add(min(refreshAgain, max(f.every/4, time.Second)))
		if !f.failing {
			w.log.Warn("refresh failed", "open", open, "error", err)
		}
		f.failing = true
		return
	}
	if f.failing {
		w.log.Info("refresh succeeds again", "open", open)
	}
	f.failing, f.since, f.due = false, now, now.Add(f.every/2)
}
