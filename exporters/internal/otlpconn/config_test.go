package otlpconn

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
)

func problems(cfg Config) []string {
	var all []string
	cfg.Validate(Metrics, func(path, problem string) { all = append(all, path+": "+problem) })
	return all
}

func TestValidateNamesEveryProblem(t *testing.T) {
	isolate(t)
	cfg := Config{
		Endpoint: "http://collector:4317", Protocol: "smoke", Compression: "zip", Timeout: -time.Second,
		Headers: map[string]pipeline.Secret{
			"api key": pipeline.NewSecret("x"), "grpc-x": pipeline.NewSecret("x"), "both": pipeline.NewSecret("x"), "Host": pipeline.NewSecret("x"),
		},
		HeaderFiles: map[string]string{"empty": "", "both": "/b"},
		CAFile:      "/nowhere/ca.pem", CertFile: "/nowhere/cert.pem", KeyFile: "/nowhere/key.pem", ServerName: "collector",
	}
	want := []string{
		`protocol: "smoke": want grpc or http/protobuf`,
		`compression: "zip": want gzip or none`,
		"timeout: -1s: want more than 0s",
		"headers.Host: is a header that is set already",
		"headers.api key: is no header name; use letters, digits, - _ and .",
		"header_files.both: is given under headers too; keep one of them",
		"headers.grpc-x: is a name that gRPC keeps for itself",
		"header_files.empty: is empty; name a file",
		"ca_file: is of no use with an http:// endpoint; write https://",
		"cert_file: is of no use with an http:// endpoint; write https://",
		"key_file: is of no use with an http:// endpoint; write https://",
		"server_name: is of no use with an http:// endpoint; write https://",
	}
	if diff := cmp.Diff(want, problems(cfg)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	for _, protocol := range []string{"", GRPC, HTTP} {
		if got := problems(Config{Endpoint: "https://collector", Protocol: protocol}); len(got) != 0 {
			t.Errorf("a good configuration for %s: %q", protocol, got)
		}
	}
}

func TestAnEndpointIsRefusedRatherThanReplaced(t *testing.T) {
	isolate(t)
	const overGRPC, overHTTP = "write http://HOST:4317 or https://HOST:4317", "write http://HOST:4318 or https://HOST:4318"
	for _, test := range []struct{ endpoint, protocol, problem string }{
		{"", "", "is empty, and so is OTEL_EXPORTER_OTLP_ENDPOINT; " + overGRPC},
		{"", HTTP, "is empty, and so is OTEL_EXPORTER_OTLP_ENDPOINT; " + overHTTP},
		{"127.0.0.1:4317", "", `"127.0.0.1:4317" has no scheme; ` + overGRPC},
		{"localhost:4318", HTTP, `"localhost:4318" has no scheme; ` + overHTTP},
		{"me:pass@collector:4317", "", "has no scheme; " + overGRPC},
		{"grpc://collector:4317", "", `scheme "grpc": want http (no TLS) or https`},
		{"https://me:pass@collector", HTTP, "holds a user name; credentials belong under headers"},
		{"https://:4317", "", "names no host; " + overGRPC},
		{"http://collector", "", "names no port; " + overGRPC},
		{"http://collector", HTTP, "names no port; " + overHTTP},
		{"http://collector:pass", "", "is no URL; " + overGRPC},
		{"http://c:4318/base", "", "has a path, which OTLP over gRPC does not; " + overGRPC + ", or set protocol: http/protobuf"},
		{"http://c:4318/v1/metrics/", HTTP, "ends in /v1/metrics, which is added; leave it out"},
		{"https://collector?key=pass", HTTP, "has a query; " + overHTTP + "; credentials belong under headers"},
	} {
		cfg := Config{Endpoint: test.endpoint, Protocol: test.protocol}
		if diff := cmp.Diff([]string{"endpoint: " + test.problem}, problems(cfg)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.endpoint, diff)
		}
		if _, err := cfg.Target(Metrics); err == nil || strings.Contains(err.Error(), "pass") {
			t.Errorf("%q: Target: %v", test.endpoint, err)
		}
	}
}

// environmentCase is what is configured, what the environment says, and what comes of it.
type environmentCase struct {
	cfg         Config
	environment map[string]string
	want        string // the URL, or a problem
}

