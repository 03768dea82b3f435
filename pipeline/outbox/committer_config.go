package outbox

import (
	"time"

	"mirrorwatch/pipeline"
)

// overdueAfter is how long a delivery may take before the agent as a whole counts as not well.
const overdueAfter = 5 * time.Minute

// Reconfigure puts another configuration in force, and other rules for the agent itself. What waits for receivers that stay, by
// name, is kept, with what they were told; an attempt under way goes on to its end with the notifier that began it. Receivers
// that left are given up on, and new ones hear of what changes from now on. It may be called at any time, by one
// goroutine at once.
func (c *Committer) Reconfigure(d Dispatch, rules []pipeline.Rule) {
	c.outbox.reconfigure(d, time.Now())
	c.mu.Lock()
	c.rules = append([]pipeline.Rule{}, rules...)
	c.mu.Unlock()
	c.judgeAnew(nil)
}

// ConfigRefused tells that the configuration on disk is not put in force, and why.
func (c *Committer) ConfigRefused(now time.Time, text string) {
	c.Record(pipeline.Event{At: now, Kind: pipeline.EventReloadRefused, Text: text})
	c.judgeAnew(func(v *pipeline.AgentView) {
		if v.ConfigError == "" {
			v.ConfigSince = now
		}
		v.ConfigError = text
	})
}

// ConfigLoaded tells that the configuration on disk is in force; event says what changed.
func (c *Committer) ConfigLoaded(now time.Time, event string) {
	c.Record(pipeline.Event{At: now, Kind: pipeline.EventReloaded, Text: event})
	c.judgeAnew(func(v *pipeline.AgentView) { v.ConfigError, v.ConfigSince = "", now })
}

// judgeAnew has the agent judged soon, by a view that is different.
func (c *Committer) judgeAnew(different func(*pipeline.AgentView)) {
	c.mu.Lock()
	if different != nil {
		different(&c.view)
	}
	c.rejudge = true
	c.mu.Unlock()
	c.rouse()
}

// Record hands in events for the audit. It never blocks, and may be called from any goroutine until Run returned.
func (c *Committer) Record(events ...pipeline.Event) {
	c.hand(func(g *commitGroup, now time.Time) { g.add(pipeline.Commit{Events: events}, now) })
}

// Overdue names the receivers that something undelivered waits for longer than 5 min, and those that are broken. What a
// silence withholds is not waiting. It may be called at any time.
func (c *Committer) Overdue(now time.Time) (receivers []string) {
	for _, s := range c.outbox.Stats() {
		if !s.Broken.IsZero() || !s.Oldest.IsZero() && now.Sub(s.Oldest) > overdueAfter {
			receivers = append(receivers, s.Receiver)
		}
	}
	return receivers
}
