package otlplog

import (
	"fmt"
	"strings"
	"testing"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/exporters/otlptest"
	"mirrorwatch/pipeline"
)

// long is a batch of two requests.
func long(t *testing.T, l *Log) pipeline.Notification {
	t.Helper()
	metadata := map[string]string{}
	for k := range 20 {
		metadata[fmt.Sprint("key", k)] = strings.Repeat("x", 500)
	}
	n := exportertest.Many(400)
	for k := range n.Changes {
		n.Changes[k].Incident.Metadata = metadata
	}
	return frozen(t, l, n)
}

// A batch whose later request fails is not sent from its beginning: what the server took in part would be resent.
func TestABatchGoesOnWithTheRequestThatFailed(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, c *otlptest.Collector, l *Log) {
		n := long(t, l)
		answers := []func() (*collogspb.ExportLogsServiceResponse, error){
			func() (*collogspb.ExportLogsServiceResponse, error) {
				return &collogspb.ExportLogsServiceResponse{PartialSuccess: &collogspb.ExportLogsPartialSuccess{RejectedLogRecords: 3, ErrorMessage: "too old"}}, nil
			},
			func() (*collogspb.ExportLogsServiceResponse, error) {
				return nil, status.Error(codes.Unavailable, "draining")
			},
			func() (*collogspb.ExportLogsServiceResponse, error) {
				return &collogspb.ExportLogsServiceResponse{}, nil
			},
		}
		asked := 0
		c.Answer(func() (*collogspb.ExportLogsServiceResponse, error) {
			asked++
			return answers[min(asked, len(answers))-1]()
		})
		_, err := l.Notify(t.Context(), n)
		if err == nil || pipeline.IsPermanent(err) || !strings.Contains(err.Error(), "draining") || !strings.Contains(err.Error(), "rejected 3 of ") {
			t.Errorf("error %v, want one that is worth a retry, and tells what was rejected", err)
		}
		if _, err = l.Notify(t.Context(), n); !pipeline.IsFinal(err) || !strings.HasPrefix(err.Error(), "rejected 3 of ") {
			t.Errorf("error %v, want a final one of the records that were rejected", err)
		}
		all := c.Records()
		if len(all) != len(n.Changes) || len(c.Requests()) != 2 {
			t.Fatalf("%d records in %d requests, want %d once", len(all), len(c.Requests()), len(n.Changes))
		}
		for k, r := range all {
			if uid(r) != n.Changes[k].Key() {
				t.Fatalf("record %d is %s, want %s", k, uid(r), n.Changes[k].Key())
			}
		}
		if len(l.begun) > 0 {
			t.Errorf("%d batches are remembered after their end", len(l.begun))
		}
	})
}

func TestOnlySomeBatchesAreRemembered(t *testing.T) {
	b := begun{}
	b.keep("untouched", progress{})
	for k := range 5 * mostBegun {
		b.keep(fmt.Sprint(k), progress{begun: true, taken: k})
		if len(b) > mostBegun || b[fmt.Sprint(k)].taken != k {
			t.Fatalf("%d are remembered, the newest as %+v", len(b), b[fmt.Sprint(k)])
		}
	}
	if _, there := b["untouched"]; there {
		t.Error("one of which nothing is known is remembered")
	}
}
