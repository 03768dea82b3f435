package webhook

import (
	"time"

	"mirrorwatch/exporters/internal/alert"
	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

// nativeVersion names the body. Fields may be added under it; none changes its meaning or goes.
const nativeVersion = "mirrorwatch/1"

// native is our own body, as docs/webhook-bodies.md tells it: the changes, each complete in itself, oldest first.
type native struct {
	Version  string         `json:"version"`
	Receiver string         `json:"receiver"`
	Key      string         `json:"key"`
	Title    string         `json:"title"` // of the whole group, one line
	Test     bool           `json:"test,omitempty"`
	Page     string         `json:"status_page,omitempty"`
	Group    nativeGroup    `json:"group"`
	Changes  []nativeChange `json:"changes"`
}

type nativeGroup struct {
	ID     string            `json:"id"`
	Labels map[string]string `json:"labels,omitempty"`
	Open   int               `json:"open"`
	Ended  int               `json:"ended"`
}

// nativeChange is a line of replay and incidents with the rest of what is known.
type nativeChange struct {
	pipeline.Line
	Key         string            `json:"key"`    // the incident's id and the change's number
	Number      int               `json:"number"` // of the change within its incident, from 1
	Was         pipeline.Level    `json:"was"`
	Headline    string            `json:"headline"`
	Late        bool              `json:"told_late,omitempty"`
	Test        bool              `json:"test,omitempty"`
	Fingerprint string            `json:"fingerprint"`
	Via         string            `json:"via,omitempty"`
	Filter      string            `json:"filter,omitempty"`
	About       string            `json:"receiver,omitempty"`
	Opened      time.Time         `json:"opened"`
	Ended       time.Time         `json:"ended,omitzero"`
	Since       time.Time         `json:"since,omitzero"`
	Value       float64           `json:"value"`
	Limit       float64           `json:"limit"`
	Unit        pipeline.Unit     `json:"unit,omitempty"`
	Detail      string            `json:"detail,omitempty"`
	Flaps       int               `json:"flaps,omitempty"`
	Sure        pipeline.Sureness `json:"sure,omitempty"`
	Evidence    []string          `json:"evidence,omitempty"`
	Next        []pipeline.Step   `json:"next,omitempty"`
	Warnings    []string          `json:"warnings,omitempty"`
	Risk        *nativeRisk       `json:"risk,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	Runbook     string            `json:"runbook,omitempty"`
}

type nativeRisk struct {
	Failover pipeline.Failover `json:"failover"`
	Messages uint64            `json:"messages"`
	AtLeast  bool              `json:"at_least"`
	Span     float64           `json:"span_seconds"`
	AsOf     time.Time         `json:"as_of,omitzero"`
	Verified bool              `json:"verified"`
}

func nativeOf(receiver string, pages pipeline.Pages, n *pipeline.Notification) native {
	g := wording.GroupOf(n)
	body := native{
		Version: nativeVersion, Receiver: receiver, Key: n.Key, Title: g.Title(), Test: g.Test, Page: pages.Status,
		Group: nativeGroup{ID: n.Group, Labels: n.Labels, Open: max(n.Open, g.Open), Ended: max(n.Ended, g.Ended)},
	}
	late := map[string]bool{}
	for k := range g.News {
		late[g.News[k].Change.Incident.ID] = g.News[k].Late
	}
	body.Changes = make([]nativeChange, len(n.Changes))
	size := 0
	for k := range n.Changes {
		c := &n.Changes[k]
		s := wording.Story{Change: *c, Late: late[c.Incident.ID] && c.Kind.Ends()}
		body.Changes[k] = changeOf(&s, pages)
		if size += body.Changes[k].explain(&s); size > maxFull {
			body.Changes[k].Evidence, body.Changes[k].Next, body.Changes[k].Warnings = nil, nil, nil
		}
	}
	return body
}

func changeOf(s *wording.Story, pages pipeline.Pages) nativeChange {
	c := &s.Change
	i := &c.Incident
	line := c.Line()
	line.Time, line.Reason = line.Time.UTC(), wording.Plain(line.Reason, alert.MaxText)
	n := nativeChange{
		Line: line, Key: c.Key(), Number: i.Changes, Was: c.From, Headline: wording.Headline(s), Late: s.Late, Test: c.Test,
		Fingerprint: alert.Fingerprint(i), Via: i.Subject.Via, Filter: i.Subject.Filter, About: i.Subject.Receiver,
		Opened: i.Opened.UTC(), Ended: i.Ended.UTC(), Since: i.Since.UTC(), Value: i.Value, Limit: i.Limit, Unit: i.Unit,
		Detail: wording.Plain(i.Detail, alert.MaxText), Flaps: i.Flaps, Sure: i.Sure, Metadata: i.Metadata,
		Runbook: wording.Expand(pages.Runbook, i),
	}
	if r := &i.Risk; r.Failover != "" {
		n.Risk = &nativeRisk{r.Failover, r.Messages, r.AtLeast, r.Span.Seconds(), r.AsOf.UTC(), r.Verified}
	}
	return n
}

// explain adds the diagnosis, and returns how many bytes of text that is.
func (n *nativeChange) explain(s *wording.Story) int {
	n.Evidence, n.Next, n.Warnings = wording.Evidence(&s.Change.Incident), wording.Steps(s), wording.Warnings(s)
	size := 0
	for _, text := range append(n.Evidence[:len(n.Evidence):len(n.Evidence)], n.Warnings...) {
		size += len(text)
	}
	for _, step := range n.Next {
		size += len(step.Do) + len(step.Command)
	}
	return size
}
