package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"mirrorwatch/exporters/otlp"
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
	"mirrorwatch/pipeline/outbox"
)

// runCommand is mirrorwatch run.
type runCommand struct {
	Config string `required:"" placeholder:"FILE" help:"The configuration, YAML."`
}

// Help says more than one line.
func (runCommand) Help() string {
	return `Watches every configured connection; stops within 10 s of SIGINT or SIGTERM.

A changed configuration needs a restart; SIGHUP only says so in the log. Secrets in files are read again by themselves.`
}

// Run runs the agent.
func (c *runCommand) Run(ctx context.Context, console *Console) error {
	defer heedHangups(console.Log)()
	config, notes, err := LoadConfig(c.Config, console.Environ)
	if err != nil {
		return err
	}
	for _, note := range notes {
		console.Log.Warn("configuration", "note", note.String())
	}
	return Run(ctx, Options{Config: config, Log: console.Log})
}

// Options say what an agent is made of.
type Options struct {
	Config *Config
	Log    *slog.Logger
	// Receivers are told of every change beside those that the configuration names.
	Receivers []pipeline.Receiver
	// Listening is called once with the address of the HTTP interface; nil: nobody wants to know.
	Listening func(net.Addr)
}

// Run is the agent. It starts sinks before sources, blocks until ctx ends, then stops in the opposite order, within
// 10 seconds. Its caller owns signals. An error means that it could not start, or says what was left undone.
func Run(ctx context.Context, o Options) (err error) {
	listener, err := net.Listen("tcp", o.Config.HTTP.Address)
	if err != nil {
		return fmt.Errorf("open http.address: %w", err)
	}
	a, err := newAssembly(ctx, o)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if o.Listening != nil {
		o.Listening(listener.Addr())
	}
	o.Log.Info("mirrorwatch runs", "version", ThisBuild().Version, "connections", len(a.rings),
		"receivers", len(a.receivers), "data_dir", o.Config.DataDir, "http", listener.Addr().String())
	err = a.run(ctx, listener)
	o.Log.Info("mirrorwatch ends")
	return err
}

// assembly is everything that one agent is made of.
type assembly struct {
	config    *Config
	log       *slog.Logger
	board     *pipeline.Board
	journal   *journal.Journal
	outbox    *outbox.Outbox
	committer *outbox.Committer
	receivers []pipeline.Receiver
	otlp      *otlp.Exporter // nil: not configured
	sources   []source
	rings     []*pipeline.Ring
}

func newAssembly(ctx context.Context, o Options) (_ *assembly, err error) {
	now := time.Now()
	a := &assembly{config: o.Config, log: o.Log, board: pipeline.NewBoard(now)}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	if a.receivers, err = o.Config.Exporters.Receivers(o.Log); err != nil {
		return nil, err
	}
	a.receivers = append(a.receivers, o.Receivers...)
	if a.journal, err = journal.Open(o.Config.DataDir, now); err != nil {
		return nil, err
	}
	state, err := a.journal.Load()
	if err != nil {
		return nil, err
	}
	if state.Lost != "" {
		o.Log.Error("earlier state is lost", "what", state.Lost)
	}
	a.outbox = outbox.New(a.receivers, state.Outbox, state.Receipts, o.Log)
	a.committer = outbox.NewCommitter(outbox.CommitterOptions{
		Journal: a.journal, Outbox: a.outbox, Board: a.board, Rules: agentRules(), State: state, Log: o.Log,
		Grace: drainTime,
	})
	if c := o.Config.Exporters.OTLP; c != nil {
		if a.otlp, err = otlp.New(ctx, *c, ThisBuild().Version, otlp.Own{Receivers: a.outbox.Stats}, o.Log); err != nil {
			return nil, err
		}
	}
	if err := a.addRings(ctx, state); err != nil {
		return nil, err
	}
	a.forget(now, state)
	return a, nil
}

// addRings opens the connections. Watching begins when that is done: what falls due is given its grace from then on.
func (a *assembly) addRings(ctx context.Context, state pipeline.State) (err error) {
	if a.sources, err = openSources(ctx, a.config.Connections, a.config.pace(), a.log); err != nil {
		return err
	}
	now := time.Now()
	asked := withOrigins(a.config.Connections, a.sources)
	for i, c := range a.config.Connections {
		watch := a.config.newWatch(now, c.Name, c.Streams.Watches, a.board, state)
		a.rings = append(a.rings, pipeline.NewRing(c.Name, watch, asked[i], a.committer, a.observeLook, a.log))
	}
	return nil
}

func (a *assembly) observeLook(connection string, took time.Duration, streams int, err error) {
	if a.otlp != nil {
		a.otlp.ObserveLook(connection, took, streams, err)
	}
}

// turning tells whether every ring turns, and which do not.
func (a *assembly) turning() (ok bool, stalled string) {
	now := time.Now()
	var names []string
	for _, r := range a.rings {
		if !r.Turning(now) {
			names = append(names, r.Name())
		}
	}
	return len(names) == 0, strings.Join(names, ", ")
}
