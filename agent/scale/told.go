package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"mirrorwatch/agent/internal/measure"
	"mirrorwatch/pipeline"
)

// connection is what the agent tells of its one connection.
func (a *agent) connection() (c pipeline.ConnectionStatus, err error) {
	response, err := http.Get(a.API + "/readyz")
	if err != nil {
		return c, fmt.Errorf("ask the agent: %w", err)
	}
	defer response.Body.Close()
	var ready struct {
		Connections []pipeline.ConnectionStatus `json:"connections"`
	}
	if err := json.NewDecoder(response.Body).Decode(&ready); err != nil {
		return c, fmt.Errorf("ask the agent: %w", err)
	}
	if len(ready.Connections) == 1 { // else the first round is still to come
		c = ready.Connections[0]
	}
	return c, nil
}

// knows waits until the agent knows so many links.
func (a *agent) knows(ctx context.Context, links int, patience time.Duration) error {
	for until := time.Now().Add(patience); ; {
		c, err := a.connection()
		switch {
		case err != nil:
			return err
		case c.Links == links:
			return nil
		case time.Now().After(until):
			return fmt.Errorf("the agent knows %d of %d links", c.Links, links)
		}
		if err := measure.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// round waits until one more round came to its end, and returns how long it took.
func (a *agent) round(ctx context.Context) (took time.Duration, err error) {
	var first time.Time
	for until := time.Now().Add(5 * time.Minute); ; {
		c, err := a.connection()
		switch {
		case err != nil:
			return 0, err
		case first.IsZero():
			first = c.Round
		case c.Round.After(first):
			return time.Duration(c.Took * float64(time.Second)), nil
		case time.Now().After(until):
			return 0, fmt.Errorf("no round came to its end since %s", first.Format(time.TimeOnly))
		}
		if err := measure.Sleep(ctx, lookEach); err != nil {
			return 0, err
		}
	}
}

// settleRounds pass before anything counts, however long an agent settles.
const settleRounds = 3

// settles waits until the agent knows all links, and then until what it begins with is behind it: the first questions about all
// origins, the first rows of the journal. It returns when a round has just ended.
func (a *agent) settles(ctx context.Context, p plan) error {
	if err := a.knows(ctx, p.links, 2*time.Minute+4*p.interval); err != nil {
		return err
	}
	settled := time.Now().Add(p.settling)
	for n := 0; n < settleRounds || time.Now().Before(settled); n++ {
		if _, err := a.round(ctx); err != nil {
			return err
		}
	}
	return nil
}
