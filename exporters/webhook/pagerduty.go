package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"mirrorwatch/exporters/internal/alert"
	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

// PagerDuty's limits are 1024 characters a summary, 255 a dedup_key, and 512 KB an event.
const (
	maxSummary = 1024
	maxDedup   = 255
	maxWorst   = 20 // incidents that an event names
)

// event is one of PagerDuty's Events API, version 2, without its routing key.
type event struct {
	Action    string       `json:"event_action"` // trigger or resolve
	Dedup     string       `json:"dedup_key"`
	Payload   eventPayload `json:"payload"`
	Links     []eventLink  `json:"links,omitempty"`
	Client    string       `json:"client"`
	ClientURL string       `json:"client_url,omitempty"`
}

type eventPayload struct {
	Summary   string         `json:"summary"`
	Source    string         `json:"source"`
	Severity  string         `json:"severity"` // critical or warning
	Timestamp time.Time      `json:"timestamp"`
	Component string         `json:"component,omitempty"`
	Group     string         `json:"group,omitempty"`
	Class     string         `json:"class,omitempty"`
	Details   map[string]any `json:"custom_details"`
}

type eventLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// eventsOf makes one event a batch: the group is one alert in PagerDuty, from its first incident to its last. What
// opened and ended before it could be told is triggered first, so that somebody hears of it. PagerDuty joins that with
// an alert that is open already.
func eventsOf(pages pipeline.Pages, n *pipeline.Notification) []event {
	g := wording.GroupOf(n)
	e := event{
		Action: "trigger", Dedup: wording.Plain(n.Group, maxDedup), Payload: payloadOf(n, g),
		Client: "mirrorwatch", ClientURL: pages.Status,
	}
	if pages.Status != "" {
		e.Links = append(e.Links, eventLink{pages.Status, "Status page"})
	}
	if len(g.Members) > 0 && pages.Runbook != "" {
		e.Links = append(e.Links, eventLink{wording.Expand(pages.Runbook, &g.Members[0].Change.Incident), "Runbook"})
	}
	if n.Open > 0 || !g.Over() {
		return []event{e}
	}
	resolve := e
	resolve.Action = "resolve"
	for k := range g.News {
		if g.News[k].Late {
			return []event{e, resolve}
		}
	}
	return []event{resolve}
}

func payloadOf(n *pipeline.Notification, g *wording.Group) eventPayload {
	p := eventPayload{
		Summary: wording.Plain(g.Title(), maxSummary), Source: "mirrorwatch", Severity: pipeline.Warning.String(),
		Group: groupName(n), Details: details(n, g),
	}
	if level := g.Level(); level == pipeline.Critical || level == pipeline.Unknown {
		p.Severity = pipeline.Critical.String()
	}
	share := func(label string) string { return shared(g.Members, label) }
	p.Component, p.Class = share(pipeline.LabelStream), share(pipeline.LabelRule)
	if connection := share(pipeline.LabelConnection); connection != "" {
		p.Source = connection
	}
	for k := range g.Members {
		if opened := g.Members[k].Change.Incident.Opened.UTC(); p.Timestamp.IsZero() || opened.Before(p.Timestamp) {
			p.Timestamp = opened
		}
	}
	return p
}

// details is what PagerDuty shows of the alert: what is new, the facts of the group, what to do, and the worst incidents.
func details(n *pipeline.Notification, g *wording.Group) map[string]any {
	open, ended := max(n.Open, g.Open), max(n.Ended, g.Ended)
	all := map[string]any{"key": n.Key, "open": open, "ended": ended}
	if g.Test {
		all["test"] = true
	}
	if len(g.Members) == 0 {
		return all
	}
	add := func(name string, list []string) {
		if len(list) > 0 {
			all[name] = list
		}
	}
	var facts []string
	for _, fact := range g.Facts() {
		facts = append(facts, fact.String())
	}
	add("facts", facts)
	add("commands", g.Commands())
	worst := &g.Members[0]
	if cause := shared(g.Members[:max(1, g.Open)], pipeline.LabelCause); cause != "" {
		all["cause"] = cause
		add("next", alert.Steps(worst))
		add("warnings", wording.Warnings(worst))
	}
	if g.Only() != nil {
		all["incident"] = worst.Change.Incident.ID
		return all
	}
	all["news"] = g.Brings()
	var lines []string
	for k := range g.Members[:min(maxWorst, len(g.Members))] {
		lines = append(lines, memberLine(g, &g.Members[k]))
	}
	add("incidents", lines)
	if left := open + ended - len(lines); left > 0 {
		all["more_incidents"] = left
	}
	return all
}

// memberLine tells of one incident of many.
func memberLine(g *wording.Group, s *wording.Story) string {
	switch s.Change.Kind {
	case pipeline.Resolved:
		return "RESOLVED: " + g.Line(s)
	case pipeline.Closed:
		return g.Line(s) // says so itself
	}
	return strings.ToUpper(s.Change.Incident.Level.String()) + ": " + g.Line(s)
}

// groupName is what the group's incidents have in common, in one line.
func groupName(n *pipeline.Notification) string {
	var parts []string
	for _, label := range pipeline.LabelNames() {
		if value := n.Labels[label]; value != "" {
			parts = append(parts, label+"="+value)
		}
	}
	return wording.Plain(strings.Join(parts, " "), maxSummary)
}

// shared is the value of a label that all have; empty where they differ.
func shared(stories []wording.Story, label string) string {
	value := ""
	for k := range stories {
		one := stories[k].Change.Incident.Label(label)
		if k > 0 && one != value {
			return ""
		}
		value = one
	}
	return wording.Plain(value, alert.MaxLabel)
}

// enqueue sends the events in order. After a failure all are sent again, which changes nothing: they share a dedup_key.
func (w *Webhook) enqueue(ctx context.Context, url string, body []byte) error {
	key, err := w.routing.Reveal()
	if err != nil {
		return fmt.Errorf("read routing key: %w", err)
	}
	var events []json.RawMessage
	if err := json.Unmarshal(body, &events); err != nil {
		return pipeline.Permanent(fmt.Errorf("decode events: %w", err))
	}
	head, err := encode(map[string]string{"routing_key": key})
	if err != nil {
		return pipeline.Permanent(errors.New("encode routing key"))
	}
	header := http.Header{"Content-Type": {"application/json"}}
	for _, e := range events {
		whole := append(append(head[:len(head)-1:len(head)-1], ','), e[1:]...)
		if err := w.client.Post(ctx, url, header, whole, key); err != nil {
			return refused(err)
		}
	}
	return nil
}

// refused sorts a refusal of the routing key, which PagerDuty answers as it does a bad event: with 400, "Invalid routing
// key" or "Length of 'routing_key' is incorrect". It is not the event's fault.
func refused(err error) error {
	text := strings.ToLower(err.Error())
	if pipeline.IsPermanent(err) && (strings.Contains(text, "routing key") || strings.Contains(text, "routing_key")) {
		return pipeline.Broken(err)
	}
	return err
}
