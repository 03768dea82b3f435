package agent

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"mirrorwatch/pipeline/history"
)

// heavyTime is how long an answer may take that the whole audit is read for.
const heavyTime = 5 * time.Minute

// reading lets one request after another read the whole audit, and gives each more time than others have. It returns
// nil where the request has gone, or there is no audit; else what is to be called at its end.
func (h *HTTP) reading(w http.ResponseWriter, r *http.Request) (done func()) {
	if h.History == nil {
		problemf(http.StatusServiceUnavailable, "the journal is not open").write(w)
		return nil
	}
	select {
	case h.heavy <- struct{}{}:
	case <-r.Context().Done():
		return nil
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(heavyTime))
	return func() { <-h.heavy }
}

// history tells incidents, open or over: from, to (RFC 3339), match (any number), open, rule and limit narrow them down.
func (h *HTTP) history(w http.ResponseWriter, r *http.Request) {
	filter, limit, wrong := historyFilter(r.URL.Query())
	if wrong != nil {
		wrong.write(w)
		return
	}
	done := h.reading(w, r)
	if done == nil {
		return
	}
	defer done()
	state, err := pastIncidents(h.History, filter, limit, h.Now())
	if err != nil {
		problemf(http.StatusServiceUnavailable, "%v", err).write(w)
		return
	}
	writeJSON(w, http.StatusOK, state)
}

// historyQuery writes a filter as historyFilter reads it.
func historyQuery(f history.Filter, limit int) url.Values {
	query := periodQuery(f.From, f.To)
	for n := range f.Match {
		query.Add("match", f.Match[n:n+1].String())
	}
	if f.Open {
		query.Set("open", "true")
	}
	if f.Rule != "" {
		query.Set("rule", f.Rule)
	}
	query.Set("limit", strconv.Itoa(limit))
	return query
}

func historyFilter(query url.Values) (f history.Filter, limit int, wrong *problem) {
	if wrong = unknownKeys(query, "from", "to", "match", "open", "rule", "limit"); wrong != nil {
		return f, 0, wrong
	}
	if f.From, f.To, wrong = queryPeriod(query); wrong != nil {
		return f, 0, wrong
	}
	var err error
	if f.Match, err = parseMatch(query["match"]); err != nil {
		return f, 0, problemf(http.StatusBadRequest, "%v", err)
	}
	if text := query.Get("open"); text != "" {
		if f.Open, err = strconv.ParseBool(text); err != nil {
			return f, 0, problemf(http.StatusBadRequest, "open: want true or false")
		}
	}
	f.Rule = query.Get("rule")
	if text := query.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 0 {
			return f, 0, problemf(http.StatusBadRequest, "limit: want a whole number, 0 for no limit")
		}
	}
	return f, limit, nil
}

// unknownKeys refuses a query that means something else than would be answered.
func unknownKeys(query url.Values, known ...string) *problem {
	for key := range query {
		if !slices.Contains(known, key) {
			return problemf(http.StatusBadRequest, "%s: unknown; there are %s", key, strings.Join(known, ", "))
		}
	}
	return nil
}

func periodQuery(from, to time.Time) url.Values {
	query := url.Values{}
	if !from.IsZero() {
		query.Set("from", from.UTC().Format(time.RFC3339Nano))
	}
	if !to.IsZero() {
		query.Set("to", to.UTC().Format(time.RFC3339Nano))
	}
	return query
}

func queryPeriod(query url.Values) (from, to time.Time, wrong *problem) {
	for _, one := range []struct {
		key  string
		into *time.Time
	}{{"from", &from}, {"to", &to}} {
		text := query.Get(one.key)
		if text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return from, to, problemf(http.StatusBadRequest, "%s: want RFC 3339, such as 2026-10-01T00:00:00Z", one.key)
		}
		*one.into = t
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return from, to, problemf(http.StatusBadRequest, "from is not before to")
	}
	return from, to, nil
}

// report tells how well the limits were kept: from and to (RFC 3339; by default the last 30 days).
func (h *HTTP) report(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	wrong := unknownKeys(query, "from", "to")
	if wrong != nil {
		wrong.write(w)
		return
	}
	from, to, wrong := queryPeriod(query)
	if wrong != nil {
		wrong.write(w)
		return
	}
	if from.After(h.Now()) {
		problemf(http.StatusBadRequest, "from: %s is still to come", from.Format(time.RFC3339)).write(w)
		return
	}
	done := h.reading(w, r)
	if done == nil {
		return
	}
	defer done()
	made, err := makeReport(h.History, reportQuery{from: from, to: to, now: h.Now(), defaults: h.Defaults})
	if err != nil {
		problemf(http.StatusServiceUnavailable, "%v", err).write(w)
		return
	}
	writeJSON(w, http.StatusOK, made)
}
