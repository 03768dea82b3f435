package pipeline

import "time"

// This file holds what a Watch is told of beside looks.

// Signal takes in an event on the connection.
func (w *Watch) Signal(now time.Time, signal Signal) {
	defer w.settle()
	w.awake(now)
	switch signal.Kind {
	case SignalDisconnected:
		w.disconnected(now, signal.Reason)
	case SignalConnected:
		w.rounds.soon(now)
		w.origins.reconnected(now)
	case SignalAdvisory:
		w.advised(now, signal.Key, signal.Advisory)
	}
	w.hasten(now, true)
}

// advised takes in that something happened to a stream: it is looked at early. One that is not known yet is found by a round; that
// one without links was changed is not worth one.
func (w *Watch) advised(now time.Time, key StreamKey, a Advisory) {
	s := w.stream(key)
	if s == nil {
		_, plain := w.plain[w.shelf.hash(key)]
		if a.Kind == AdvisoryCreated || a.Kind == AdvisoryUpdated && !plain {
			w.rounds.early(now)
		}
		return
	}
	s.heed(a)
	s.missed = earlier(s.missed, now)
	w.plan(now, s)
}

// routesEvery is how far apart questions about the ways between servers are.
const routesEvery = 15 * time.Second

// ObserveTrunks takes in what servers say of the ways between them.
func (w *Watch) ObserveTrunks(now time.Time, routes []Trunk) {
	w.awake(now)
	if routes != nil {
		w.routes = routes
		if w.opt.Board != nil {
			w.opt.Board.PutTrunks(w.opt.Connection, routes)
		}
	}
}
