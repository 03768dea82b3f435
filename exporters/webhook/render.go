package webhook

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

const (
	maxLabel = 255 // characters; NATS allows no longer names
	maxText  = 500
	maxLong  = 4000 // bytes of an annotation of several lines
	firing   = "firing"
	resolved = "resolved"
)

// message is Alertmanager's webhook body, version 4, field by field.
type message struct {
	Receiver          string            `json:"receiver"`
	Status            string            `json:"status"`
	Alerts            []alert           `json:"alerts"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	TruncatedAlerts   int               `json:"truncatedAlerts"`
}

type alert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"` // zero while firing
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

// render makes one alert an incident, in its newest state and the worst first.
func render(receiver string, n pipeline.Notification) ([]byte, error) {
	m := message{Version: "4", GroupKey: n.Group, Receiver: receiver, Status: resolved, Alerts: []alert{}, GroupLabels: map[string]string{}}
	for _, story := range wording.Stories(n.Changes) {
		a := alertOf(&story)
		if a.Status == firing {
			m.Status = firing
		}
		m.Alerts = append(m.Alerts, a)
	}
	m.CommonLabels = common(m.Alerts, func(a *alert) map[string]string { return a.Labels })
	m.CommonAnnotations = common(m.Alerts, func(a *alert) map[string]string { return a.Annotations })
	if name, same := m.CommonLabels["alertname"]; same {
		m.GroupLabels["alertname"] = name
	}
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("encode alerts: %w", err)
	}
	return bytes.TrimRight(body.Bytes(), "\n"), nil
}

func alertOf(s *wording.Story) alert {
	i := &s.Change.Incident
	a := alert{
		Status:      firing,
		Labels:      labels(&s.Change),
		Annotations: annotations(s),
		StartsAt:    i.Opened.UTC(),
		Fingerprint: fingerprint(i),
	}
	if s.Ended() {
		a.Status, a.EndsAt = resolved, i.Ended.UTC()
	}
	return a
}

func labels(c *pipeline.Change) map[string]string {
	i := &c.Incident
	all := map[string]string{
		"alertname":  i.Rule,
		"rule":       i.Rule,
		"severity":   i.Level.String(),
		"connection": i.Subject.Connection,
		"account":    i.Subject.Account,
		"domain":     i.Subject.Domain,
		"stream":     i.Subject.Stream,
		"kind":       string(i.Subject.Kind),
		"origin":     i.Subject.Origin,
	}
	if c.Kind == pipeline.Closed {
		all["closed"], _, _ = strings.Cut(i.Reason, ":") // "promoted: …" has its words in the annotations
	}
	return cleaned(all, maxLabel)
}

func annotations(s *wording.Story) map[string]string {
	c := &s.Change
	i := &c.Incident
	all := cleaned(map[string]string{
		"summary":    wording.Headline(s),
		"incident":   i.ID,
		"change":     string(c.Kind),
		"reason":     i.Reason,
		"detail":     i.Detail,
		"cause":      string(i.Cause),
		"sure":       string(i.Sure),
		"at_risk":    wording.AtRisk(i),
		"failover":   wording.Failover(i),
		"via":        i.Subject.Via,
		"filter":     i.Subject.Filter,
		"limit":      wording.Limit(i),
		"silent_for": silence(c),
	}, maxText)
	if !i.Since.IsZero() && !inContact(i) {
		all["since"] = i.Since.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	}
	if s.Late {
		all["told"] = "late"
	}
	var facts []string
	for _, fact := range wording.Facts(s) {
		facts = append(facts, fact.String())
	}
	all["description"] = strings.Join(facts, "\n")
	for name, parts := range map[string][]string{
		"evidence": wording.Evidence(i),
		"next":     steps(s),
		"warnings": wording.Warnings(s),
		"commands": wording.Commands(s),
	} {
		if text := lines(parts); text != "" {
			all[name] = text
		}
	}
	return all
}

// steps tells what to do, each step with its command on a line of its own, after the context that the commands are for.
func steps(s *wording.Story) []string {
	var all []string
	if len(wording.Steps(s)) > 0 {
		all = append(all, wording.Hint(s)+":")
	}
	for n, step := range wording.Steps(s) {
		text := fmt.Sprintf("%d. %s", n+1, step.Do)
		if step.Command != "" {
			text += "\n   " + step.Command
		}
		all = append(all, text)
	}
	return all
}

// lines joins as many as fit.
func lines(all []string) string {
	total := 0
	for n, text := range all {
		if total += len(text) + 1; total > maxLong {
			return strings.Join(all[:n], "\n")
		}
	}
	return strings.Join(all, "\n")
}

func silence(c *pipeline.Change) string {
	if c.Silent <= 0 || inContact(&c.Incident) {
		return ""
	}
	return wording.Duration(c.Silent)
}

// inContact tells whether the incident is one of a link that may well be in contact.
func inContact(i *pipeline.Incident) bool {
	return i.Rule == pipeline.RuleNotCopying || i.Rule == pipeline.RuleDiverged
}

// cleaned returns the values that are not empty, fit for one line.
func cleaned(values map[string]string, limit int) map[string]string {
	for name, value := range values {
		values[name] = wording.Plain(value, limit)
	}
	maps.DeleteFunc(values, func(_, value string) bool { return value == "" })
	return values
}

// fingerprint is one for all incidents of a rule on a subject: neither severity nor the way it ended is a part of it,
// so an escalation is not a new alert.
func fingerprint(i *pipeline.Incident) string {
	s := i.Subject
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", []string{
		i.Rule, s.Connection, s.Account, s.Domain, s.Stream, string(s.Kind), s.Origin, s.Via, s.Filter,
	}))
	return hex.EncodeToString(sum[:8])
}

// common returns the pairs that all alerts share.
func common(alerts []alert, of func(*alert) map[string]string) map[string]string {
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
