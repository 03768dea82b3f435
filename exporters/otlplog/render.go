package otlplog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/sdk/resource"
	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"mirrorwatch/exporters/internal/otlpconn"
	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

// Render implements pipeline.Notifier: the body is an OTLP request as JSON, a record a change, in their order.
func (l *Log) Render(n pipeline.Notification) ([]byte, error) {
	scoped := &logspb.ScopeLogs{Scope: l.scope}
	for k := range n.Changes {
		scoped.LogRecords = append(scoped.LogRecords, recordOf(&n.Changes[k], l.pages))
	}
	return encode(&collogspb.ExportLogsServiceRequest{
		ResourceLogs: []*logspb.ResourceLogs{{Resource: l.resource, ScopeLogs: []*logspb.ScopeLogs{scoped}}},
	})
}

// encode writes the JSON of OTLP: protobuf's, with numbers for enumerations. protojson varies its spaces from build to build.
func encode(request *collogspb.ExportLogsServiceRequest) ([]byte, error) {
	text, err := protojson.MarshalOptions{UseEnumNumbers: true}.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	var body bytes.Buffer
	if err := json.Compact(&body, text); err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	return body.Bytes(), nil
}

// recordOf is the event of a change. Its times are the change's, however late it is sent.
func recordOf(c *pipeline.Change, pages pipeline.Pages) *logspb.LogRecord {
	at := uint64(c.At.UnixNano())
	number, text := severityOf(c)
	return &logspb.LogRecord{
		TimeUnixNano: at, ObservedTimeUnixNano: at, EventName: "mirrorwatch.incident." + string(c.Kind),
		SeverityNumber: number, SeverityText: text,
		Body:       textValue(wording.Headline(&wording.Story{Change: *c})),
		Attributes: attributesOf(c, pages),
	}
}

// severityOf is how bad it is after the change. What got better is news, and no trouble.
func severityOf(c *pipeline.Change) (logspb.SeverityNumber, string) {
	switch {
	case c.Kind.Ends() || c.Kind == pipeline.Eased:
		return logspb.SeverityNumber_SEVERITY_NUMBER_INFO, "info"
	case c.Incident.Level == pipeline.Critical:
		return logspb.SeverityNumber_SEVERITY_NUMBER_ERROR, "critical"
	}
	return logspb.SeverityNumber_SEVERITY_NUMBER_WARN, "warning"
}

// newResource describes this agent as its metrics do. Of an environment that is not wholly understood it takes what is.
func newResource(version string) (*resourcepb.Resource, error) {
	described, err := otlpconn.Resource(context.Background(), version) // it asks nobody
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, err
	}
	r := &resourcepb.Resource{}
	for _, of := range described.Attributes() {
		r.Attributes = append(r.Attributes, &commonpb.KeyValue{Key: string(of.Key), Value: textValue(of.Value.String())})
	}
	return r, nil
}
