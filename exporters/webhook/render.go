package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"mirrorwatch/exporters/internal/alert"
	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

const (
	firing   = "firing"
	resolved = "resolved"

	maxUnchanged = 100     // members of the group without a change that a message repeats
	maxFull      = 2 << 20 // bytes of annotations, after which alerts have those of one line only
)

// message is Alertmanager's webhook body, version 4, field by field.
type message struct {
	Receiver          string            `json:"receiver"`
	Status            string            `json:"status"` // firing while anything of the group is
	Alerts            []oneAlert        `json:"alerts"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	TruncatedAlerts   int               `json:"truncatedAlerts"` // of the group that are open and not among Alerts
}

type oneAlert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"` // zero while firing
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

// messageOf makes one alert an incident in its newest state: those that changed, the worst first, then the worst of the
// group's others.
func messageOf(receiver string, pages pipeline.Pages, n *pipeline.Notification) message {
	m := message{Version: "4", GroupKey: n.Group, Receiver: receiver, Status: resolved, ExternalURL: pages.Status, Alerts: []oneAlert{}}
	stories := append(wording.Stories(n.Changes), unchanged(n, maxUnchanged)...)
	size, open := 0, 0
	for k := range stories {
		s := &stories[k]
		annotations := alert.Annotations(s, pages)
		if size += alert.Size(annotations); size > maxFull {
			annotations = alert.Brief(s, pages)
		}
		a := alertOf(s, annotations, pages)
		if a.Status == firing {
			open++
		}
		m.Alerts = append(m.Alerts, a)
	}
	if n.Open > 0 || open > 0 {
		m.Status = firing
	}
	m.TruncatedAlerts = max(0, n.Open-open)
	m.CommonLabels = common(m.Alerts, func(a *oneAlert) map[string]string { return a.Labels })
	m.CommonAnnotations = common(m.Alerts, func(a *oneAlert) map[string]string { return a.Annotations })
	m.GroupLabels = groupLabels(n, m.CommonLabels)
	return m
}

func alertOf(s *wording.Story, annotations map[string]string, pages pipeline.Pages) oneAlert {
	c := &s.Change
	a := oneAlert{
		Status:       firing,
		Labels:       alert.Labels(c),
		Annotations:  annotations,
		StartsAt:     c.Incident.Opened.UTC(),
		GeneratorURL: pages.Status,
		Fingerprint:  alert.Fingerprint(&c.Incident),
	}
	if s.Ended() {
		a.Status, a.EndsAt = resolved, c.Incident.Ended.UTC()
	}
	if reason := closedBy(c); reason != "" {
		a.Labels["closed"] = reason
	}
	return a
}

// closedBy is why an incident ended without proof, in a word or two; "promoted: …" has the others in the annotations.
func closedBy(c *pipeline.Change) string {
	if c.Kind != pipeline.Closed {
		return ""
	}
	reason, _, _ := strings.Cut(c.Incident.Reason, ":")
	return wording.Plain(reason, alert.MaxLabel)
}

// unchanged returns the open members of the group that the batch brings nothing new of, the worst first, most at most.
func unchanged(n *pipeline.Notification, most int) []wording.Story {
	changed := make(map[string]bool, len(n.Changes))
	for k := range n.Changes {
		changed[n.Changes[k].Incident.ID] = true
	}
	var all []wording.Story
	for _, c := range n.Members {
		if len(all) == most || c.Kind.Ends() {
			break
		}
		if !changed[c.Incident.ID] {
			all = append(all, wording.Story{Change: *c})
		}
	}
	return all
}

// groupLabels is what the route groups by; without that, the rule where it is one.
func groupLabels(n *pipeline.Notification, common map[string]string) map[string]string {
	all := map[string]string{}
	for label, value := range n.Labels {
		all[alert.Name(label)] = value
	}
	name := n.Labels[pipeline.LabelRule]
	if len(n.Labels) == 0 {
		name = common["alertname"]
	}
	all["alertname"] = name
	return alert.Cleaned(all, alert.MaxLabel)
}

// common returns the pairs that all alerts share.
func common(alerts []oneAlert, of func(*oneAlert) map[string]string) map[string]string {
	shared := map[string]string{}
	if len(alerts) == 0 {
		return shared
	}
	maps.Copy(shared, of(&alerts[0]))
	for n := range alerts[1:] {
		other := of(&alerts[n+1])
		maps.DeleteFunc(shared, func(name, value string) bool { return other[name] != value })
	}
	return shared
}

// encode writes JSON in which <, > and & stay readable.
func encode(v any) ([]byte, error) {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode body: %w", err)
	}
	return bytes.TrimRight(body.Bytes(), "\n"), nil
}
