package otlplog

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"mirrorwatch/exporters/internal/otlpconn"
	"mirrorwatch/pipeline"
)

const scopeName = "mirrorwatch"

// Log is a pipeline.Notifier for one OTLP endpoint. It gives no receipts.
type Log struct {
	pages    pipeline.Pages
	resource *resourcepb.Resource
	scope    *commonpb.InstrumentationScope
	way      *way
	begun    begun
}

// New returns the notifier of a valid configuration, not yet connected: that happens with the first batch. What it has
// open is closed once nobody can use it any more, as an attempt may outlast a reload.
func New(c Config, pages pipeline.Pages, version string) (*Log, error) {
	target, err := c.Target(otlpconn.Logs)
	if err != nil {
		return nil, fmt.Errorf("read where events go: %w", err)
	}
	resource, err := newResource(version)
	if err != nil {
		return nil, err
	}
	l := &Log{
		pages: pages, resource: resource, scope: &commonpb.InstrumentationScope{Name: scopeName, Version: version},
		way: &way{target: target, version: version}, begun: begun{},
	}
	runtime.AddCleanup(l, (*way).close, l.way)
	return l, nil
}

// Notify implements pipeline.Notifier. A batch that is too large for one request goes in several; where one of them fails, the
// next attempt goes on with that one. What the server took a request without is never sent again: the error is then
// pipeline.Final, once all requests are through.
func (l *Log) Notify(ctx context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
	whole := &collogspb.ExportLogsServiceRequest{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(n.Body, whole); err != nil {
		return nil, pipeline.Permanent(fmt.Errorf("decode body: %w", err))
	}
	p := l.begun[n.Key]
	delete(l.begun, n.Key)
	count := 0
	for part := range parts(whole, mostBytes) {
		if count++; count <= p.through {
			continue
		}
		answer, err := l.way.send(ctx, part)
		if err != nil {
			l.begun.keep(n.Key, p)
			return nil, p.and(err)
		}
		p.take(part, answer)
	}
	if len(p.rejected) > 0 {
		return nil, pipeline.Final(errors.Join(p.rejected...))
	}
	return nil, nil
}
