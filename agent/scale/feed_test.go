package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"
)

// written is a request as the Collector writes it: behind its length.
func written(t testing.TB, at uint64, fleet int64, streams ...string) []byte {
	t.Helper()
	gauge := func(name string, points ...*metricspb.NumberDataPoint) *metricspb.Metric {
		return &metricspb.Metric{Name: name, Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: points}}}
	}
	var all []*metricspb.Metric
	if fleet > 0 {
		all = append(all, gauge("nats.replication.links",
			&metricspb.NumberDataPoint{Value: &metricspb.NumberDataPoint_AsInt{AsInt: fleet - 1}}, &metricspb.NumberDataPoint{Value: &metricspb.NumberDataPoint_AsInt{AsInt: 1}}))
	}
	for _, s := range streams {
		named := []*commonpb.KeyValue{{Key: "nats.stream.name", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}}}
		p := &metricspb.NumberDataPoint{TimeUnixNano: at, Attributes: named}
		all = append(all, gauge("nats.replication.status", p), gauge("nats.replication.limit", p))
	}
	text, err := proto.Marshal(&colmetricpb.ExportMetricsServiceRequest{
		ResourceMetrics: []*metricspb.ResourceMetrics{{ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: all}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)
}

func TestExportsAreReadAsTheyAreWritten(t *testing.T) {
	x := &exports{file: filepath.Join(t.TempDir(), "metrics.pb")}
	add := func(text []byte) {
		t.Helper()
		f, err := os.OpenFile(x.file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	next := func(links int, gone map[string]bool) (export, bool) {
		t.Helper()
		e, ok, err := x.next(links, gone)
		if err != nil {
			t.Fatal(err)
		}
		return e, ok
	}
	add(written(t, 1, 3))
	add(written(t, 1, 0, "A", "B"))
	if e, ok := next(3, nil); ok {
		t.Errorf("%+v is taken for whole", e)
	}
	if e, ok := next(2, nil); ok {
		t.Errorf("%+v is taken for an export of two links", e)
	}
	last := written(t, 1, 0, "C")
	add(last[:len(last)-3])
	if _, ok := next(3, nil); ok {
		t.Error("a request that is being written is taken for whole")
	}
	add(last[len(last)-3:])
	e, ok := next(3, nil)
	if diff := cmp.Diff(export{at: 1, links: 3, points: 6, requests: 2, fleet: 3}, e, cmp.AllowUnexported(export{}), cmpopts.IgnoreFields(export{}, "largest")); !ok || diff != "" {
		t.Errorf("%v, (-want +got):\n%s", ok, diff)
	}
	add(written(t, 2, 2))
	add(written(t, 2, 0, "A", "C"))
	if e, ok := next(2, map[string]bool{"B": true, "C": true}); !ok || e.links != 2 || e.gone != 1 {
		t.Errorf("%v, %+v", ok, e)
	}
	add(written(t, 3, 3))
	add(written(t, 3, 0, "A", "B"))
	add(written(t, 4, 1))
	add(written(t, 4, 0, "A"))
	if _, ok := next(1, nil); !ok || x.begun != 4 || x.short != 1 {
		t.Errorf("%d of %d exports are cut short", x.short, x.begun)
	}
	if x.points != 24 {
		t.Errorf("%d points in all", x.points)
	}
}

func TestEventsAreCountedByTheirIds(t *testing.T) {
	name := filepath.Join(t.TempDir(), "events.jsonl")
	if events, err := readEvents(name); err != nil || len(events) != 0 {
		t.Errorf("%v, %v of a file that is still to be", events, err)
	}
	record := func(id string) string {
		return `{"attributes":[{"key":"log.record.uid","value":{"stringValue":"` + id + `"}}]}`
	}
	line := func(records string) string {
		return `{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[` + records + `]}]}]}` + "\n"
	}
	if err := os.WriteFile(name, []byte(line(record("a/1")+","+record("b/1"))+line(record("a/1"))), 0o600); err != nil {
		t.Fatal(err)
	}
	events, err := readEvents(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"a/1": 2, "b/1": 1}, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if lost := missing(map[string]int{"a/1": 1, "c/1": 1}, events); len(lost) != 1 || lost[0] != "c/1" {
		t.Errorf("%q are missing", lost)
	}
}
