package agent

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"mirrorwatch/exporters/telemetry"
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
	"mirrorwatch/pipeline/outbox"
)

// assembly is everything that one agent is made of. What a reload replaces is behind mu: only the goroutine that runs the
// agent, and then the reloader, write it.
type assembly struct {
	log       *slog.Logger
	board     *pipeline.Board
	journal   *journal.Journal
	outbox    *outbox.Outbox
	committer *outbox.Committer
	own       *telemetry.Own
	direct    []pipeline.Receiver // Options.Receivers
	ending    context.Context     // over when all that asks collectors has to be
	over      context.CancelFunc
	closing   sync.WaitGroup // of what was replaced

	mu          sync.RWMutex
	config      *Config
	receivers   []madeReceiver
	connections []*connection
	metrics     *metrics  // nil: none are exported
	heartbeat   *task     // nil: there is none
	problem     string    // why the configuration on disk is not in force; empty: it is
	problemAt   time.Time // since when
}

func newAssembly(ctx context.Context, o Options) (_ *assembly, err error) {
	now := time.Now()
	a := &assembly{config: o.Config, log: o.Log, board: pipeline.NewBoard(now), direct: o.Receivers}
	a.ending, a.over = outlast(ctx, endTime-closeTime)
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	if a.receivers, err = a.makeReceivers(o.Config); err != nil {
		return nil, err
	}
	last := lastWritten(o.Config.DataDir)
	if a.journal, err = journal.Open(o.Config.DataDir, now); err != nil {
		return nil, err
	}
	a.journal.SetRetention(o.Config.Retention.keep())
	state, err := a.journal.Load()
	if err != nil {
		return nil, err
	}
	if state.Lost != "" {
		o.Log.Error("earlier state is lost", "what", state.Lost)
	}
	if a.own, err = a.newOwn(o.Config); err != nil {
		return nil, err
	}
	var written pipeline.Journal = a.journal
	if o.journal != nil {
		written = o.journal(a.journal)
	}
	a.outbox = outbox.New(o.Config.dispatch(notifiers(a.receivers), a.direct), state, o.Log)
	a.committer = outbox.NewCommitter(outbox.CommitterOptions{
		Journal: written, Outbox: a.outbox, Board: a.board, Rules: o.Config.agentRules(), State: state, Log: o.Log,
		Grace: drainTime, Committed: a.own.Committed,
	})
	a.committer.Record(pipeline.Event{At: now, Kind: pipeline.EventStarted, Text: ThisBuild().String(), Last: last})
	if slices.ContainsFunc(state.Incidents, func(i pipeline.Incident) bool { return i.Rule == pipeline.RuleConfig }) {
		a.committer.ConfigLoaded(now, "read at the start")
	}
	if a.metrics, err = a.makeMetrics(ctx, o.Config); err != nil {
		return nil, err
	}
	if a.connections, err = a.connect(ctx, o.Config); err != nil {
		return nil, err
	}
	now = time.Now() // watching begins now: what falls due is given its grace from here on
	for _, c := range a.connections {
		c.ring = a.newRing(now, o.Config, c, state)
	}
	a.forget(now, state)
	return a, nil
}

// lastWritten is when an agent before this one committed last; zero: there was none.
func lastWritten(dir string) time.Time {
	info, err := os.Stat(filepath.Join(dir, journal.FileName))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// inForce returns the configuration in force.
func (a *assembly) inForce() *Config {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.config
}

// Looked tells of a look: the agent's own metrics, and the traces of who makes some.
func (a *assembly) Looked(connection string, l pipeline.Looked) {
	a.own.Looked(connection, l)
	a.mu.RLock()
	m := a.metrics
	a.mu.RUnlock()
	if m != nil {
		m.exporter.Looked(connection, l)
	}
}

// Turned tells of a ring's turn: the agent's own metrics.
func (a *assembly) Turned(connection string, late time.Duration, proofs int) {
	a.own.Turned(connection, late, proofs)
}

// turning tells whether every ring turns, the journal can be written and no delivery is overdue, and else what is not so.
func (a *assembly) turning() (ok bool, why string) {
	now := time.Now()
	a.mu.RLock()
	connections := a.connections
	a.mu.RUnlock()
	var stalled []string
	for _, c := range connections {
		if !c.turning(now) {
			stalled = append(stalled, c.config.Name)
		}
	}
	why = heartbeatTrouble(stalled, a.committer.Failing(), a.committer.Overdue(now))
	return why == "", why
}

// madeReceiver is a receiver with what it was made of.
type madeReceiver struct {
	destination
	pages    pipeline.Pages
	receiver pipeline.Receiver
}

func notifiers(made []madeReceiver) []pipeline.Receiver {
	all := make([]pipeline.Receiver, len(made))
	for i := range made {
		all[i] = made[i].receiver
	}
	return all
}
