package alertmanager

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"mirrorwatch/exporters/internal/alert"
	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

const (
	// lateFor is how long an alert fires that opened and ended before it could be told: Alertmanager tells nobody of an end
	// whose beginning it has not told, and waits for its group_interval (5 min) before it tells.
	lateFor = 10 * time.Minute
	// testFor is how long a test fires, its end included: one that ended at once would be told to nobody.
	testFor = 10 * time.Minute

	maxFilter = 1024    // characters of several subject filters
	maxFull   = 2 << 20 // bytes of annotations, after which alerts have those of one line only
)

// postable is an alert as Alertmanager's API takes it.
type postable struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt,omitzero"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// body is what is frozen of a batch: alerts that ended have their end, the others get theirs when they are sent.
type body struct {
	Alerts []frozen `json:"alerts"`
}

type frozen struct {
	postable
	Lasts time.Duration `json:"lasts,omitempty"` // in place of the lapse; 0: the lapse counts
}

// bodyOf makes alerts of all incidents that changed. Alertmanager takes another severity for another alert, so the one
// with the severity before ends with the same post.
func bodyOf(changes []pipeline.Change, pages pipeline.Pages) *body {
	b := &body{Alerts: []frozen{}}
	before := levelsOf(changes)
	size := 0
	for _, s := range wording.Stories(changes) {
		b.add(&s, pages, &size)
		for _, level := range []pipeline.Level{pipeline.Warning, pipeline.Critical} {
			if before[s.Change.Incident.ID][level] && level != s.Change.Incident.Level {
				b.Alerts = append(b.Alerts, outgrown(&s, level, pages))
			}
		}
	}
	return b
}

// refreshed makes alerts of incidents that are open.
func refreshed(open []*pipeline.Change, pages pipeline.Pages) *body {
	b := &body{}
	size := 0
	for _, c := range open {
		if !c.Kind.Ends() {
			b.add(&wording.Story{Change: *c}, pages, &size)
		}
	}
	return b
}

func (b *body) add(s *wording.Story, pages pipeline.Pages, size *int) {
	c := &s.Change
	annotations := alert.Annotations(s, pages)
	if *size += alert.Size(annotations); *size > maxFull {
		annotations = alert.Brief(s, pages)
	}
	one := frozen{postable: postable{
		Labels: labels(c), Annotations: annotations, StartsAt: c.Incident.Opened.UTC(), GeneratorURL: pages.Status,
	}}
	switch {
	case c.Test:
		one.Lasts = testFor
	case s.Late:
		one.Lasts = lateFor
	case s.Ended():
		one.EndsAt = c.Incident.Ended.UTC()
	}
	b.Alerts = append(b.Alerts, one)
}

// outgrown is the end of the alert that the incident was at another level.
func outgrown(s *wording.Story, level pipeline.Level, pages pipeline.Pages) frozen {
	c := s.Change
	c.Incident.Level = level
	return frozen{postable: postable{
		Labels: labels(&c), Annotations: alert.Brief(s, pages), StartsAt: c.Incident.Opened.UTC(), EndsAt: c.At.UTC(), GeneratorURL: pages.Status,
	}}
}

// levelsOf returns the levels that each incident had, by its changes. The end of one whose level was ever another names both: a
// batch that told of the other one may have been given up on.
func levelsOf(changes []pipeline.Change) map[string]map[pipeline.Level]bool {
	all := map[string]map[pipeline.Level]bool{}
	for k := range changes {
		c := &changes[k]
		had := all[c.Incident.ID]
		if had == nil {
			had = map[pipeline.Level]bool{}
			all[c.Incident.ID] = had
		}
		had[c.From], had[c.Incident.Level] = true, true
		if c.Kind.Ends() && c.Incident.Shifted {
			had[pipeline.Warning], had[pipeline.Critical] = true, true
		}
	}
	return all
}

// labels are those of the webhook's alerts, and what else tells two links apart. None but the severity changes while an
// incident lasts: Alertmanager would take it for another alert.
func labels(c *pipeline.Change) map[string]string {
	all := alert.Labels(c)
	maps.Copy(all, alert.Cleaned(map[string]string{"via": c.Incident.Subject.Via, "filter": c.Incident.Subject.Filter}, maxFilter))
	return all
}

// at returns the alerts as they are sent at now: what is open ends later than anybody should be silent.
func (b *body) at(now time.Time, lapse time.Duration) []postable {
	all := make([]postable, len(b.Alerts))
	for n, one := range b.Alerts {
		all[n] = one.postable
		switch {
		case one.Lasts > 0:
			all[n].EndsAt = now.Add(min(one.Lasts, lapse)).UTC()
		case one.EndsAt.IsZero():
			all[n].EndsAt = now.Add(lapse).UTC()
		}
	}
	return all
}

func decode(text []byte) (*body, error) {
	var b body
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, fmt.Errorf("decode alerts: %w", err)
	}
	return &b, nil
}

// encode writes JSON in which <, > and & stay readable.
func encode(v any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode alerts: %w", err)
	}
	return bytes.TrimRight(text.Bytes(), "\n"), nil
}
