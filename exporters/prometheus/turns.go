package prometheus

import (
	"net/http"
	"time"
)

// This file holds whose turn it is to get the page, so that clients that do not read keep it from nobody.

// atOnce is how many pages are written at the same time. A pair of Prometheus servers and a person fit in.
const atOnce = 3

// patience is for how long clients are waited for.
type patience struct {
	turn  time.Duration // a client for its turn; then it is told to come again
	part  time.Duration // for a client that takes nothing of what is written
	whole time.Duration // for a client that takes it slowly
}

// enter waits for a turn; leave ends it. It is false where none came, and the client has its answer.
func (h *Handler) enter(w http.ResponseWriter, r *http.Request) (leave func(), ok bool) {
	late := time.NewTimer(h.patience.turn)
	defer late.Stop()
	select {
	case h.writing <- struct{}{}:
		return func() { <-h.writing }, true
	case <-late.C:
		w.Header().Set("Retry-After", "5")
		http.Error(w, "others are being served", http.StatusServiceUnavailable)
	case <-r.Context().Done():
	}
	return nil, false
}

// part is a writer to a client, which has so long to take each part, and so long to take all.
type part struct {
	http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
	end      time.Time
}

func (h *Handler) parts(w http.ResponseWriter) *part {
	return &part{w, http.NewResponseController(w), h.patience.part, time.Now().Add(h.patience.whole)}
}

// Write implements io.Writer.
func (p *part) Write(b []byte) (int, error) {
	until := time.Now().Add(p.patience)
	if p.end.Before(until) {
		until = p.end
	}
	_ = p.control.SetWriteDeadline(until) // a writer without deadlines is nobody who is slow
	return p.ResponseWriter.Write(b)
}
