package otlplog

import (
	"maps"
	"math"
	"slices"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"

	"mirrorwatch/exporters/internal/alert"
	"mirrorwatch/exporters/internal/series"
	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

// uidKey is the attribute that holds a change's key.
const uidKey = "log.record.uid"

// attributesOf is what docs/events.md lists. What is empty or not known is left out.
func attributesOf(c *pipeline.Change, pages pipeline.Pages) []*commonpb.KeyValue {
	i := &c.Incident
	var a attributes
	a.text(uidKey, c.Key())
	for _, of := range series.AppendAttributes(nil, &i.Subject) {
		a.add(string(of.Key), textValue(of.Value.AsString()))
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
	if c.Silent > 0 {
		a.number("mirrorwatch.incident.silent_for", c.Silent.Seconds())
	}
	if i.Limit != 0 || i.Value != 0 {
		a.number("mirrorwatch.incident.value", i.Value)
		a.number("mirrorwatch.incident.limit", i.Limit)
		a.text("mirrorwatch.incident.unit", string(i.Unit))
	}
	if i.Flaps > 0 {
		a.count("mirrorwatch.incident.flaps", uint64(i.Flaps))
	}
	if r := &i.Risk; r.Failover != "" {
		a.text("mirrorwatch.incident.failover", string(r.Failover))
		if !r.AtLeast || r.Messages > 0 { // "at least 0" would be read as "nothing is at risk"
			a.count("mirrorwatch.incident.at_risk.messages", r.Messages)
			a.number("mirrorwatch.incident.at_risk.span", r.Span.Seconds())
			a.truth("mirrorwatch.incident.at_risk.at_least", r.AtLeast)
		}
	}
	if runbook := wording.Expand(pages.Runbook, i); runbook != "" {
		a.add("mirrorwatch.incident.runbook_url", textValue(runbook)) // an address that was cut leads nowhere
	}
	if c.Test {
		a.truth("mirrorwatch.incident.test", true)
	}
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

// time is left out where it is zero.
func (a *attributes) time(key string, t time.Time) {
	if !t.IsZero() {
		a.text(key, t.UTC().Format(time.RFC3339Nano))
	}
}

func (a *attributes) number(key string, value float64) {
	a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: value}})
}

func (a *attributes) count(key string, value uint64) {
	a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: int64(min(value, math.MaxInt64))}})
}

func (a *attributes) truth(key string, value bool) {
	a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: value}})
}

func textValue(text string) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: text}}
}
