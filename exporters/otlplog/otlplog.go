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
// the server cannot take costs no other one. A record that is invalid by itself where others are taken, and what the server took a
// request without, is never sent again: the error is then pipeline.Final, once all others are through. A server that takes nothing
// is not asked about each record: the attempt ends, and all are sent again.
func (l *Log) Notify(ctx context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
	whole := &collogspb.ExportLogsServiceRequest{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(n.Body, whole); err != nil {
		return nil, pipeline.Permanent(fmt.Errorf("decode body: %w", err))
	}
	p, known := l.begun[n.Key]
	delete(l.begun, n.Key)
	if !known {
		p.left = parts(whole, mostBytes)
	}
	if err := l.deliver(ctx, whole, &p); err != nil {
		l.begun.keep(n.Key, p)
		if lost := p.lost(); lost != nil {
			err = errors.Join(err, lost)
		}
		return nil, err
	}
	if lost := p.lost(); lost != nil {
		return nil, pipeline.Final(lost)
	}
	return nil, nil
}

// deliver sends what is left of a batch, in halves where that may help. After an error the next attempt goes on with what is left then.
func (l *Log) deliver(ctx context.Context, whole *collogspb.ExportLogsServiceRequest, p *progress) (err error) {
	for err == nil && p.more() {
		s := p.next()
		request := s.of(whole)
		answer, failed := l.way.send(ctx, request)
		var unfit *unfitError
		switch {
		case failed == nil:
			p.take(s, answer)
		case !errors.As(failed, &unfit):
			p.back(s)
			err = failed
			continue
		case s.count() > 1:
			p.halve(s)
		default:
			p.aside = append(p.aside, &refusal{place: s, key: uid(recordsOf(request)[0]), err: failed, record: unfit.record})
		}
		err = p.end()
	}
	if err != nil {
		p.resume()
	}
	return err
}
