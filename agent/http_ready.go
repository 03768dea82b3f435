package agent

import (
	"net/http"
	"time"

	"mirrorwatch/pipeline"
)

// readyState is what /readyz tells.
type readyState struct {
	Ready         bool                        `json:"ready"`
	Waiting       string                      `json:"waiting_for,omitempty"`
	Connections   []pipeline.ConnectionStatus `json:"connections"`
	Receivers     []receiverState             `json:"receivers"`
	Configuration *configState                `json:"configuration,omitempty"` // left out: the one on disk is in force
	// AuditHead is NUMBER:HASH of the audit's newest record. Kept elsewhere, it shows later whether the audit was made anew.
	AuditHead string `json:"audit_head,omitempty"`
}

// configState says why the configuration on disk is not in force.
type configState struct {
	Error string    `json:"error"`
	Since time.Time `json:"since"`
}

func (h *HTTP) readyz(w http.ResponseWriter, _ *http.Request) {
	body := readyState{Ready: true, Connections: h.Board.Connections(), Receivers: h.receivers()}
	status := http.StatusOK
	if err := h.Ready(); err != nil {
		status, body.Ready, body.Waiting = http.StatusServiceUnavailable, false, err.Error()
	}
	if h.Config != nil {
		if problem, since := h.Config(); problem != "" {
			body.Configuration = &configState{Error: problem, Since: since.UTC()}
		}
	}
	if h.History != nil {
		body.AuditHead = headText(h.History)
	}
	writeJSON(w, status, body)
}

// receiverState is one receiver as /readyz tells it.
type receiverState struct {
	Name    string     `json:"name"`
	Pending int        `json:"pending"`            // batches that wait
	Oldest  *float64   `json:"oldest_age_seconds"` // of the oldest change that waits; null: none does
	Held    int        `json:"held"`               // batches that a silence withholds
	Broken  *time.Time `json:"broken_since"`       // it refuses us as a whole; null: it does not
	Error   string     `json:"last_error"`         // of the newest attempt; empty: it was delivered
}

func (h *HTTP) receivers() []receiverState {
	states := []receiverState{}
	if h.Receivers == nil {
		return states
	}
	for _, r := range h.Receivers() {
		s := receiverState{Name: r.Receiver, Pending: r.Pending, Held: r.Held, Error: r.Error}
		if r.Pending > 0 && !r.Oldest.IsZero() {
			s.Oldest = new(seconds(max(0, h.Now().Sub(r.Oldest))))
		}
		if !r.Broken.IsZero() {
			s.Broken = new(r.Broken.UTC())
		}
		states = append(states, s)
	}
	return states
}
