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
		way: &way{target: target, version: version},
	}
	runtime.AddCleanup(l, (*way).close, l.way)
	return l, nil
}

// Notify implements pipeline.Notifier. A batch that is too large for one request goes in several; where one of them fails
// all are sent again, as the same records. Records that the server rejects are never sent again: the error is
// pipeline.Final.
func (l *Log) Notify(ctx context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
	whole := &collogspb.ExportLogsServiceRequest{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(n.Body, whole); err != nil {
		return nil, pipeline.Permanent(fmt.Errorf("decode body: %w", err))
	}
	var rejected []error
	for part := range parts(whole, mostBytes) {
		answer, err := l.way.send(ctx, part)
		if err != nil {
			return nil, err
		}
		if p := answer.GetPartialSuccess(); p.GetRejectedLogRecords() > 0 {
			rejected = append(rejected, fmt.Errorf("rejected %d of %d records: %s", p.GetRejectedLogRecords(), records(part), plain(p.GetErrorMessage())))
		}
	}
	if len(rejected) > 0 {
		return nil, pipeline.Final(errors.Join(rejected...))
	}
	return nil, nil
}
