package outbox

import (
	"context"
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// attemptTimeout ends an attempt that gets no answer.
const attemptTimeout = 30 * time.Second

// begin counts an attempt and returns it, ready to be made. Before the first, members, key and body are frozen in the
// journal; if that fails, the batch goes out all the same. One that others of its group went ahead of is frozen anew.
func (w *worker) begin(g *group, r *row, now time.Time) func(context.Context) {
	first := r.Attempts == 0
	r.Attempts++
	if first {
		w.freeze(g, r, now)
	}
	notifier := w.Notifier
	if format := formatOf(notifier); r.Body == nil || r.Format != "" && r.Format != format {
		r.Body, r.Format = nil, format
		if r.picture.members == nil { // it was planned by an earlier process, or others went ahead of it
			r.picture = g.depict()
		}
	}
	fresh := r.Body == nil
	n := pipeline.Notification{
		Key: r.Key, Group: g.id, Labels: g.labels, Changes: values(r.changes),
		Members: r.picture.members, Open: r.picture.open, Ended: r.picture.ended, Body: r.Body, Receipt: g.receipt,
	}
	return func(ctx context.Context) {
		var err error
		if n.Body == nil {
			if n.Body, err = render(notifier, n); err != nil {
				err = pipeline.Permanent(err)
			}
		}
		if fresh && !w.frozen(ctx, g, r, n) {
			return
		}
		var receipt pipeline.Receipt
		if err == nil {
			receipt, err = notify(ctx, notifier, n)
		}
		w.settle(g, r, n.Body, receipt, err, time.Now())
	}
}

// freeze takes a batch's changes as told.
func (w *worker) freeze(g *group, r *row, now time.Time) {
	for _, c := range r.changes {
		w.tell(g, c)
	}
	if r.asks() {
		g.paged = now
	}
	for _, p := range g.parked {
		if p.Body != nil { // it tells how the group was: what is told last has to be how it is
			p.Body, p.picture = nil, picture{}
			w.unsaved.Batches = append(w.unsaved.Batches, p.full())
		}
	}
	g.over = longest(g.over)
	g.toldAt(r, now)
	g.quiet = false
}

// tell takes a change as told.
func (w *worker) tell(g *group, c *pipeline.Change) {
	w.join(g, c.Incident.ID)
	g.tell(c)
	if c.Kind.Ends() {
		delete(w.members, c.Incident.ID)
	}
	if w.pools() { // as something is always open, ends would be kept for ever
		g.over, g.ended = nil, 0
	}
}

// forget takes an incident out that was never told, and is over.
func (w *worker) forget(g *group, incident string) {
	delete(g.members, incident)
	delete(w.members, incident)
}

// frozen waits until a batch that was rendered is on disk, or cannot be written. It returns false if it is not to be
// sent any more.
func (w *worker) frozen(ctx context.Context, g *group, r *row, n pipeline.Notification) bool {
	w.mu.Lock()
	if w.gone {
		w.mu.Unlock()
		return false
	}
	r.Body = n.Body
	b := r.Batch
	b.Changes = n.Changes
	w.unsaved.Batches = append(w.unsaved.Batches, b)
	g.stale = g.stale || !g.replanned || len(g.chain) > 1
	if g.replanned {
		if record := g.record(w.Name); len(record.Open) > 0 {
			w.unsaved.Groups = append(w.unsaved.Groups, record)
			g.recorded = true
		}
	}
	g.replanned = false
	saved := w.flush()
	w.mu.Unlock()
	select {
	// The error is dropped on purpose: a disk that fails delays no page. The batch then goes out from memory, and
	// the committer keeps it and tries to write it until it can.
	case <-saved:
		return true
	case <-ctx.Done(): // it is tried after the restart, under this key if it was written
		return false
	}
}

// flush hands in what was planned.
func (w *worker) flush() <-chan error {
	c := w.unsaved
	w.unsaved = pipeline.Commit{}
	return w.save(c)
}

// formatOf names what a notifier makes its bodies for.
func formatOf(n pipeline.Notifier) string {
	if f, ok := n.(pipeline.Formatter); ok {
		return fmt.Sprintf("%T %s", n, f.Format())
	}
	return fmt.Sprintf("%T", n)
}

func render(n pipeline.Notifier, what pipeline.Notification) (body []byte, err error) {
	defer recovered(&err)
	body, err = n.Render(what)
	if err == nil && body == nil {
		body = []byte{}
	}
	return body, err
}

func notify(ctx context.Context, n pipeline.Notifier, what pipeline.Notification) (receipt pipeline.Receipt, err error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	defer recovered(&err)
	return n.Notify(ctx, what)
}

// recovered makes a notifier's panic a refusal: one broken message must not end the agent.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = pipeline.Permanent(fmt.Errorf("notifier panicked: %v", p))
	}
}
