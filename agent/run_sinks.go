package agent

import (
	"context"
	"os"
	"path/filepath"
	"reflect"

	"mirrorwatch/exporters/otlp"
	"mirrorwatch/exporters/telemetry"
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
)

// makeReceivers sets up what a configuration names. A receiver that stays as it is stays the same.
func (a *assembly) makeReceivers(config *Config) ([]madeReceiver, error) {
	var all []madeReceiver
	pages := config.Links.Pages()
	for _, d := range config.Exporters.destinations() {
		made := madeReceiver{destination: d, pages: pages}
		for _, old := range a.receivers {
			if old.kind == d.kind && old.name == d.name && old.pages == pages && reflect.DeepEqual(old.config, d.config) {
				made.receiver = old.receiver
			}
		}
		if made.receiver.Notifier == nil {
			var err error
			if made.receiver, err = d.receiver(pages); err != nil {
				return nil, err
			}
		}
		all = append(all, made)
	}
	return all, nil
}

// newOwn returns the agent's own metrics. They go on over reloads, whoever exports them.
func (a *assembly) newOwn(config *Config) (*telemetry.Own, error) {
	build := ThisBuild()
	file := filepath.Join(config.DataDir, journal.FileName)
	return telemetry.New(telemetry.Sources{
		Receivers: func() []pipeline.ReceiverStats { return a.outbox.Stats() }, Connections: a.board.Connections, Incidents: a.board.Incidents,
		JournalSize: func() (int64, bool) {
			info, err := os.Stat(file)
			if err != nil {
				return 0, false
			}
			return info.Size(), true
		},
		Build: telemetry.Build{Version: build.Version, Revision: build.Commit, Go: build.Go},
	})
}

// metrics is the exporter of metrics, with what it was made of.
type metrics struct {
	config   otlp.Config
	exporter *otlp.Exporter
	task     *task
}

// makeMetrics sets up the exporter that a configuration names; nil: there is none. One that stays as it is stays the same.
func (a *assembly) makeMetrics(ctx context.Context, config *Config) (*metrics, error) {
	c := config.Exporters.OTLP
	if c == nil {
		return nil, nil
	}
	made := &metrics{config: *c}
	if old := a.metrics; old != nil && reflect.DeepEqual(old.config, made.config) {
		return old, nil
	}
	var err error
	if made.exporter, err = otlp.New(ctx, *c, ThisBuild().Version, a.own.Collect, a.log); err != nil {
		return nil, err
	}
	return made, nil
}

// follow has a new exporter tell nothing that was told before it. A nil before: there was none.
func (m *metrics) follow(ctx context.Context, before *metrics, b *pipeline.Board) {
	if m == nil {
		return
	}
	var told *otlp.Exporter
	if before != nil {
		told = before.exporter
	}
	m.exporter.Follow(ctx, told, b)
}

// start reports to the collector until end.
func (m *metrics) start(ctx context.Context, b *pipeline.Board) {
	if m != nil {
		m.task = begin(context.WithoutCancel(ctx), func(ctx context.Context) { _ = m.exporter.Run(ctx, b) })
	}
}

// end stops the reports.
func (m *metrics) end() {
	if m != nil {
		m.task.end()
	}
}

// close closes the way to the collector. It gives up with ctx.
func (m *metrics) close(ctx context.Context) error {
	if m == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, reportTime)
	defer cancel()
	return m.exporter.Shutdown(ctx)
}

// beat starts the heartbeat, where the configuration has one.
func (a *assembly) beat(ctx context.Context, config *Config) *task {
	if !config.Heartbeat.Enabled() {
		return nil
	}
	return begin(ctx, NewHeartbeat(config.Heartbeat, a.turning, nil, a.log).Run)
}
