package otlplog

import (
	"os"
	"strings"
	"testing"
	"time"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

func TestGolden(t *testing.T) {
	samples := exportertest.Samples()
	for _, name := range []string{
		"opened", "escalated", "eased", "updated", "reminded", "resolved", "closed", "late", "cause", "cause-possible", "flapping", "metadata",
		"test", "rule-delivery", "rule-policy", "rule-lag", "rule-not-copying", "rule-unobserved",
	} {
		t.Run(name, func(t *testing.T) {
			l := &Log{pages: pipeline.Pages{Runbook: "https://wiki.example/{rule}"}} // who sends it differs from host to host
			exportertest.Golden(t, name, frozen(t, l, samples[name]).Body)
		})
	}
}

func TestEveryAttributeIsDocumented(t *testing.T) {
	docs, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range exportertest.Samples() {
		for k := range n.Changes {
			for _, a := range recordOf(&n.Changes[k], pipeline.Pages{Runbook: "https://wiki.example/{rule}"}).GetAttributes() {
				key := strings.TrimPrefix(a.GetKey(), "mirrorwatch.incident")
				if strings.HasPrefix(key, "nats.stream.metadata.") {
					key = "nats.stream.metadata.KEY"
				}
				if !strings.Contains(string(docs), "`"+key+"`") && !strings.Contains(string(docs), "`"+a.GetKey()+"`") {
					t.Errorf("%s: docs/events.md does not have %s", name, a.GetKey())
				}
			}
		}
	}
}

// checkBody holds a body against what OTLP asks of events.
func checkBody(t *testing.T, body []byte) {
	t.Helper()
	request := &collogspb.ExportLogsServiceRequest{}
	if err := protojson.Unmarshal(body, request); err != nil {
		t.Fatal(err)
	}
	if _, err := proto.Marshal(request); err != nil {
		t.Fatal(err)
	}
	of := request.GetResourceLogs()[0]
	if len(of.GetResource().GetAttributes()) == 0 || of.GetScopeLogs()[0].GetScope().GetName() != scopeName {
		t.Errorf("resource %v, scope %v", of.GetResource(), of.GetScopeLogs()[0].GetScope())
	}
	for _, r := range of.GetScopeLogs()[0].GetLogRecords() {
		checkRecord(t, r)
	}
}

func checkRecord(t *testing.T, r *logspb.LogRecord) {
	t.Helper()
	if r.GetTimeUnixNano() == 0 || r.GetObservedTimeUnixNano() == 0 || r.GetSeverityNumber() == 0 || r.GetBody().GetStringValue() == "" ||
		!strings.HasPrefix(r.GetEventName(), "mirrorwatch.incident.") || uid(r) == "" {
		t.Errorf("record is %v", r)
	}
	known := map[string]bool{}
	for _, a := range r.GetAttributes() {
		if a.GetKey() == "" || known[a.GetKey()] {
			t.Errorf("attribute %q is there twice, or has no name", a.GetKey())
		}
		known[a.GetKey()] = true
	}
	for name := range known { // a name is no namespace too
		for at := strings.LastIndexByte(name, '.'); at > 0; at = strings.LastIndexByte(name[:at], '.') {
			if known[name[:at]] {
				t.Errorf("%s is under %s", name, name[:at])
			}
		}
	}
}

func TestAtLeastNothingIsNotSent(t *testing.T) {
	for name, test := range map[string]struct {
		risk pipeline.Risk
		sent bool
	}{
		"nothing":          {pipeline.Risk{Failover: pipeline.FailoverReady, Verified: true}, true},
		"at least nothing": {pipeline.Risk{Failover: pipeline.FailoverUnknown, AtLeast: true}, false},
		"at least some":    {pipeline.Risk{Failover: pipeline.FailoverUnknown, AtLeast: true, Messages: 3}, true},
	} {
		lost := exportertest.Lost()
		lost.Risk = test.risk
		c := exportertest.Of(lost, pipeline.Opened, 0)
		sent := false
		for _, a := range recordOf(&c, pipeline.Pages{}).GetAttributes() {
			sent = sent || a.GetKey() == "mirrorwatch.incident.at_risk.messages"
		}
		if sent != test.sent {
			t.Errorf("%s: sent is %v", name, sent)
		}
	}
}

func TestSeverityIsOfWhatIsLeft(t *testing.T) {
	lost := exportertest.Lost()
	warning := lost
	warning.Level = pipeline.Warning
	for _, test := range []struct {
		incident pipeline.Incident
		kind     pipeline.ChangeKind
		number   logspb.SeverityNumber
		text     string
	}{
		{lost, pipeline.Opened, 17, "critical"},
		{warning, pipeline.Opened, 13, "warning"},
		{warning, pipeline.Escalated, 17, "critical"},
		{lost, pipeline.Updated, 17, "critical"},
		{lost, pipeline.Reminded, 17, "critical"},
		{lost, pipeline.Eased, 9, "info"},
		{lost, pipeline.Resolved, 9, "info"},
		{lost, pipeline.Closed, 9, "info"},
	} {
		c := exportertest.Of(test.incident, test.kind, time.Minute)
		if number, text := severityOf(&c); number != test.number || text != test.text {
			t.Errorf("%s: %d %s, want %d %s", test.kind, number, text, test.number, test.text)
		}
	}
}
