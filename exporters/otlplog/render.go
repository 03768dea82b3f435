package otlplog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"mirrorwatch/exporters/internal/alert"
	"mirrorwatch/exporters/internal/otlpconn"
	"mirrorwatch/exporters/internal/series"
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
		Body:       &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: wording.Headline(&wording.Story{Change: *c})}},
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

// attributesOf is what docs/events.md lists. What is empty or not known is left out.
func attributesOf(c *pipeline.Change, pages pipeline.Pages) []*commonpb.KeyValue {
	i := &c.Incident
	var a attributes
	a.text("log.record.uid", c.Key())
	for _, of := range series.AppendAttributes(nil, &i.Subject) {
		a.text(string(of.Key), of.Value.AsString())
	}
	for _, key := range slices.Sorted(maps.Keys(i.Metadata)) {
		a.text("nats.stream.metadata."+wording.Plain(key, alert.MaxLabel), i.Metadata[key])
	}
	a.text("mirrorwatch.incident.id", i.ID)
	a.text("mirrorwatch.incident.fingerprint", alert.Fingerprint(i))
	a.text("mirrorwatch.incident.rule", i.Rule)
	a.text("mirrorwatch.incident.level", i.Level.String())
	a.text("mirrorwatch.incident.previous_level", c.From.String())
	a.text("mirrorwatch.incident.receiver", i.Subject.Receiver)
	a.text("mirrorwatch.incident.reason", i.Reason)
	a.text("mirrorwatch.incident.detail", i.Detail)
	a.text("mirrorwatch.incident.cause", string(i.Cause))
	a.text("mirrorwatch.incident.sureness", string(i.Sure))
	a.texts("mirrorwatch.incident.evidence", wording.Evidence(i))
	a.time("mirrorwatch.incident.opened", i.Opened)
	a.time("mirrorwatch.incident.ended", i.Ended)
	a.time("mirrorwatch.incident.silent_since", i.Since)
	a.number("mirrorwatch.incident.silent_for", c.Silent.Seconds())
	a.number("mirrorwatch.incident.value", i.Value)
	a.number("mirrorwatch.incident.limit", i.Limit)
	a.text("mirrorwatch.incident.unit", string(i.Unit))
	a.count("mirrorwatch.incident.flaps", uint64(max(0, i.Flaps)))
	a.text("mirrorwatch.incident.failover", string(i.Risk.Failover))
	a.count("mirrorwatch.incident.at_risk.messages", i.Risk.Messages)
	a.number("mirrorwatch.incident.at_risk.span", i.Risk.Span.Seconds())
	a.truth("mirrorwatch.incident.at_risk.at_least", i.Risk.AtLeast)
	a.text("mirrorwatch.incident.runbook_url", wording.Expand(pages.Runbook, i))
	a.truth("mirrorwatch.incident.test", c.Test)
	return a
}

type attributes []*commonpb.KeyValue

func (a *attributes) add(key string, value *commonpb.AnyValue) {
	*a = append(*a, &commonpb.KeyValue{Key: key, Value: value})
}

// text keeps to what a backend bears, and to UTF-8, without which a request could not be encoded at all.
func (a *attributes) text(key, value string) {
	if value = wording.Plain(value, alert.MaxText); value != "" {
		a.add(key, textValue(value))
	}
}

func (a *attributes) texts(key string, all []string) {
	if len(all) == 0 {
		return
	}
	list := &commonpb.ArrayValue{}
	for _, text := range all {
		list.Values = append(list.Values, textValue(wording.Plain(text, alert.MaxText)))
	}
	a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: list}})
}

func (a *attributes) time(key string, t time.Time) {
	if !t.IsZero() {
		a.text(key, t.UTC().Format(time.RFC3339Nano))
	}
}

func (a *attributes) number(key string, value float64) {
	if value != 0 {
		a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: value}})
	}
}

func (a *attributes) count(key string, value uint64) {
	if value != 0 {
		a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: int64(min(value, 1<<63-1))}})
	}
}

func (a *attributes) truth(key string, value bool) {
	if value {
		a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: true}})
	}
}

func textValue(text string) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: text}}
}

// newResource describes this agent as its metrics do. Of an environment that is not wholly understood it takes what is.
func newResource(ctx context.Context, version string) (*resourcepb.Resource, error) {
	described, err := otlpconn.Resource(ctx, version)
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, err
	}
	r := &resourcepb.Resource{}
	for _, of := range described.Attributes() {
		r.Attributes = append(r.Attributes, &commonpb.KeyValue{Key: string(of.Key), Value: textValue(stringOf(of.Value))})
	}
	return r, nil
}

func stringOf(v attribute.Value) string { return v.Emit() }
