package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"mirrorwatch/agent"
	"mirrorwatch/agent/stage"
	"mirrorwatch/exporters/webhook"
	"mirrorwatch/pipeline"
	source "mirrorwatch/pipeline/jetstream"
)

const signingSecret = "whsec_bWlycm9yd2F0Y2gtZGVtby1zaWduaW5nLXNlY3JldA=="

// play is a stage with an agent that pages somebody.
type play struct {
	*stage.Stage
	dir      string
	receiver *receiver
	agent    *stage.Agent
}

// build starts the stage, the receiver and the agent. On an error nothing is left running.
func build(ctx context.Context, log *slog.Logger) (_ *play, err error) {
	p := &play{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.dir, err = os.MkdirTemp("", "mirrorwatch-demo-"); err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	if p.Stage, err = stage.Build(ctx, p.dir); err != nil {
		return nil, err
	}
	if p.receiver, err = startReceiver(signingSecret); err != nil {
		return nil, err
	}
	config := agent.DefaultConfig()
	config.Connections = []source.Config{{Name: "leaf", URL: source.URLs(p.Leaf.URL())}}
	config.DataDir = filepath.Join(p.dir, "data")
	config.HTTP.Address = "127.0.0.1:0"
	route := agent.DefaultRoute()
	route.Receivers, route.GroupBy = agent.OneOrMore{"pager"}, pipeline.DefaultGroupBy()
	route.GroupWait, route.GroupInterval = 0, 0 // there is one mirror here: nothing to wait for
	config.Routes = []agent.RouteConfig{route}
	config.Exporters.Webhook = []webhook.Config{{
		Name: "pager", URL: pipeline.NewSecret(p.receiver.url()), SigningSecret: pipeline.NewSecret(signingSecret),
	}}
	p.agent, err = stage.StartAgent(ctx, config, log)
	return p, err
}

// close ends everything, the agent first.
func (p *play) close() (err error) {
	if p.agent != nil {
		err = p.agent.End()
	}
	if p.receiver != nil {
		err = errors.Join(err, p.receiver.close())
	}
	if p.Stage != nil {
		err = errors.Join(err, p.Close())
	}
	return errors.Join(err, os.RemoveAll(p.dir))
}
