package otlplog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/exporters/internal/otlpconn"
	"mirrorwatch/exporters/otlptest"
	"mirrorwatch/pipeline"
)

func TestStatusesAreSorted(t *testing.T) {
	isolate(t)
	c := otlptest.Start(t, false)
	l := open(t, otlpconn.Config{Endpoint: c.Endpoint})
	n := frozen(t, l, exportertest.One(exportertest.Of(exportertest.Lost(), pipeline.Opened, 0)))
	const retried, refused, broken = "retried", "refused", "broken"
	for code, want := range map[codes.Code]string{
		codes.Canceled: retried, codes.DeadlineExceeded: retried, codes.Aborted: retried, codes.OutOfRange: retried,
		codes.Unavailable: retried, codes.DataLoss: retried, codes.Unknown: retried,
		codes.InvalidArgument: refused, codes.NotFound: refused, codes.AlreadyExists: refused, codes.FailedPrecondition: refused,
		codes.Internal: refused, codes.ResourceExhausted: refused,
		codes.Unauthenticated: broken, codes.PermissionDenied: broken, codes.Unimplemented: broken,
	} {
		c.Answer(func() (*collogspb.ExportLogsServiceResponse, error) { return nil, status.Error(code, "no\n\x00way") })
		_, err := l.Notify(t.Context(), n)
		got := retried
		switch {
		case pipeline.IsBroken(err):
			got = broken
		case pipeline.IsPermanent(err):
			got = refused
		}
		if got != want || pipeline.IsFinal(err) || err.Error() != fmt.Sprintf("send to %s: %s: no way", c.Endpoint, code) {
			t.Errorf("%s: %s, want %s: %v", code, got, want, err)
		}
	}
	for _, code := range []codes.Code{codes.ResourceExhausted, codes.Unavailable} {
		for asked, want := range map[time.Duration]time.Duration{0: 0, 7 * time.Second: 7 * time.Second, 99 * time.Hour: time.Hour} {
			full, err := status.New(code, "full").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(asked)})
			if err != nil {
				t.Fatal(err)
			}
			c.Answer(func() (*collogspb.ExportLogsServiceResponse, error) { return nil, full.Err() })
			if _, err = l.Notify(t.Context(), n); err == nil || pipeline.IsPermanent(err) || pipeline.RetryDelay(err) != want {
				t.Errorf("%s, %s: delay %s: %v", code, asked, pipeline.RetryDelay(err), err)
			}
		}
	}
}

// A default gRPC server refuses what is over 4 MiB.
func TestLargeBatchGoesInSeveralRequests(t *testing.T) {
	isolate(t)
	c := otlptest.Start(t, false)
	l := open(t, otlpconn.Config{Endpoint: c.Endpoint})
	n := exportertest.Storm(2600)[0]
	for k := range n.Changes {
		n.Changes[k].Incident.Diagnosis = exportertest.Deleted().Diagnosis
		n.Changes[k].Incident.Detail = strings.Repeat("detail ", 100)
	}
	n = frozen(t, l, n)
	whole := &collogspb.ExportLogsServiceRequest{}
	if err := protojson.Unmarshal(n.Body, whole); err != nil || proto.Size(whole) <= 4<<20 {
		t.Fatalf("%d bytes are no test: %v", proto.Size(whole), err)
	}
	if _, err := l.Notify(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	records := c.Records()
	if len(records) != len(n.Changes) || len(c.Requests()) < 2 {
		t.Fatalf("%d records in %d requests, want %d", len(records), len(c.Requests()), len(n.Changes))
	}
	for k, r := range records {
		if uid(r) != n.Changes[k].Key() {
			t.Fatalf("record %d is %s, want %s", k, uid(r), n.Changes[k].Key())
		}
	}
	for _, request := range c.Requests() {
		if size := proto.Size(request); size > mostBytes {
			t.Errorf("a request of %d bytes", size)
		}
		if len(request.GetResourceLogs()[0].GetResource().GetAttributes()) == 0 {
			t.Error("a request without a resource")
		}
	}
}

// What waits out an outage is not to fail once more because gRPC has not dialled again yet.
func TestFirstAttemptAfterAnOutageArrives(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, c *otlptest.Collector, l *Log) {
		n := frozen(t, l, exportertest.One(exportertest.Of(exportertest.Lost(), pipeline.Opened, 0)))
		if _, err := l.Notify(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		c.Stop()
		for range 3 {
			if _, err := l.Notify(t.Context(), n); err == nil || pipeline.IsPermanent(err) {
				t.Fatalf("error %v, want one that is worth a retry", err)
			}
		}
		c.Listen(t)
		if _, err := l.Notify(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		if all := c.Records(); len(all) != 2 || !proto.Equal(all[0], all[1]) {
			t.Errorf("%d records, want the same twice: %v", len(all), all)
		}
	})
}

func TestExchangesTellAnswersApartFromNone(t *testing.T) {
	isolate(t)
	for _, protocol := range []string{otlpconn.GRPC, otlpconn.HTTP} {
		c := otlptest.Start(t, protocol == otlpconn.HTTP)
		l := open(t, otlpconn.Config{
			Endpoint: c.Endpoint, Protocol: protocol, Headers: map[string]pipeline.Secret{"Api-Key": pipeline.NewSecret("hunter2hunter2")},
		})
		n := frozen(t, l, exportertest.One(exportertest.Of(exportertest.Lost(), pipeline.Opened, 0)))
		exchange := func() (told pipeline.Exchange) {
			t.Helper()
			_, err := l.Notify(pipeline.WithExchanges(t.Context(), func(e pipeline.Exchange) { told = e }), n)
			if fmt.Sprint(err) != fmt.Sprint(told.Error) || !strings.Contains(string(told.Body), "PAYMENTS_MIRROR") || told.URL != c.Endpoint ||
				fmt.Sprint(told.Header) != "map[api-key:[<secret>]]" {
				t.Errorf("%s: %v, told %+v", protocol, err, told)
			}
			return told
		}
		if e := exchange(); e.Status != "OK" {
			t.Errorf("%s, accepted: %q", protocol, e.Status)
		}
		c.Answer(func() (*collogspb.ExportLogsServiceResponse, error) {
			return nil, status.Error(codes.Unavailable, "busy hunter2hunter2")
		})
		if e := exchange(); e.Status != "Unavailable" || !strings.Contains(string(e.Answer), "busy <secret>") {
			t.Errorf("%s, refused: %q %s", protocol, e.Status, e.Answer)
		}
		c.Stop()
		if e := exchange(); e.Status != "" || len(e.Answer) > 0 {
			t.Errorf("%s, gone: %q %s", protocol, e.Status, e.Answer)
		}
	}
}
