package agent

import (
	"maps"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// forget ends what is kept of connections that are no longer configured. Each is told of once: its open incidents close,
// and where none was open, one closed change on the connection says that it is watched no longer.
func (a *assembly) forget(now time.Time, state pipeline.State) {
	gone := func(connection string) bool {
		return connection != "" && find(a.connections, connection) == nil
	}
	told := map[string]bool{} // by connection: whether a change tells of its end
	var streams []pipeline.StreamKey
	for _, r := range state.Streams {
		if gone(r.Key.Connection) {
			streams = append(streams, r.Key)
			told[r.Key.Connection] = false
		}
	}
	var pages []pipeline.ProofPage
	for _, p := range state.Proofs {
		if gone(p.Connection) {
			pages = append(pages, pipeline.ProofPage{Connection: p.Connection, Number: p.Number})
		}
	}
	tracker := pipeline.NewTracker(state.Incidents, nil)
	var changes []pipeline.Change
	for _, i := range state.Incidents {
		if !gone(i.Subject.Connection) {
			continue
		}
		if c, ok := tracker.Close(now, i.Rule, i.Subject, pipeline.ReasonNotConfigured); ok {
			changes = append(changes, c)
			told[i.Subject.Connection] = true
		}
	}
	for _, connection := range slices.Sorted(maps.Keys(told)) {
		a.log.Warn("no longer watched", "connection", connection, "reason", pipeline.ReasonNotConfigured)
		if !told[connection] {
			subject := pipeline.Subject{StreamKey: pipeline.StreamKey{Connection: connection}}
			changes = append(changes, tracker.Tell(now, pipeline.RuleUnobserved, subject, pipeline.ReasonNotConfigured))
		}
	}
	if len(streams)+len(pages)+len(changes) > 0 {
		a.committer.Submit(pipeline.Kept{Gone: streams, Proofs: pages, Changes: changes})
	}
}
