package slack

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

// TestMessageTellsTheTruthThroughAnyLife tells random lives of groups. Slack takes every message, the title says whether
// anything is open, and nobody is called by name for anything but what became critical.
func TestMessageTellsTheTruthThroughAnyLife(t *testing.T) {
	s := byToken(t, "http://127.0.0.1:1")
	hook := open(t, Config{Name: "oncall", URL: pipeline.NewSecret("http://127.0.0.1:1" + hookPath), Mention: "@here S0PAYMENTS"})
	rapid.Check(t, func(rt *rapid.T) {
		var life exportertest.Life
		now := exportertest.Start()
		incidents := map[int]*pipeline.Incident{} // that are open
		next := 0
		for range rapid.IntRange(1, 6).Draw(rt, "batches") {
			now = now.Add(time.Minute)
			var changes []pipeline.Change
			paged := map[string]bool{}
			for range rapid.IntRange(1, 12).Draw(rt, "changes") {
				c := randomChange(rt, now, incidents, &next)
				changes = append(changes, c)
				switch {
				case c.Kind.Ends() || c.Incident.Level != pipeline.Critical:
					delete(paged, c.Incident.ID)
				case c.Kind == pipeline.Opened || c.Kind == pipeline.Escalated:
					paged[c.Incident.ID] = true
				}
			}
			n := life.Tell(changes...)
			for _, notifier := range []*Slack{s, hook} {
				body, err := notifier.Render(n)
				if err != nil {
					rt.Fatal(err)
				}
				checkMessage(t, body)
				for _, m := range messagesOf(t, body) {
					called := strings.Contains(m.text, "<!here>")
					_, text, _ := strings.Cut(strings.TrimPrefix(m.text, s.render.mention+" "), " ")
					over := strings.HasPrefix(text, "RESOLVED") || strings.HasPrefix(text, "ALL ENDED") || strings.HasPrefix(text, "NO LONGER")
					told := strings.Contains(text, "; "+strconv.Itoa(n.Open)+" open now")
					if over != (n.Open == 0) && !(told && n.Open > 0) || called && len(paged) == 0 {
						rt.Errorf("%d open, %d became critical: %s", n.Open, len(paged), m.text)
					}
				}
			}
		}
	})
}

func randomChange(rt *rapid.T, now time.Time, incidents map[int]*pipeline.Incident, next *int) pipeline.Change {
	which := rapid.IntRange(0, *next).Draw(rt, "incident")
	i := incidents[which]
	if i == nil {
		which = *next
		*next++
		opened := mirror(which)
		opened.Opened, opened.Since = now, now.Add(-time.Minute)
		opened.Level = rapid.SampledFrom([]pipeline.Level{pipeline.Warning, pipeline.Critical}).Draw(rt, "level")
		if rapid.Bool().Draw(rt, "other rule") {
			opened.Rule = pipeline.RuleNotCopying
		}
		incidents[which] = &opened
		return exportertest.Of(opened, pipeline.Opened, 0)
	}
	kind := rapid.SampledFrom([]pipeline.ChangeKind{
		pipeline.Escalated, pipeline.Eased, pipeline.Updated, pipeline.Reminded, pipeline.Resolved, pipeline.Closed,
	}).Draw(rt, "kind")
	c := exportertest.Of(*i, kind, now.Sub(i.Opened))
	*i = c.Incident
	if kind.Ends() {
		delete(incidents, which)
	}
	return c
}
