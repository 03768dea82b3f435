package pipeline

import (
	"context"
	"log/slog"
	"math"
)

// This file holds what a Ring logs.

// tellLinks logs how many links are watched when there are none, or when that has changed from or to none: an agent that
// watches nothing looks well. Seen tells whether a round told of everything, and the connection is not blind.
func (r *Ring) tellLinks(links int, seen bool) {
	if !seen {
		return
	}
	watching := links > 0
	if r.told && watching == r.watching {
		return
	}
	r.told, r.watching = true, watching
	if watching {
		r.log.Info("watching", "connection", r.name, "links", links)
	} else {
		r.log.Warn("no link is watched: no chosen stream is a mirror or has sources", "connection", r.name)
	}
}

// LogChange logs a state change once: from, to and why.
func LogChange(log *slog.Logger, c *Change) {
	i := &c.Incident
	level := slog.LevelInfo
	if c.Kind.Pings() {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.String("incident", i.ID), slog.String("rule", i.Rule), slog.String("from", c.From.String()),
		slog.String("level", i.Level.String()),
	}
	for _, part := range []struct{ name, value string }{
		{"connection", i.Subject.Connection},
		{"receiver", i.Subject.Receiver},
		{"account", i.Subject.Account},
		{"domain", i.Subject.Domain},
		{"stream", i.Subject.Stream},
		{"kind", string(i.Subject.Kind)},
		{"origin", i.Subject.Origin},
		{"via", i.Subject.Via},
		{"filter", i.Subject.Filter},
		{"reason", i.Reason},
		{"detail", i.Detail},
	} {
		if part.value != "" {
			attrs = append(attrs, slog.String(part.name, part.value))
		}
	}
	if c.Silent > 0 {
		attrs = append(attrs, slog.Float64("silent_for_seconds", math.Round(c.Silent.Seconds()*1e3)/1e3))
	}
	if i.Limit > 0 {
		attrs = append(attrs, slog.Float64("limit", i.Limit))
	}
	log.LogAttrs(context.Background(), level, "incident "+string(c.Kind), attrs...)
}
