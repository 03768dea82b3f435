package otlplog

import (
	"fmt"
	"testing"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/exporters/internal/otlpconn"
	"mirrorwatch/exporters/otlptest"
	"mirrorwatch/pipeline"
)

// Where most of a batch is refused, a stretch of good records gets through, wherever it is.
func TestAStretchOfGoodRecordsGetsThroughManyBadOnes(t *testing.T) {
	isolate(t)
	for _, test := range []struct {
		all   int
		bad   []int
		final bool // a good one comes after each bad one
	}{
		{250, row(0, 225), true},
		{250, row(0, 200), true},
		{500, row(0, 450), true},
		{250, row(0, 130, 155, 250), false},
		{250, row(25, 250), false},
		{250, row(0, 100, 130, 250), false},
	} {
		t.Run(fmt.Sprintf("%d of %d bad from %d on", len(test.bad), test.all, test.bad[0]), func(t *testing.T) {
			c := otlptest.Start(t, false)
			l := open(t, otlpconn.Config{Endpoint: c.Endpoint})
			n := frozen(t, l, exportertest.Many(test.all))
			picky(c, n, test.bad...)
			_, err := l.Notify(t.Context(), n)
			if got := len(c.Records()); got != test.all-len(test.bad) {
				t.Errorf("%d records came, want %d", got, test.all-len(test.bad))
			}
			if !pipeline.IsPermanent(err) || pipeline.IsFinal(err) != test.final {
				t.Errorf("final %t, want %t: %v", pipeline.IsFinal(err), test.final, err)
			}
		})
	}
}

// What an earlier attempt had taken tells nothing of the records that are refused in this one.
func TestNothingIsLostInAnAttemptInWhichNothingIsTaken(t *testing.T) {
	isolate(t)
	c := otlptest.Start(t, false)
	l := open(t, otlpconn.Config{Endpoint: c.Endpoint})
	n := frozen(t, l, exportertest.Many(12))
	answers := []error{status.Error(codes.InvalidArgument, "too many"), nil, status.Error(codes.Unavailable, "restarting")}
	c.Refuse(func(*collogspb.ExportLogsServiceRequest) error {
		if len(answers) == 0 {
			return status.Error(codes.InvalidArgument, "not now")
		}
		answer := answers[0]
		answers = answers[1:]
		return answer
	})
	if _, err := l.Notify(t.Context(), n); err == nil || pipeline.IsPermanent(err) || len(c.Records()) != 6 {
		t.Errorf("%d records came, %v; want 6, and an error that is worth a retry", len(c.Records()), err)
	}
	if _, err := l.Notify(t.Context(), n); !pipeline.IsPermanent(err) || pipeline.IsFinal(err) {
		t.Errorf("error %v, want a refusal that is worth another try", err)
	}
	c.Refuse(nil)
	if _, err := l.Notify(t.Context(), n); err != nil || len(c.Records()) != 12 {
		t.Errorf("%d records came, want 12: %v", len(c.Records()), err)
	}
}

func TestABodyWithoutRecordsIsNotSent(t *testing.T) {
	isolate(t)
	c := otlptest.Start(t, false)
	l := open(t, otlpconn.Config{Endpoint: c.Endpoint})
	c.Refuse(func(*collogspb.ExportLogsServiceRequest) error { return status.Error(codes.InvalidArgument, "empty") })
	for _, body := range []string{`{}`, `{"resourceLogs":[{"scopeLogs":[{}]}]}`} {
		if _, err := l.Notify(t.Context(), pipeline.Notification{Key: body, Body: []byte(body)}); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}
