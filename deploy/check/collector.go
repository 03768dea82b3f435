package main

import (
	"context"
	"fmt"
	"path/filepath"
)

// collector is a Collector that runs deploy/collector.yaml at addresses of its own.
type collector struct {
	*process
	endpoint string // OTLP over gRPC
	metrics  string // address that Prometheus scrapes
	own      string // its own metrics
}

// startCollector runs the Collector.
func (c *check) startCollector(ctx context.Context, dir string) (*collector, error) {
	var at [4]string
	for k := range at {
		var err error
		if at[k], err = freeAddress(); err != nil {
			return nil, err
		}
	}
	config, err := filepath.Abs(filepath.Join(c.Dir, "collector.yaml"))
	if err != nil {
		return nil, err
	}
	one := &collector{endpoint: "http://" + at[0], metrics: at[2], own: "http://" + at[3] + "/metrics"}
	// What comes later is laid over what came before.
	over := fmt.Sprintf("yaml:{receivers: {otlp: {protocols: {grpc: {endpoint: %q}, http: {endpoint: %q}}}}, exporters: {prometheus: {endpoint: %q}, file/changes: {path: %q}}, "+
		"service: {telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %s}}}}]}}}}",
		at[0], at[1], at[2], filepath.Join(dir, "changes.jsonl"), port(at[3]))
	if one.process, err = launch(dir, "collector", c.Collector, "--config", config, "--config", over); err != nil {
		return nil, err
	}
	return one, one.ready(ctx, one.own)
}
