package otlp

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// resourceSent reports once and returns the resource that arrived.
func resourceSent(t *testing.T, log *slog.Logger) map[string]string {
	t.Helper()
	server := startCollector(t)
	if err := open(t, configFor(server), nil, log).Report(t.Context(), pipeline.NewBoard(time.Now())); err != nil {
		t.Fatal(err)
	}
	requests := server.take()
	return attributesIn(requests[0].GetResourceMetrics()[0].GetResource().GetAttributes())
}

func TestTheResourceSaysWhoReports(t *testing.T) {
	isolate(t)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	got := resourceSent(t, quiet())
	for key, want := range map[string]string{
		"service.name": "mirrorwatch", "service.version": "1.2.3", "service.instance.id": host, "telemetry.sdk.language": "go",
	} {
		if got[key] != want {
			t.Errorf("%s: %q, want %q", key, got[key], want)
		}
	}
}

func TestTheEnvironmentWinsOverOurResource(t *testing.T) {
	isolate(t)
	t.Setenv("OTEL_SERVICE_NAME", "watcher")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=loses,service.instance.id=one,deployment.environment.name=prod")
	got := resourceSent(t, quiet())
	for key, want := range map[string]string{
		"service.name": "watcher", "service.version": "1.2.3", "service.instance.id": "one", "deployment.environment.name": "prod",
	} {
		if got[key] != want {
			t.Errorf("%s: %q, want %q", key, got[key], want)
		}
	}
}

func TestOfResourceAttributesThatAreNotUnderstoodNoneIsLoggedAndTheRestUsed(t *testing.T) {
	isolate(t)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "zone=a,hunter2")
	var log bytes.Buffer
	got := resourceSent(t, slog.New(slog.NewTextHandler(&log, nil)))
	if got["zone"] != "a" || got["service.name"] != "mirrorwatch" {
		t.Errorf("resource %v", got)
	}
	if strings.Contains(log.String(), "hunter2") {
		t.Errorf("log: %s", log.String())
	}
}
