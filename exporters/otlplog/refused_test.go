package otlplog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
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
	for _, places := range [][]int{{0}, {41}, {99}, {0, 1, 2, 99}, {7, 8, 50}, {0, 1, 2, 3, 4, 5, 6, 7, 8}, row(0, 10), row(0, 40), row(20, 75), row(5, 15, 30, 45, 90, 92)} {
		t.Run(fmt.Sprintf("%d from %d on", len(places), places[0]), func(t *testing.T) {
			c := otlptest.Start(t, false)
			l := open(t, otlpconn.Config{Endpoint: c.Endpoint})
			n := frozen(t, l, exportertest.Many(100))
			refused := picky(c, n, places...)
			_, err := l.Notify(t.Context(), n)
			if want := fmt.Sprintf("%d records refused (", len(places)); !pipeline.IsFinal(err) || !strings.HasPrefix(err.Error(), want) {
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
			if most := 8*len(places) + 10; *refused > most {
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
	if _, err := l.Notify(t.Context(), n); !pipeline.IsPermanent(err) || pipeline.IsFinal(err) || refused > 40 {
		t.Errorf("%d requests, %v; want a refusal that is worth another try", refused, err)
	}
	c.Refuse(nil)
	if _, err := l.Notify(t.Context(), n); err != nil || len(c.Records()) != 1000 || len(l.begun) > 0 {
		t.Errorf("%d records came, %d batches are remembered, %v", len(c.Records()), len(l.begun), err)
	}
}

// row is places in a row: from each first one to before each second one.
func row(ends ...int) (places []int) {
	for k := 0; k < len(ends); k += 2 {
		for place := ends[k]; place < ends[k+1]; place++ {
			places = append(places, place)
		}
	}
	return places
}

// What is refused is told once, with what it is and why.
func TestRefusedRecordsAreNamed(t *testing.T) {
	isolate(t)
	c := otlptest.Start(t, false)
	l := open(t, otlpconn.Config{Endpoint: c.Endpoint})
	n := frozen(t, l, exportertest.Many(100))
	picky(c, n, 3, 50)
	_, err := l.Notify(t.Context(), n)
	want := fmt.Sprintf("2 records refused (%s, %s): send to %s: InvalidArgument: no such thing", n.Changes[3].Key(), n.Changes[50].Key(), c.Endpoint)
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// A server that takes next to nothing has in the end what it takes: each attempt asks about other records.
func TestEachAttemptAsksAboutOtherRecords(t *testing.T) {
	isolate(t)
	c := otlptest.Start(t, false)
	l := open(t, otlpconn.Config{Endpoint: c.Endpoint})
	n := frozen(t, l, exportertest.Many(100))
	picky(c, n, row(0, 57, 58, 100)...)
	var err error
	for range 4 { // as often as an outbox tries
		if _, err = l.Notify(t.Context(), n); !pipeline.IsPermanent(err) || pipeline.IsFinal(err) {
			break
		}
	}
	if got := c.Records(); len(got) != 1 || uid(got[0]) != n.Changes[57].Key() {
		t.Errorf("%d records came, want one: %v", len(got), err)
	}
}

// A record that is too large by itself is tried again, and holds no other one up meanwhile.
func TestARecordThatIsTooLargeHoldsNothingUp(t *testing.T) {
	isolate(t)
	c := otlptest.Start(t, false)
	l := open(t, otlpconn.Config{Endpoint: c.Endpoint})
	n := frozen(t, l, exportertest.Many(100))
	large, small := n.Changes[30].Key(), false
	c.Refuse(func(request *collogspb.ExportLogsServiceRequest) error {
		if slices.ContainsFunc(recordsOf(request), func(r *logspb.LogRecord) bool { return !small && uid(r) == large }) {
			return status.Error(codes.ResourceExhausted, "too large")
		}
		return nil
	})
	for range 2 {
		if _, err := l.Notify(t.Context(), n); !pipeline.IsPermanent(err) || pipeline.IsFinal(err) || len(c.Records()) != 99 {
			t.Errorf("%d records came, %v; want 99, and a refusal that is worth another try", len(c.Records()), err)
		}
	}
	small = true
	if _, err := l.Notify(t.Context(), n); err != nil || len(c.Records()) != 100 {
		t.Errorf("%d records came, want 100: %v", len(c.Records()), err)
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
				if sick && (len(recordsOf(request)) > 50 || taken) {
					refused++
					return status.Error(code, "not now")
				}
				taken = true
				return nil
			})
			if _, err := l.Notify(t.Context(), n); !pipeline.IsPermanent(err) || pipeline.IsFinal(err) || refused > 40 {
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
