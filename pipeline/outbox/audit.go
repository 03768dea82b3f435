package outbox

import (
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// auditing gathers what the audit is to be told of withheld changes.
type auditing struct {
	base     pipeline.Event
	withheld map[string]*pipeline.Event // by silence
	order    []*pipeline.Event
	dropped  pipeline.Event
	released pipeline.Event
}

func newAuditing(receiver string, now time.Time) *auditing {
	return &auditing{base: pipeline.Event{At: now, Receiver: receiver}, withheld: map[string]*pipeline.Event{}}
}

func (a *auditing) withhold(c *pipeline.Change, by *pipeline.Silence) {
	e := a.withheld[by.ID]
	if e == nil {
		one := a.base
		one.Kind, one.Silence = pipeline.EventWithheld, new(*by)
		one.Text = fmt.Sprintf("silenced by %s until %s: %s", by.By, by.Ends.UTC().Format(time.RFC3339), by.Reason)
		e = &one
		a.withheld[by.ID] = e
		a.order = append(a.order, e)
	}
	e.Changes = append(e.Changes, c.Key())
}

func (a *auditing) drop(c *pipeline.Change, by *pipeline.Silence) {
	if by != nil {
		a.dropped.Silence = new(*by)
	}
	a.dropped.Changes = append(a.dropped.Changes, c.Key())
}

func (a *auditing) release(c *pipeline.Change) {
	a.released.Changes = append(a.released.Changes, c.Key())
}

func (a *auditing) events() (all []pipeline.Event) {
	for _, e := range a.order {
		all = append(all, *e)
	}
	if len(a.dropped.Changes) > 0 {
		e := a.base
		e.Kind, e.Changes, e.Silence, e.Text = pipeline.EventWithheld, a.dropped.Changes, a.dropped.Silence, "opened and ended while silenced"
		all = append(all, e)
	}
	if len(a.released.Changes) > 0 {
		e := a.base
		e.Kind, e.Changes, e.Text = pipeline.EventReleased, a.released.Changes, "no silence covers them any more"
		all = append(all, e)
	}
	return all
}
