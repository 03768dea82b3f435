package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
)

// connectionFlags say which NATS to ask: that of a configuration, or one named on the command line.
type connectionFlags struct {
	Config  string   `placeholder:"FILE" help:"Take connections, rules and limits from this configuration."`
	URL     string   `name:"url" placeholder:"URL" help:"NATS to ask (default nats://127.0.0.1:4222 without --config and --context)."`
	Context string   `placeholder:"NAME" help:"A context of the nats CLI."`
	Creds   string   `placeholder:"FILE" type:"path" help:"Credentials file: JWT and seed."`
	Stream  []string `placeholder:"NAME" sep:"none" help:"Only streams of this name, * and ? allowed; may be given several times."`
}

const defaultURL = "nats://127.0.0.1:4222"

// load returns the configuration that the flags mean.
func (f *connectionFlags) load(environ []string) (*Config, error) {
	single := f.URL != "" || f.Context != "" || f.Creds != ""
	switch {
	case f.Config != "" && single:
		return nil, fmt.Errorf("give --config or --url, --context and --creds, not both")
	case f.Config != "":
		config, _, err := LoadConfig(f.Config, environ)
		return config, err
	}
	config := DefaultConfig()
	c := jetstream.Config{Name: "nats", URL: jetstream.URLs(f.URL), Context: f.Context, CredentialsFile: f.Creds}
	if f.Context != "" {
		c.Name = f.Context
	} else if f.URL == "" {
		c.URL = defaultURL
	}
	config.Connections = []jetstream.Config{c}
	var faults error
	c.Validate(func(path, problem string) {
		if faults == nil {
			faults = fmt.Errorf("%s: %s", path, problem)
		}
	})
	return config, faults
}

// open opens every connection, restricted to the streams that the flags name. Close is to be called in any case.
func (f *connectionFlags) open(ctx context.Context, config *Config, log *slog.Logger) (sources []source, closeAll func(), err error) {
	connections := slices.Clone(config.Connections)
	for i := range connections {
		if len(f.Stream) > 0 {
			connections[i].Streams.Include = f.Stream
		}
	}
	sources, err = openSources(ctx, connections, config.pace(), log)
	return sources, func() { _ = closeSources(sources) }, err
}

// source is an open connection, of either scope.
type source interface {
	pipeline.Source
	pipeline.Signaler
	pipeline.OriginSource
	io.Closer
}

// openSource opens a connection in its scope.
func openSource(ctx context.Context, c jetstream.Config, p jetstream.Pace, log *slog.Logger) (source, error) {
	if c.SystemScope() {
		s, err := jetstream.OpenSystem(ctx, c, p, log)
		if err != nil {
			return nil, err // and no typed nil
		}
		return s, nil
	}
	s, err := jetstream.Open(ctx, c, p, log)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// openSources opens all connections at once, so that a dead one delays no other. Where some cannot be opened, it closes
// the rest and tells why of each.
func openSources(ctx context.Context, connections []jetstream.Config, p jetstream.Pace, log *slog.Logger) ([]source, error) {
	sources, failures := make([]source, len(connections)), make([]error, len(connections))
	var all sync.WaitGroup
	for i, c := range connections {
		all.Go(func() { sources[i], failures[i] = openSource(ctx, c, p, log) })
	}
	all.Wait()
	if err := errors.Join(failures...); err != nil {
		return nil, errors.Join(err, closeSources(sources))
	}
	return sources, nil
}

// closeSources closes all that were opened, at once.
func closeSources(sources []source) error {
	failures := make([]error, len(sources))
	var all sync.WaitGroup
	for i, s := range sources {
		if s != nil {
			all.Go(func() { failures[i] = s.Close() })
		}
	}
	all.Wait()
	return errors.Join(failures...)
}

// pace is how fast a connection's streams are asked about.
func (c *Config) pace() jetstream.Pace {
	return jetstream.Pace{LooksPerSecond: c.LooksPerSecond, Interval: c.Interval}
}
