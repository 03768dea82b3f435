package agent

import (
	"cmp"
	"io"
	"slices"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/history"
	"mirrorwatch/pipeline/journal"
)

// historian is what a running agent's journal and one that lies still have in common.
type historian interface {
	Records(from uint64, yield func(pipeline.Record) error) error
	Streams() ([]pipeline.StreamRecord, error)
	Incidents() ([]pipeline.Incident, error)
	Head() (journal.Mark, error)
	Export(w io.Writer, from uint64) error
}

// HistoryState is what /api/v1/history tells.
type HistoryState struct {
	Incidents []PastIncident `json:"incidents"` // oldest first
	More      bool           `json:"more"`      // there are older ones that match
}

// PastIncident is one incident of the history, open or over. Fields that are null are not known, or there is none.
type PastIncident struct {
	Incident string         `json:"incident"`
	Rule     string         `json:"rule"`
	Level    pipeline.Level `json:"level"` // of one that is over: the worst that held at its end
	Identity
	Receiver string `json:"receiver"` // that an incident of the agent is about

	Opened time.Time      `json:"opened"`
	Ended  *time.Time     `json:"ended"` // null: it is open
	Lasted float64        `json:"lasted_seconds"`
	Silent float64        `json:"silent_for_seconds"` // as of its newest change
	Limit  float64        `json:"limit"`              // in unit
	Unit   string         `json:"unit"`
	Reason string         `json:"reason"`
	Detail string         `json:"detail"`
	Cause  pipeline.Cause `json:"cause"`
	Flaps  int            `json:"flaps"`

	Silenced bool            `json:"silenced"` // some of its changes were withheld from a receiver
	Story    string          `json:"story"`    // its newest change in words
	Lines    []pipeline.Line `json:"changes"`  // oldest first
}

// subject is what the incident is about, in words.
func (p *PastIncident) subject() string {
	return pipeline.Subject{
		StreamKey: pipeline.StreamKey{Connection: p.Connection, Account: p.Account, Domain: p.Domain, Stream: p.Stream},
		Kind:      p.Kind, Origin: p.Origin, Via: p.Via, Filter: p.Filter, Receiver: p.Receiver,
	}.String()
}

// pastIncidents returns the incidents that match. Of more than limit, if that is not 0, the newest.
func pastIncidents(from historian, f history.Filter, limit int, now time.Time) (HistoryState, error) {
	state := HistoryState{Incidents: []PastIncident{}}
	if f.Limit = limit; limit > 0 {
		f.Limit++ // to learn whether there are more
	}
	all, err := history.Incidents(records(from), f)
	if err != nil {
		return state, err
	}
	if limit > 0 && len(all) > limit {
		all, state.More = all[len(all)-limit:], true
	}
	for n := range all {
		state.Incidents = append(state.Incidents, pastIncident(&all[n], now))
	}
	return state, nil
}

// pastIncident tells one; what is open lasts until now.
func pastIncident(h *history.Incident, now time.Time) PastIncident {
	i := &h.Incident
	p := PastIncident{
		Incident: i.ID, Rule: i.Rule, Level: i.Level, Identity: identityOf(i.Subject), Receiver: i.Subject.Receiver,
		Opened: i.Opened.UTC(), Limit: i.Limit, Unit: string(i.Unit), Reason: i.Reason, Detail: i.Detail,
		Cause: i.Cause, Flaps: i.Flaps, Silenced: h.Silenced, Lines: []pipeline.Line{},
	}
	end := now
	if !i.Ended.IsZero() {
		end = i.Ended
		p.Ended = new(end.UTC())
	}
	p.Lasted = seconds(max(0, end.Sub(i.Opened)))
	for n := range h.History {
		c := &h.History[n]
		p.Lines = append(p.Lines, c.Line())
		p.Silent, p.Story = seconds(c.Silent), story(c)
	}
	return p
}

// lines returns the changes of all incidents, oldest first.
func (s *HistoryState) lines() []pipeline.Line {
	var all []pipeline.Line
	for n := range s.Incidents {
		all = append(all, s.Incidents[n].Lines...)
	}
	slices.SortStableFunc(all, func(a, b pipeline.Line) int { return a.Time.Compare(b.Time) })
	return all
}

// reportSpan is how far back a report goes that no begin is named for.
const reportSpan = 30 * day

// reportQuery says what a report is about: to is now where it is zero, from is reportSpan before it.
type reportQuery struct {
	from, to, now time.Time
	stopped       bool // no agent runs
	defaults      func(connection string) pipeline.Policy
}

// defaults is what limits streams have where their metadata says nothing.
func (c *Config) defaults(string) pipeline.Policy { return c.Policy() }

func makeReport(h historian, q reportQuery) (*history.Report, error) {
	to := cmp.Or(q.to, q.now)
	if to.After(q.now) {
		to = q.now
	}
	from := cmp.Or(q.from, to.Add(-reportSpan))
	streams, err := h.Streams()
	if err != nil {
		return nil, err
	}
	open, err := h.Incidents()
	if err != nil {
		return nil, err
	}
	return history.MakeReport(history.Query{
		From: from, To: to, Now: q.now, Stopped: q.stopped, Streams: streams, Open: open, Defaults: q.defaults, Records: records(h),
	})
}

// records is everything in the audit.
func records(h historian) history.Source {
	return func(yield func(pipeline.Record) error) error { return h.Records(1, yield) }
}
