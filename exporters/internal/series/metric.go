// Package series is the one model of what is told of links, and of the ways between servers, in metrics: names, units,
// descriptions, attributes and values. It reads the board, and knows no encoding but the size that OTLP's takes.
package series

import (
	"math"
	"time"

	"mirrorwatch/pipeline"
)

// Metric is one metric of links. Either Int or Float gives a link's value; false: it is not known, and there is no point. An age
// of 0 or -1 would be a lie.
type Metric struct {
	Name, Unit, Description string

	Counter bool // else a gauge
	Int     func(l *pipeline.LinkStatus, now time.Time) (int64, bool)
	Float   func(l *pipeline.LinkStatus, now time.Time) (float64, bool)
}

// OfLinks returns the metrics that a link has, in the order in which they are told.
func OfLinks() []Metric {
	return []Metric{
		{
			Name: "nats.replication.status", Description: "0 ok, 1 warning, 2 critical, 3 unknown.",
			Int: func(l *pipeline.LinkStatus, _ time.Time) (int64, bool) { return int64(l.Level), true },
		},
		{
			Name: "nats.replication.violations", Unit: "{violation}", Description: "How often the link was silent past its limit.",
			Counter: true,
			Int:     func(l *pipeline.LinkStatus, _ time.Time) (int64, bool) { return count(l.Violations), true },
		},
		{
			Name: "nats.replication.blackout.time", Unit: "s", Description: "Time that the link was silent past its limit.",
			Counter: true,
			Float:   func(l *pipeline.LinkStatus, now time.Time) (float64, bool) { return l.BlackoutAt(now).Seconds(), true },
		},
		{
			Name: "nats.replication.last_seen.age", Unit: "s", Description: "Time since contact with the origin was last proven.",
			Float: func(l *pipeline.LinkStatus, now time.Time) (float64, bool) {
				return max(0, now.Sub(l.Proof).Seconds()), !l.Proof.IsZero()
			},
		},
		{
			Name: "nats.replication.limit", Unit: "s", Description: "Age of the last proof that is critical.",
			Float: func(l *pipeline.LinkStatus, _ time.Time) (float64, bool) { return l.Limit.Seconds(), l.Limit > 0 },
		},
		{
			Name: "nats.replication.lag", Unit: "{message}", Description: "Messages that are missing, as the server reports them.",
			Int: func(l *pipeline.LinkStatus, _ time.Time) (int64, bool) { return count(l.Lag), l.Reported },
		},
		{
			Name: "nats.replication.at_risk", Unit: "{message}", Description: "Messages that a failover now would lose; at least so many where the origin cannot be seen.",
			Int: func(l *pipeline.LinkStatus, _ time.Time) (int64, bool) {
				return count(l.Risk.Messages), riskKnown(&l.Risk)
			},
		},
	}
}

// riskKnown tells whether a number can be told: the count, or a lower bound that says something. A bound of 0 would be read as
// "nothing is at risk".
func riskKnown(r *pipeline.Risk) bool {
	return r.Failover != "" && (!r.AtLeast || r.Messages > 0)
}

func count(n uint64) int64 { return int64(min(n, math.MaxInt64)) }

// start is when a link's counters began: a link seen first while the agent runs counts from there, so that a stream that is
// deleted and made again starts anew.
func start(l *pipeline.LinkStatus, started, now time.Time) time.Time {
	if l.First.After(started) && l.First.Before(now) {
		return l.First
	}
	return started
}
