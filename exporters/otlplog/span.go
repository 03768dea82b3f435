package otlplog

import (
	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/proto"
)

const mostBytes = 3 << 20 // of a request, encoded: a Collector refuses one over 4 MiB

// span is some of a batch's records, by their places: those from one on, up to another.
type span struct{ from, to int }

func (s span) count() int { return s.to - s.from }

// distance is how far the span is from a record's place.
func (s span) distance(place int) int { return max(s.from-place, place+1-s.to, 0) }

// withoutEmpty leaves empty spans out.
func withoutEmpty(all ...span) (spans []span) {
	for _, s := range all {
		if s.count() > 0 {
			spans = append(spans, s)
		}
	}
	return spans
}

// of is a request with the span's records alone.
func (s span) of(whole *collogspb.ExportLogsServiceRequest) *collogspb.ExportLogsServiceRequest {
	some, at := &collogspb.ExportLogsServiceRequest{}, 0
	for _, of := range whole.GetResourceLogs() {
		for _, scoped := range of.GetScopeLogs() {
			all := scoped.GetLogRecords()
			from, to := min(max(0, s.from-at), len(all)), min(max(0, s.to-at), len(all))
			at += len(all)
			if from < to {
				some.ResourceLogs = append(some.ResourceLogs, &logspb.ResourceLogs{
					Resource: of.GetResource(), SchemaUrl: of.GetSchemaUrl(),
					ScopeLogs: []*logspb.ScopeLogs{{Scope: scoped.GetScope(), SchemaUrl: scoped.GetSchemaUrl(), LogRecords: all[from:to]}},
				})
			}
		}
	}
	return some
}

// parts are the spans that a batch is sent in: one, several where it would have more than most bytes, none without records.
func parts(whole *collogspb.ExportLogsServiceRequest, most int) (spans []span) {
	all := recordsOf(whole)
	around := proto.Size(whole) // what each request has beside its records, rather more than less
	for _, r := range all {
		around -= proto.Size(r)
	}
	at, size := span{}, around
	for n, r := range all {
		need := proto.Size(r) + 8 // lengths grow with what they are of
		if at.count() > 0 && size+need > most {
			spans = append(spans, at)
			at, size = span{n, n}, around
		}
		at.to++
		size += need
	}
	return append(spans, withoutEmpty(at)...)
}

// recordsOf are a request's records in their order.
func recordsOf(request *collogspb.ExportLogsServiceRequest) (all []*logspb.LogRecord) {
	for _, of := range request.GetResourceLogs() {
		for _, scoped := range of.GetScopeLogs() {
			all = append(all, scoped.GetLogRecords()...)
		}
	}
	return all
}

// uid is the change that a record tells of.
func uid(r *logspb.LogRecord) string {
	for _, a := range r.GetAttributes() {
		if a.GetKey() == uidKey {
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}
