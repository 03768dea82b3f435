package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// Silences returns what is withheld: what people asked for, with what is over for less than a day, and the recurring
// windows. It may be called at any time.
func (c *Committer) Silences() pipeline.Silences { return c.outbox.gate.silences() }

// AddSilence puts a silence in force, in place of one with the same id. It returns an error that says what is wrong with
// it, or nil once it is on disk. With the journal's error, or ctx's, it is in force all the same, but may not outlive the agent.
func (c *Committer) AddSilence(ctx context.Context, s pipeline.Silence) error {
	now := time.Now()
	if err := checkSilence(now, &s); err != nil {
		return err
	}
	return c.keepSilence(ctx, now, s, pipeline.Event{At: now, Kind: pipeline.EventSilenced, Text: "by " + s.By})
}

// EndSilence ends a silence that is in force or to come; false: there is none of that id. Errors are as AddSilence's.
func (c *Committer) EndSilence(ctx context.Context, id, by string) (bool, error) {
	now := time.Now()
	all := c.Silences()
	n := slices.IndexFunc(all.Added, func(s pipeline.Silence) bool { return s.ID == id && now.Before(s.Ends) })
	if n < 0 {
		for i := range all.Windows {
			if all.Windows[i].Turn(now).ID == id {
				return false, fmt.Errorf("%s is a turn of maintenance window %s: it ends by the configuration", id, all.Windows[i].Name)
			}
		}
		return false, nil
	}
	s := all.Added[n]
	s.Ends = now
	return true, c.keepSilence(ctx, now, s, pipeline.Event{At: now, Kind: pipeline.EventUnsilenced, Text: "by " + by})
}

// keepSilence puts a silence in force and waits until it is journaled.
func (c *Committer) keepSilence(ctx context.Context, now time.Time, s pipeline.Silence, e pipeline.Event) error {
	c.outbox.gate.put(now, s)
	c.outbox.rouse()
	e.Silence = &s
	select {
	case err := <-c.save(pipeline.Commit{Silences: []pipeline.Silence{s}, Events: []pipeline.Event{e}}):
		if err != nil {
			return fmt.Errorf("keep silence: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("keep silence: %w", ctx.Err())
	}
}

// checkSilence tells all that is wrong with a silence.
func checkSilence(now time.Time, s *pipeline.Silence) error {
	var errs []error
	wrong := func(text string, is bool) {
		if is {
			errs = append(errs, errors.New(text))
		}
	}
	wrong("no id", s.ID == "")
	wrong("no match: level=* silences everything", len(s.Match) == 0)
	for _, m := range s.Match {
		if err := m.Check(); err != nil {
			errs = append(errs, err)
		}
	}
	wrong("it ends before it starts", !s.Ends.After(s.Starts))
	wrong("it is over already", s.Ends.After(s.Starts) && !s.Ends.After(now))
	wrong("nobody's name: say by whom it is", s.By == "")
	wrong("no reason", s.Reason == "")
	if len(errs) > 0 {
		return fmt.Errorf("add silence: %w", errors.Join(errs...))
	}
	return nil
}
