package agent

import (
	"context"
	"reflect"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// reload puts another configuration in force, and returns what changed, in words without secrets. Everything new is made
// first; on an error nothing has changed. It belongs to the goroutine that runs the agent.
func (a *assembly) reload(ctx context.Context, file string, next *Config) (changes []string, err error) {
	before := a.config
	if faults := fixed(file, before, next); len(faults) > 0 {
		return nil, faults
	}
	receivers, err := a.makeReceivers(next)
	if err != nil {
		return nil, err
	}
	metrics, err := a.makeMetrics(ctx, next)
	if err != nil {
		return nil, err
	}
	connections, err := a.connect(ctx, next)
	if err != nil {
		if metrics != a.metrics {
			a.discard("otlp exporter", func() error { return metrics.close(a.ending) })
		}
		return nil, err
	}
	changes = changesOf(before, next)
	for _, c := range connections { // of which the configuration says the same
		if old := find(a.connections, c.config.Name); old != nil && reflect.DeepEqual(old.config, c.config) && !reflect.DeepEqual(old.whole, c.whole) {
			changes = append(changes, "connection "+c.config.Name+" changed (its nats context)")
		}
	}
	if len(changes) == 0 {
		return nil, nil
	}

	a.committer.Reconfigure(next.dispatch(notifiers(receivers), a.direct), next.agentRules())
	a.journal.SetRetention(next.Retention.keep())
	a.mu.Lock()
	a.config, a.receivers = next, receivers
	a.mu.Unlock()
	a.replaceConnections(ctx, next, connections)
	a.replaceMetrics(ctx, metrics)
	if !reflect.DeepEqual(before.Heartbeat, next.Heartbeat) {
		a.heartbeat.end()
		a.heartbeat = a.beat(ctx, next)
	}
	return changes, nil
}

// tryAgain ends the pauses of receivers that failed: whoever asks has perhaps mended one.
func (a *assembly) tryAgain() {
	config := a.inForce()
	a.mu.RLock()
	receivers := a.receivers
	a.mu.RUnlock()
	a.committer.Reconfigure(config.dispatch(notifiers(receivers), a.direct), config.agentRules())
}

// replaceConnections stops the rings that do not stay, starts those that are new, where there was one from its state, and
// forgets connections that are no longer there.
func (a *assembly) replaceConnections(ctx context.Context, next *Config, connections []*connection) {
	before := a.connections
	var over []*connection
	for _, c := range before {
		if !slices.Contains(connections, c) {
			over = append(over, c)
			c.task.cancel()
		}
	}
	var state pipeline.State
	for _, c := range over {
		c.end()
		own := c.ring.State()
		state.Streams, state.Incidents = append(state.Streams, own.Streams...), append(state.Incidents, own.Incidents...)
		state.Ended, state.Proofs = append(state.Ended, own.Ended...), append(state.Proofs, own.Proofs...)
	}
	now := time.Now()
	for _, c := range connections {
		if c.ring == nil {
			c.ring = a.newRing(now, next, c, state)
			c.start(ctx)
		}
	}
	a.mu.Lock()
	a.connections = connections
	a.mu.Unlock()
	a.forget(now, state)
	var left []source
	for _, c := range over {
		if find(connections, c.config.Name) == nil {
			a.board.DropConnection(c.config.Name)
		}
		if !slices.ContainsFunc(connections, func(other *connection) bool { return other.source == c.source }) {
			left = append(left, c.source)
		}
	}
	a.discard("connections", func() error { return closeSources(left) })
}

// replaceMetrics begins to report through another exporter.
func (a *assembly) replaceMetrics(ctx context.Context, next *metrics) {
	before := a.metrics
	if before == next {
		return
	}
	before.end()
	a.reportLast()
	a.mu.Lock()
	a.metrics = next
	a.mu.Unlock()
	next.follow(ctx, before, a.board)
	next.start(ctx, a.board)
	a.discard("otlp exporter", func() error { return before.close(a.ending) })
}

// discard closes what was replaced, beside all else.
func (a *assembly) discard(what string, closeIt func() error) {
	a.closing.Go(func() {
		if err := closeIt(); err != nil {
			a.log.Warn("close "+what+" of before", "error", err)
		}
	})
}
