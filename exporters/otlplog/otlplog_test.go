package otlplog

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/exporters/internal/otlpconn"
	"mirrorwatch/exporters/otlptest"
	"mirrorwatch/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuite(t *testing.T) {
	isolate(t)
	exportertest.Run(t, exportertest.Setup{
		New: func(t *testing.T, url string) pipeline.Notifier {
			return open(t, otlpconn.Config{
				Endpoint: url, Protocol: otlpconn.HTTP, Compression: otlpconn.None,
				Headers: map[string]pipeline.Secret{"authorization": pipeline.NewSecret("Bearer hunter2hunter2")},
			})
		},
		Accept: func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "application/x-protobuf") },
		Key: func(r *http.Request, _ []byte) string {
			request, err := otlptest.Read(r)
			if err != nil {
				return err.Error()
			}
			return uid(request.GetResourceLogs()[0].GetScopeLogs()[0].GetLogRecords()[0])
		},
		Check:  checkBody,
		Secret: "hunter2hunter2",
	})
}

func TestBothProtocolsBringTheSameRecords(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, c *otlptest.Collector, l *Log) {
		n := exportertest.Many(25)
		if _, err := l.Notify(t.Context(), frozen(t, l, n)); err != nil {
			t.Fatal(err)
		}
		want := &collogspb.ExportLogsServiceRequest{}
		if err := protojson.Unmarshal(frozen(t, l, n).Body, want); err != nil {
			t.Fatal(err)
		}
		if got := c.Requests(); len(got) != 1 || !proto.Equal(got[0], want) {
			t.Errorf("%d requests arrived, the first is %v", len(got), got)
		}
	})
}

func TestRejectedRecordsAreNotSentAgain(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, c *otlptest.Collector, l *Log) {
		partly := &collogspb.ExportLogsPartialSuccess{RejectedLogRecords: 3, ErrorMessage: "too old"}
		c.Answer(func() (*collogspb.ExportLogsServiceResponse, error) {
			return &collogspb.ExportLogsServiceResponse{PartialSuccess: partly}, nil
		})
		_, err := l.Notify(t.Context(), frozen(t, l, exportertest.Many(25)))
		if !pipeline.IsFinal(err) || err.Error() != "rejected 3 of 25 records: too old" {
			t.Errorf("error %v", err)
		}
		partly.RejectedLogRecords = 0 // a warning
		if _, err := l.Notify(t.Context(), frozen(t, l, exportertest.Many(25))); err != nil {
			t.Errorf("error %v, want none", err)
		}
	})
}

func TestConfigurationIsHeldAgainstTheEnvironmentOfLogs(t *testing.T) {
	isolate(t)
	t.Setenv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "collector:4317")
	var problems []string
	(&Config{}).Validate(func(path, problem string) { problems = append(problems, path+": "+problem) })
	if len(problems) != 2 || !strings.HasPrefix(problems[0], "name: ") || !strings.HasPrefix(problems[1], "endpoint: OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: ") {
		t.Errorf("problems are %q", problems)
	}
	if _, err := New(Config{Name: "events"}, pipeline.Pages{}, "1.2.3"); err == nil {
		t.Error("it is made all the same")
	}
}

func TestBodyThatIsNoneIsRefused(t *testing.T) {
	isolate(t)
	l := open(t, otlpconn.Config{Endpoint: "http://127.0.0.1:1"})
	if _, err := l.Notify(t.Context(), pipeline.Notification{Body: []byte(`[]`)}); !pipeline.IsPermanent(err) {
		t.Error(errors.Join(errors.New("want a permanent error"), err))
	}
}

// open makes a notifier whose connection is closed with the test.
func open(t *testing.T, c otlpconn.Config) *Log {
	t.Helper()
	l, err := New(Config{Name: "events", Config: c}, pipeline.Pages{Runbook: "https://wiki.example/{rule}"}, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.way.close)
	return l
}

func frozen(t *testing.T, l *Log, n pipeline.Notification) pipeline.Notification {
	t.Helper()
	var err error
	if n.Body, err = l.Render(n); err != nil {
		t.Fatal(err)
	}
	return n
}

func eachProtocol(t *testing.T, test func(t *testing.T, c *otlptest.Collector, l *Log)) {
	t.Helper()
	for _, protocol := range []string{otlpconn.GRPC, otlpconn.HTTP} {
		t.Run(strings.ReplaceAll(protocol, "/", " "), func(t *testing.T) {
			c := otlptest.Start(t, protocol == otlpconn.HTTP)
			test(t, c, open(t, otlpconn.Config{Endpoint: c.Endpoint, Protocol: protocol}))
		})
	}
}

// isolate takes the test's process out of any OTEL_* environment.
func isolate(t *testing.T) {
	t.Helper()
	for _, what := range []string{
		"ENDPOINT", "PROTOCOL", "HEADERS", "COMPRESSION", "TIMEOUT", "CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY",
	} {
		t.Setenv("OTEL_EXPORTER_OTLP_"+what, "")
		t.Setenv("OTEL_EXPORTER_OTLP_LOGS_"+what, "")
	}
}
