package agent

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// silencer keeps the silences in force. An error of a change means that it could not be journaled: it is in force all the
// same, until a restart.
type silencer interface {
	Silences() pipeline.Silences
	AddSilence(ctx context.Context, s pipeline.Silence) error
	EndSilence(ctx context.Context, id, by string) (ended bool, err error)
}

// writeTimeout is how long the journal may take for a silence, which is in force meanwhile.
const writeTimeout = 10 * time.Second

// silences tells those in force and to come, and the next turn of every window; with all=true also those that are over.
func (h *HTTP) silences(w http.ResponseWriter, r *http.Request) {
	if h.Silences == nil {
		noSilences().write(w)
		return
	}
	now, all := h.Now(), h.Silences.Silences()
	open := h.Board.Incidents()
	states := []SilenceState{}
	for n := range all.Added {
		s := silenceState(&all.Added[n], now, open)
		if s.State != "over" || r.URL.Query().Get("all") == "true" {
			states = append(states, s)
		}
	}
	for n := range all.Windows {
		if turn := all.Windows[n].Turn(now); turn.ID != "" {
			states = append(states, silenceState(&turn, now, open))
		}
	}
	slices.SortStableFunc(states, func(a, b SilenceState) int {
		return cmp.Or(cmp.Compare(silenceRank(a.State), silenceRank(b.State)), a.Starts.Compare(b.Starts), cmp.Compare(a.ID, b.ID))
	})
	writeJSON(w, http.StatusOK, states)
}

// silenceRank puts what is in force first.
func silenceRank(state string) int { return slices.Index([]string{"active", "pending", "over"}, state) }

func noSilences() *problem {
	return problemf(http.StatusServiceUnavailable, "silences are not to be had yet: the agent starts or ends")
}

// addSilence answers 201 with the silence once it is in force and journaled.
func (h *HTTP) addSilence(w http.ResponseWriter, r *http.Request) {
	if h.Silences == nil {
		noSilences().write(w)
		return
	}
	var asked SilenceRequest
	if wrong := readJSON(w, r, &asked); wrong != nil {
		wrong.write(w)
		return
	}
	now := h.Now()
	s, err := asked.Silence(now)
	if err != nil {
		problemf(http.StatusBadRequest, "%s", strings.ReplaceAll(err.Error(), "\n", "; ")).write(w)
		return
	}
	if key := h.unknownKey(s.Match); key != "" {
		problemf(http.StatusBadRequest, "match: incidents do not carry the metadata key %q, so this silence would match nothing; name the key in a route or a maintenance window of the configuration first", key).write(w)
		return
	}
	s.ID = newSilenceID()
	ctx, cancel := context.WithTimeout(r.Context(), writeTimeout)
	defer cancel()
	if err := h.Silences.AddSilence(ctx, s); err != nil {
		if _, wrong := h.findSilence(s.ID, now); wrong != nil {
			problemf(http.StatusBadRequest, "%v", err).write(w)
			return
		}
		problemf(http.StatusServiceUnavailable, "silence %s is in force, but could not be written: it ends with the agent's next restart (%v)", s.ID, err).write(w)
		return
	}
	w.Header().Set("Location", "/api/v1/silences/"+s.ID)
	writeJSON(w, http.StatusCreated, silenceState(&s, now, h.Board.Incidents()))
}

// unknownKey returns a key of stream metadata that the matchers ask for and incidents do not carry; empty: there is none.
func (h *HTTP) unknownKey(match pipeline.Match) string {
	var known []string
	if h.Metadata != nil {
		known = h.Metadata()
	}
	for _, m := range match {
		if key, ok := strings.CutPrefix(m.Label, pipeline.LabelMetadata); ok && !slices.Contains(known, key) {
			return key
		}
	}
	return ""
}

// endSilence ends one that is in force or to come, and answers with it. The query's by says who does.
func (h *HTTP) endSilence(w http.ResponseWriter, r *http.Request) {
	if h.Silences == nil {
		noSilences().write(w)
		return
	}
	id, by := r.PathValue("id"), strings.TrimSpace(r.URL.Query().Get("by"))
	if by == "" || len(by) > maxWords {
		problemf(http.StatusBadRequest, "by: say who ends it: DELETE /api/v1/silences/%s?by=NAME", id).write(w)
		return
	}
	now := h.Now()
	s, wrong := h.findSilence(id, now)
	if wrong != nil {
		wrong.write(w)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), writeTimeout)
	defer cancel()
	ended, err := h.Silences.EndSilence(ctx, id, by)
	switch {
	case err != nil:
		problemf(http.StatusServiceUnavailable, "silence %s is over, but that could not be written: it is in force again after the agent's next restart (%v)", id, err).write(w)
	case !ended:
		problemf(http.StatusConflict, "silence %s is over already", id).write(w)
	default:
		s.Ends = now
		writeJSON(w, http.StatusOK, silenceState(&s, now, h.Board.Incidents()))
	}
}

// findSilence returns one that can be ended.
func (h *HTTP) findSilence(id string, now time.Time) (pipeline.Silence, *problem) {
	all := h.Silences.Silences()
	for n := range all.Windows {
		if turn := all.Windows[n].Turn(now); turn.ID == id {
			return turn, problemf(http.StatusConflict, "%s is a turn of the window %q: change maintenance in the configuration", id, turn.Window)
		}
	}
	for _, s := range all.Added {
		switch {
		case s.ID != id:
		case !now.Before(s.Ends):
			return s, problemf(http.StatusConflict, "silence %s is over since %s", id, s.Ends.UTC().Format(time.RFC3339))
		default:
			return s, nil
		}
	}
	return pipeline.Silence{}, problemf(http.StatusNotFound, "there is no silence %q: GET /api/v1/silences tells which there are", id)
}