func TestTheEnvironmentGivesWhatTheConfigurationLeavesOut(t *testing.T) {
	isolate(t)
	configured := Config{Endpoint: "http://configured:1"}
	for name, test := range map[string]environmentCase{
		"general":              {Config{}, map[string]string{"ENDPOINT": "http://general:1"}, "http://general:1"},
		"own":                  {Config{}, map[string]string{"ENDPOINT": "http://general:1", "METRICS_ENDPOINT": "http://own:1"}, "http://own:1"},
		"configured":           {configured, map[string]string{"METRICS_ENDPOINT": "http://own:1"}, "http://configured:1"},
		"no scheme":            {Config{}, map[string]string{"ENDPOINT": "general:1"}, `endpoint: OTEL_EXPORTER_OTLP_ENDPOINT: "general:1" has no scheme; write http://HOST:4317 or https://HOST:4317`},
		"own, no scheme":       {Config{}, map[string]string{"ENDPOINT": "http://general:1", "METRICS_ENDPOINT": "own:1"}, `endpoint: OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "own:1" has no scheme; write http://HOST:4317 or https://HOST:4317`},
		"HTTP":                 {configured, map[string]string{"PROTOCOL": "http/protobuf"}, "http://configured:1/v1/metrics"},
		"HTTP, general":        {Config{}, map[string]string{"PROTOCOL": "http/protobuf", "ENDPOINT": "http://general:1/base/"}, "http://general:1/base/v1/metrics"},
		"HTTP, own as it is":   {Config{}, map[string]string{"PROTOCOL": "http/protobuf", "METRICS_ENDPOINT": "http://own:1/in"}, "http://own:1/in"},
		"HTTP, own, no path":   {Config{}, map[string]string{"PROTOCOL": "http/protobuf", "METRICS_ENDPOINT": "http://own:1"}, "http://own:1/"},
		"own protocol":         {configured, map[string]string{"PROTOCOL": "http/protobuf", "METRICS_PROTOCOL": "grpc"}, "http://configured:1"},
		"configured protocol":  {Config{Endpoint: "http://configured:1", Protocol: HTTP}, map[string]string{"METRICS_PROTOCOL": "grpc"}, "http://configured:1/v1/metrics"},
		"unknown protocol":     {configured, map[string]string{"PROTOCOL": "http/json"}, `protocol: OTEL_EXPORTER_OTLP_PROTOCOL: "http/json": want grpc or http/protobuf`},
		"unknown compression":  {configured, map[string]string{"METRICS_COMPRESSION": "zip"}, `compression: OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: "zip": want gzip or none`},
		"time-out, no number":  {configured, map[string]string{"TIMEOUT": "10s"}, `timeout: OTEL_EXPORTER_OTLP_TIMEOUT: "10s": want milliseconds, more than 0`},
		"header without value": {configured, map[string]string{"HEADERS": "a=1,hush"}, "headers: OTEL_EXPORTER_OTLP_HEADERS: entry 2 has no =; write NAME=VALUE,NAME=VALUE"},
		"header, no name":      {configured, map[string]string{"HEADERS": "a b=hush"}, "headers: OTEL_EXPORTER_OTLP_HEADERS: the name of entry 1 is no header name; use letters, digits, - _ and ."},
		"header, bad escape":   {configured, map[string]string{"METRICS_HEADERS": "a=hush%zz"}, "headers: OTEL_EXPORTER_OTLP_METRICS_HEADERS: the value of a has a faulty %; write %25 for one"},
	} {
		t.Run(name, func(t *testing.T) {
			for what, value := range test.environment {
				t.Setenv("OTEL_EXPORTER_OTLP_"+what, value)
			}
			got := strings.Join(problems(test.cfg), "; ")
			if target, err := test.cfg.Target(Metrics); err == nil {
				got = target.url.String()
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestAHeaderWithoutValueIsNotGiven(t *testing.T) {
	isolate(t)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "a=, b=1,c= ")
	target, err := (&Config{Endpoint: "http://collector:4317"}).Target(Metrics)
	if err != nil {
		t.Fatal(err)
	}
	if got := target.Shown(); len(got) != 1 || got["b"] == nil {
		t.Errorf("headers %v, want b alone", got)
	}
}

func TestTheTimeoutIsTheConfigurationsOrTheEnvironments(t *testing.T) {
	isolate(t)
	timeout := func(cfg Config) time.Duration {
		t.Helper()
		cfg.Endpoint = "http://collector:4317"
		target, err := cfg.Target(Metrics)
		if err != nil {
			t.Fatal(err)
		}
		return target.Timeout
	}
	if got := timeout(Config{}); got != 10*time.Second {
		t.Error(got)
	}
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2500")
	if got := timeout(Config{}); got != 2500*time.Millisecond {
		t.Error(got)
	}
	if got := timeout(Config{Timeout: time.Minute}); got != time.Minute {
		t.Error(got)
	}
}
