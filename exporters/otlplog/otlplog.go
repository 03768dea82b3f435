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
// next attempt goes on from there. A request that is invalid, or too large for the server, goes in halves, so that a record which
// the server cannot take costs no other one. A record that is invalid by itself, and what the server took a request without, is
// never sent again: the error is then pipeline.Final, once all others are through. Where ten in a row are invalid, it is not for
// the records: the attempt ends, and they are sent again.
func (l *Log) Notify(ctx context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
	whole := &collogspb.ExportLogsServiceRequest{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(n.Body, whole); err != nil {
		return nil, pipeline.Permanent(fmt.Errorf("decode body: %w", err))
	}
	p := l.begun[n.Key]
	delete(l.begun, n.Key)
	_, rest := cut(whole, p.through)
	for part := range parts(rest, mostBytes) {
		if err := l.deliver(ctx, part, &p); err != nil {
			l.begun.keep(n.Key, p)
			return nil, p.and(err)
		}
	}
	switch lost := errors.Join(p.lost()...); {
	case lost == nil:
		return nil, nil
	case p.taken() == 0:
		return nil, pipeline.Permanent(errors.New(p.refusal))
	default:
		return nil, pipeline.Final(lost)
	}
}

// deliver sends a request, in halves where that may help. An error is one that ends the attempt.
func (l *Log) deliver(ctx context.Context, request *collogspb.ExportLogsServiceRequest, p *progress) error {
	answer, err := l.way.send(ctx, request)
	if err == nil {
		p.take(request, answer)
		return nil
	}
	var unfit *unfitError
	if !errors.As(err, &unfit) {
		return err
	}
	if count := records(request); count > 1 {
		first, second := cut(request, count/2)
		if err := l.deliver(ctx, first, p); err != nil {
			return err
		}
		return l.deliver(ctx, second, p)
	}
	if !unfit.record {
		return err
	}
	if p.refuse(err); p.row == enoughRefused {
		p.retract()
		return err
	}
	return nil
}
