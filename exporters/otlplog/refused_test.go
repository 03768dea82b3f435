package otlplog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/exporters/internal/otlpconn"
	"mirrorwatch/exporters/otlptest"
	"mirrorwatch/pipeline"
)

// picky is a server that refuses requests with a record of one of some places in the batch, and how many it refused.
func picky(c *otlptest.Collector, n pipeline.Notification, places ...int) *int {
	bad, refused := map[string]bool{}, new(int)
	for _, k := range places {
		bad[n.Changes[k].Key()] = true
	}
	c.Refuse(func(request *collogspb.ExportLogsServiceRequest) error {
		for _, of := range request.GetResourceLogs() {
			for _, scoped := range of.GetScopeLogs() {
				for _, r := range scoped.GetLogRecords() {
					if bad[uid(r)] {
						*refused++
						return status.Error(codes.InvalidArgument, "no such thing")
					}
				}
			}
		}
		return nil
	})
	return refused
}

func TestARecordThatIsRefusedCostsNoOtherOne(t *testing.T) {
	isolate(t)
	for _, places := range [][]int{{0}, {41}, {99}, {0, 1, 2, 99}, {7, 8, 50}, {0, 1, 2, 3, 4, 5, 6, 7, 8}} {
		t.Run(fmt.Sprint(places), func(t *testing.T) {
			c := otlptest.Start(t, false)
			l := open(t, otlpconn.Config{Endpoint: c.Endpoint})
			n := frozen(t, l, exportertest.Many(100))
			refused := picky(c, n, places...)
			_, err := l.Notify(t.Context(), n)
			if want := fmt.Sprintf("%d records refused: ", len(places)); !pipeline.IsFinal(err) || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error %v, want a final one that begins with %q", err, want)
			}
			got := map[string]int{}
			for _, r := range c.Records() {
				got[uid(r)]++
			}
			for k := range n.Changes {
				if got[n.Changes[k].Key()] != 1 && !slices.Contains(places, k) {
					t.Errorf("record %d came %d times, want once", k, got[n.Changes[k].Key()])
				}
			}
			if len(got) != 100-len(places) {
				t.Errorf("%d records came of 100, %d are refused", len(got), len(places))
			}
			if most := 8 * len(places); *refused > most {
				t.Errorf("%d requests were refused, want %d at most", *refused, most)
			}
		})
	}
}

// A server that takes nothing is not asked about each record, and gets the whole batch again.
func TestAServerThatRefusesEverythingRefusesTheBatch(t *testing.T) {
	isolate(t)
	c := otlptest.Start(t, false)
	l := open(t, otlpconn.Config{Endpoint: c.Endpoint})
	n := frozen(t, l, exportertest.Many(1000))
	refused := 0
	c.Refuse(func(*collogspb.ExportLogsServiceRequest) error {
		refused++
		return status.Error(codes.InvalidArgument, "no")
	})
	if _, err := l.Notify(t.Context(), n); !pipeline.IsPermanent(err) || pipeline.IsFinal(err) || refused > 40 || len(l.begun) > 0 {
		t.Errorf("%d requests, %d batches remembered, %v; want a refusal that is worth another try", refused, len(l.begun), err)
	}
	c.Refuse(nil)
	if _, err := l.Notify(t.Context(), n); err != nil || len(c.Records()) != 1000 {
		t.Errorf("%d records came, %v", len(c.Records()), err)
	}
}

// Where the server goes away in the middle, the next attempt goes on with what it has not had.
func TestHalvesGoOnAfterAnOutage(t *testing.T) {
	isolate(t)
	c := otlptest.Start(t, false)
	l := open(t, otlpconn.Config{Endpoint: c.Endpoint})
	n := frozen(t, l, exportertest.Many(100))
	bad := n.Changes[30].Key()
	asked := 0
	c.Refuse(func(request *collogspb.ExportLogsServiceRequest) error {
		for _, r := range request.GetResourceLogs()[0].GetScopeLogs()[0].GetLogRecords() {
			if uid(r) == bad {
				return status.Error(codes.InvalidArgument, "no")
			}
		}
		if asked++; asked == 2 {
			return status.Error(codes.Unavailable, "draining")
		}
		return nil
	})
	if _, err := l.Notify(t.Context(), n); err == nil || pipeline.IsPermanent(err) {
		t.Errorf("error %v, want one that is worth a retry", err)
	}
	if _, err := l.Notify(t.Context(), n); !pipeline.IsFinal(err) {
		t.Errorf("error %v, want a final one", err)
	}
	if got := c.Records(); len(got) != 99 {
		t.Errorf("%d records came, want 99 once", len(got))
	}
}

// A server that refuses for other reasons than its records', and takes everything later, has them all in the end.
func TestNothingIsLostOnAPassingRefusal(t *testing.T) {
	isolate(t)
	for _, code := range []codes.Code{codes.Internal, codes.NotFound, codes.ResourceExhausted, codes.InvalidArgument} {
		t.Run(code.String(), func(t *testing.T) {
			c := otlptest.Start(t, false)
			l := open(t, otlpconn.Config{Endpoint: c.Endpoint})
			n := frozen(t, l, exportertest.Many(100))
			sick, taken, refused := true, false, 0
			c.Refuse(func(request *collogspb.ExportLogsServiceRequest) error {
				if sick && (records(request) > 50 || taken) {
					refused++
					return status.Error(code, "not now")
				}
				taken = true
				return nil
			})
			if _, err := l.Notify(t.Context(), n); !pipeline.IsPermanent(err) || pipeline.IsFinal(err) || refused > 30 {
				t.Errorf("%d requests were refused, %v; want a refusal that is worth another try", refused, err)
			}
			sick = false
			if _, err := l.Notify(t.Context(), n); err != nil {
				t.Error(err)
			}
			if got := c.Records(); len(got) != 100 {
				t.Errorf("%d records came, want 100", len(got))
			}
		})
	}
}
