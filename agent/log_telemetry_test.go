package agent

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"

	"mirrorwatch/pipeline/pipelinetest"
)

// spawnWithOTLP runs an agent that exports to the collector, in the environment of the test.
func spawnWithOTLP(t *testing.T, c *collector) *child {
	t.Helper()
	t.Setenv("MIRRORWATCH_EXPORTERS_OTLP_ENDPOINT", startCollector(t, c).Endpoint)
	t.Setenv("MIRRORWATCH_EXPORTERS_OTLP_INTERVAL", "1h")
	file, _ := configure(t, startPager(t), pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one"}))
	return spawn(t, file)
}

// The SDK finds fault with what the agent leaves aside: it would write lines of text, and secrets in them.
func TestWhatTheSDKSaysIsInTheLogAndHoldsNoSecret(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "hunter2")
	t.Setenv("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x-key=fine")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "zone=hunter2%zz,hunter2")
	t.Setenv("OTEL_TRACES_SAMPLER", "hunter2")
	t.Setenv("MIRRORWATCH_EXPORTERS_OTLP_TRACES", "true")
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-key=fine")
	c := spawnWithOTLP(t, &collector{})
	if err := c.end(syscall.SIGTERM); err != nil {
		t.Errorf("the end: %v", err)
	}
	told := map[string]bool{}
	for text := range strings.Lines(c.log.String()) {
		var line struct{ Msg, Error string }
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Errorf("no JSON: %s", text)
		}
		if line.Msg == "opentelemetry" {
			told[line.Error] = true
		}
	}
	if len(told) != 1 || !told["parse headers, of the OTEL_EXPORTER_OTLP_* environment"] {
		t.Errorf("the SDK's words: %v", told)
	}
	if strings.Contains(c.log.String(), "hunter2") || strings.Contains(c.log.String(), "%zz") {
		t.Error("the log holds a secret")
	}
	for _, fault := range []string{"the value of zone has a faulty %", "entry 2 has no ="} {
		if n := strings.Count(c.log.String(), "environment OTEL_RESOURCE_ATTRIBUTES: "+fault); n != 1 {
			t.Errorf("%q is told %d times", fault, n)
		}
	}
}

func TestDisabledSDKSendsNothing(t *testing.T) {
	t.Setenv("OTEL_SDK_DISABLED", "true")
	metrics := &collector{}
	c := spawnWithOTLP(t, metrics)
	if err := c.end(syscall.SIGTERM); err != nil { // else a last report would be sent
		t.Errorf("the end: %v", err)
	}
	if n := metrics.count(); n != 0 {
		t.Errorf("%d exports", n)
	}
	if want := "environment OTEL_SDK_DISABLED: is true: exporters.otlp sends nothing"; !strings.Contains(c.log.String(), want) {
		t.Errorf("the log does not say %q", want)
	}
}
