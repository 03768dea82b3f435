package agent

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// What a silence may be at most: what is longer is forgotten about, and is better a window of the configuration.
const (
	maxSilence = 30 * 24 * time.Hour
	maxAhead   = 365 * 24 * time.Hour
	maxWords   = 1000 // bytes of by and reason
)

// SilenceRequest is what somebody asks for: the body of POST /api/v1/silences. Either For or Ends says how long.
type SilenceRequest struct {
	Match  []string   `json:"match"`            // as pipeline.ParseMatcher reads them; all have to hold
	For    string     `json:"for,omitempty"`    // from the start on: "2h", "90m", "7d"
	Starts *time.Time `json:"starts,omitempty"` // RFC 3339; left out, or past: now
	Ends   *time.Time `json:"ends,omitempty"`   // RFC 3339
	By     string     `json:"by"`
	Reason string     `json:"reason"`
}

// Silence returns the silence that is asked for, without an id. The error says everything that is wrong with it.
func (q *SilenceRequest) Silence(now time.Time) (pipeline.Silence, error) {
	s := pipeline.Silence{Starts: now, By: strings.TrimSpace(q.By), Reason: strings.TrimSpace(q.Reason), Made: now}
	var wrong []error
	fault := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if len(q.Match) == 0 {
		fault("match: say what is silenced, such as stream=PAYMENTS*; everything is rule=*")
	}
	match, err := parseMatch(q.Match)
	if err != nil {
		wrong = append(wrong, err)
	}
	s.Match = match
	if q.Starts != nil && q.Starts.After(now) {
		s.Starts = *q.Starts
	}
	if s.Starts.Sub(now) > maxAhead {
		fault("starts: %s is more than a year ahead", s.Starts.Format(time.RFC3339))
	}
	if ends, err := q.ends(s.Starts); err != nil {
		wrong = append(wrong, err)
	} else if s.Ends = ends; !s.Ends.After(now) {
		fault("ends: %s is over already", s.Ends.Format(time.RFC3339))
	} else if lasts := s.Ends.Sub(s.Starts); lasts <= 0 {
		fault("ends: it would end before it starts")
	} else if lasts > maxSilence {
		fault("it would last %s: want at most 30 days; what recurs is a window under maintenance in the configuration", spanText(lasts))
	}
	for _, one := range []struct{ key, text string }{{"by", s.By}, {"reason", s.Reason}} {
		switch {
		case one.text == "":
			fault("%s: is empty", one.key)
		case len(one.text) > maxWords:
			fault("%s: is longer than %d bytes", one.key, maxWords)
		}
	}
	return s, errors.Join(wrong...)
}

// parseMatch reads matchers, and tells of every one that is wrong.
func parseMatch(texts []string) (match pipeline.Match, err error) {
	var wrong []error
	for _, text := range texts {
		m, err := pipeline.ParseMatcher(text)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("match %q: %w", text, err))
			continue
		}
		match = append(match, m)
	}
	return match, errors.Join(wrong...)
}

func (q *SilenceRequest) ends(starts time.Time) (time.Time, error) {
	switch {
	case q.For != "" && q.Ends != nil:
		return time.Time{}, errors.New("give for or ends, not both")
	case q.For != "":
		lasts, err := parseSpan(q.For)
		if err != nil {
			return time.Time{}, fmt.Errorf("for: %w", err)
		}
		return starts.Add(lasts), nil
	case q.Ends != nil:
		return *q.Ends, nil
	}
	return time.Time{}, errors.New("for: say how long, such as 2h")
}

// newSilenceID is short enough to be typed and too long to be met twice.
func newSilenceID() string { return "s-" + strings.ToLower(rand.Text()[:10]) }

// SilenceState is one silence as /api/v1/silences tells it.
type SilenceState struct {
	ID     string    `json:"id"`
	State  string    `json:"state"` // active, pending or over
	Match  []string  `json:"match"`
	Starts time.Time `json:"starts"`
	Ends   time.Time `json:"ends"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	Made   time.Time `json:"made"`
	Window string    `json:"window"` // of the configuration; empty: somebody asked for it
	Covers int       `json:"covers"` // how many of the incidents that are open now match it
}

func silenceState(s *pipeline.Silence, now time.Time, open []pipeline.Incident) SilenceState {
	state := SilenceState{
		ID: s.ID, State: "pending", Match: []string{}, Starts: s.Starts.UTC(), Ends: s.Ends.UTC(), By: s.By, Reason: s.Reason,
		Made: s.Made.UTC(), Window: s.Window,
	}
	switch {
	case !now.Before(s.Ends):
		state.State = "over"
	case s.Active(now):
		state.State = "active"
	}
	for n := range s.Match {
		state.Match = append(state.Match, s.Match[n:n+1].String())
	}
	for n := range open {
		if s.Match.Matches(&open[n]) {
			state.Covers++
		}
	}
	return state
}
