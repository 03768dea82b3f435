package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"mirrorwatch/pipeline"
)

// runCommand is mirrorwatch run.
type runCommand struct {
	Config string `required:"" placeholder:"FILE" help:"The configuration, YAML."`
	Pprof  string `placeholder:"ADDRESS" help:"Serve profiles of the agent under /debug/pprof/ at this loopback address, such as 127.0.0.1:6060."`
}

// Help says more than one line.
func (runCommand) Help() string {
	return `Watches every configured connection; stops within 10 s of SIGINT or SIGTERM.

The configuration is read again when its file changes, and on SIGHUP. What is new in it is put in force, and nothing else is
disturbed: no incident, silence or undelivered alert is lost. A file with faults changes nothing; the log and an incident of the
rule "configuration" say what is wrong. data_dir and http.address need a restart. The environment is that of the start.

Secrets in files are read again by themselves.`
}

// Run runs the agent.
func (c *runCommand) Run(ctx context.Context, console *Console) error {
	hangups := make(chan os.Signal, 1) // one is as good as many: the file is read as it is by then
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	config, notes, err := LoadConfig(c.Config, console.Environ)
	if err != nil {
		return err
	}
	logNotes(console.Log, notes)
	if c.Pprof == "" {
		runtime.MemProfileRate = 0 // nobody asks: linking the profiler in should cost nothing
	} else {
		listener, err := listenProfiler(c.Pprof)
		if err != nil {
			return err
		}
		profiling, end := context.WithCancel(ctx)
		served := make(chan struct{})
		go func() {
			defer close(served)
			serveProfiler(profiling, listener, console.Log)
		}()
		defer func() {
			end()
			<-served
		}()
		console.Log.Info("profiles are served", "pprof", listener.Addr().String())
	}
	return Run(ctx, Options{
		Config: config, Log: console.Log, File: &ConfigFile{Path: c.Config, Environ: console.Environ, Notes: notes}, Hangups: hangups, Trim: true,
	})
}

func logNotes(log *slog.Logger, notes []Note) {
	for _, note := range notes {
		log.Warn("configuration", "note", note.String())
	}
}

// Options say what an agent is made of.
type Options struct {
	Config *Config
	Log    *slog.Logger
	// File is where Config comes from. It is read again when it changes, and whenever something comes over Hangups; nil:
	// Config is in force until the end.
	File    *ConfigFile
	Hangups <-chan os.Signal
	// Receivers are told of every change at once, beside those that the configuration names and whatever it says.
	Receivers []pipeline.Receiver
	// Trim has memory given back to the system that is not used, and sets how far the heap may grow: for a process that is the agent's own.
	Trim bool
	// Listening is called once with the address of the HTTP interface; nil: nobody wants to know.
	Listening func(net.Addr)

	journal func(pipeline.Journal) pipeline.Journal // what the committer writes to; nil: the journal itself
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
	debug.FreeOSMemory() // what was loaded takes several times what is kept of it
	if o.Listening != nil {
		o.Listening(listener.Addr())
	}
	o.Log.Info("mirrorwatch runs", "version", ThisBuild().Version, "connections", len(a.connections),
		"receivers", len(a.receivers)+len(a.direct), "data_dir", o.Config.DataDir, "http", listener.Addr().String(),
		"audit_head", headText(a.journal))
	err = a.run(ctx, listener, o)
	o.Log.Info("mirrorwatch ends")
	return err
}
