package diagnosis

import (
	"cmp"
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// This file holds the signs that servers give of the ways between them. Nobody tells which way a link takes: one that went down
// when the link fell silent, and the link's account does not speak against, is taken for its own.

const (
	// downBefore is how long before a link's silence its way may have gone down: a proof is up to a round old.
	downBefore = 30 * time.Second
	// downClose is how far apart the two may be to be one event: a gateway is declared stale after 39 s.
	downClose = 60 * time.Second
	// staleAfter is more than a cut takes to show, with the proof's age and the time between two questions, and less than a gateway
	// takes to be declared stale (39 s).
	staleAfter = 25 * time.Second
	// standsFor is how long nothing came over a way that carries heartbeats each second, and is asked about less often.
	standsFor = 15 * time.Second
)

func routeDown(c *scene) (pipeline.Sureness, string)    { return c.downBy(pipeline.CauseLinkDown) }
func routeRefused(c *scene) (pipeline.Sureness, string) { return c.downBy(pipeline.CausePermission) }
func routeStale(c *scene) (pipeline.Sureness, string)   { return c.downBy(pipeline.CauseBlackhole) }
func routeUnreachable(c *scene) (pipeline.Sureness, string) {
	return c.downBy(pipeline.CauseRoute)
}

// downBy is the surest sign of a way that is down for a cause, by its server's words; without words, it is down.
func (c *scene) downBy(cause pipeline.Cause) (sure pipeline.Sureness, says string) {
	if !c.quiet() || c.answers() {
		return "", ""
	}
	for n := range c.routes {
		r := &c.routes[n]
		if r.Up || !c.mayTake(r) {
			continue
		}
		why, told := reasonCause(r.Detail)
		switch {
		case told:
		case r.Kind == pipeline.TrunkGateway && r.Since.Sub(c.link.Since()) > staleAfter:
			why = pipeline.CauseBlackhole // it stood while nothing came over it: a cut shows at once
		default:
			why = pipeline.CauseLinkDown
		}
		if why != cause {
			continue
		}
		if s := c.downSure(r); weight(s) > weight(sure) {
			sure, says = s, c.downSays(r)
		}
		if sure == pipeline.Certain { // nothing is surer
			break
		}
	}
	return sure, says
}

func (c *scene) downSure(r *pipeline.Trunk) pipeline.Sureness {
	alone := c.unwell() || c.answersElsewhere()
	apart := r.Since.Sub(c.link.Since())
	switch {
	case r.Since.IsZero() && alone:
		return pipeline.Likely
	case r.Since.IsZero():
		return pipeline.Possible
	case apart < -downBefore:
		return "" // the link lived without it
	case apart <= downClose && alone && !c.another(r):
		return pipeline.Certain
	case apart <= downClose || alone:
		return pipeline.Likely
	}
	return pipeline.Possible
}

// another tells whether the same two ends have another way that is up.
func (c *scene) another(r *pipeline.Trunk) bool {
	for n := range c.routes {
		o := &c.routes[n]
		if o.Up && o.Connection == r.Connection && o.Kind == r.Kind && o.Remote == r.Remote && o.Cluster == r.Cluster && o.Outbound == r.Outbound {
			return true
		}
	}
	return false
}

func (c *scene) downSays(r *pipeline.Trunk) string {
	said := fmt.Sprintf("Server %s reports its %s to %s down", named(r.Server), r.Kind, named(r.Remote))
	if !r.Since.IsZero() {
		said += " since " + clock(c.now, r.Since)
	}
	if r.Detail != "" {
		said += ": " + words(r.Detail)
	}
	return said + "."
}

func named(name string) string { return cmp.Or(words(name), "(unnamed)") }

// mayTake tells whether nothing speaks against the link's taking the way.
func (c *scene) mayTake(r *pipeline.Trunk) bool {
	account := c.link.Subject.Account
	return account == "" || r.Account == "" || r.Account == account
}

// routesWell tells whether servers report ways between them, and none that the link may take is down.
func (c *scene) routesWell() bool {
	seen := false
	for n := range c.routes {
		if r := &c.routes[n]; c.mayTake(r) {
			if !r.Up {
				return false
			}
			seen = true
		}
	}
	return seen
}

// routeStands is of a way that its server believes up, and over which nothing comes any more. A gateway receives over the connections
// that the other side made.
func routeStands(c *scene) (sure pipeline.Sureness, says string) {
	silent := c.lost(pipeline.FaultNoAnswer)
	if !c.quiet() || c.answers() || !silent && (c.link.Origin != nil || c.link.Unseen.Kind != pipeline.FaultNone) {
		return "", ""
	}
	since := c.link.Since()
	moving := false
	for n := range c.routes {
		r := &c.routes[n]
		if !r.Up || !c.mayTake(r) || r.Kind == pipeline.TrunkGateway && r.Outbound || r.Moved.IsZero() {
			continue
		}
		if c.now.Sub(r.Moved) <= standsFor || r.Moved.After(since.Add(downBefore)) || r.Since.After(since) {
			moving = true
			continue
		}
		if says == "" {
			says = fmt.Sprintf("Server %s believes its %s to %s up, and received nothing over it since %s.",
				named(r.Server), r.Kind, named(r.Remote), clock(c.now, r.Moved))
		}
	}
	switch {
	case says == "":
		return "", ""
	case silent && !moving:
		return pipeline.Likely, says
	}
	return pipeline.Possible, says
}
