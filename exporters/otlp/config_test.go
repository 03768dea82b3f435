package otlp

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"mirrorwatch/pipeline"
)

func problems(cfg Config) []string {
	var all []string
	cfg.Validate(func(path, problem string) { all = append(all, path+": "+problem) })
	return all
}

func TestValidateNamesEveryProblem(t *testing.T) {
	isolate(t)
	junk := filepath.Join(t.TempDir(), "junk.pem")
	if err := os.WriteFile(junk, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Endpoint:    "http://collector:4317",
		Interval:    time.Millisecond,
		Headers:     map[string]pipeline.Secret{"api key": pipeline.NewSecret("x"), "grpc-x": pipeline.NewSecret("x"), "both": pipeline.NewSecret("x")},
		HeaderFiles: map[string]string{"empty": "", "both": "/b"},
		CAFile:      junk,
	}
	want := []string{
		"interval: 1ms: want at least 1s",
		"timeout: 0s: want more than 0s",
		"headers.api key: is no header name; use letters, digits, - _ and .",
		"header_files.both: is given under headers too; keep one of them",
		"headers.grpc-x: is a name that gRPC keeps for itself",
		"header_files.empty: is empty; name a file",
		"ca_file: is of no use with an http:// endpoint; write https://",
		"ca_file: read CA file: " + junk + " holds no PEM certificate",
	}
	if diff := cmp.Diff(want, problems(cfg)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if got := problems(configFor("https://collector")); len(got) != 0 {
		t.Errorf("a good configuration: %q", got)
	}
}

func TestAnEndpointIsRefusedRatherThanReplaced(t *testing.T) {
	isolate(t)
	const want = "write http://HOST:4317 or https://HOST:4317"
	for endpoint, problem := range map[string]string{
		"":                           "is empty, and so is OTEL_EXPORTER_OTLP_ENDPOINT; " + want,
		"127.0.0.1:4317":             `"127.0.0.1:4317" has no scheme; ` + want,
		"localhost:4317":             `"localhost:4317" has no scheme; ` + want,
		"me:pass@collector:4317":     "has no scheme; " + want,
		"grpc://collector:4317":      `scheme "grpc": want http (no TLS) or https`,
		"https://me:pass@collector":  "holds a user name; credentials belong under headers",
		"https://:4317":              "names no host; " + want,
		"http://collector":           "names no port; " + want,
		"http://collector:pass":      "is no URL; " + want,
		"http://c:4318/v1/metrics":   "has a path or a query, which OTLP over gRPC does not; " + want,
		"https://collector?key=pass": "has a path or a query, which OTLP over gRPC does not; " + want,
	} {
		if diff := cmp.Diff([]string{"endpoint: " + problem}, problems(configFor(endpoint))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", endpoint, diff)
		}
		if _, err := New(t.Context(), configFor(endpoint), "", Own{}, quiet()); err == nil || strings.Contains(err.Error(), "pass") {
			t.Errorf("%q: New: %v", endpoint, err)
		}
	}
}

func TestTheEnvironmentGivesTheEndpointThatTheConfigurationLeavesOut(t *testing.T) {
	isolate(t)
	general, metrics := "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"
	dialled := func(cfg Config) string {
		t.Helper()
		u, err := cfg.endpoint()
		if err != nil {
			return err.Error()
		}
		return u.String()
	}
	t.Setenv(general, "http://general:4317")
	if got := dialled(Default()); got != "http://general:4317" {
		t.Error(got)
	}
	t.Setenv(metrics, "http://metrics:4317")
	if got := dialled(Default()); got != "http://metrics:4317" {
		t.Error(got)
	}
	if got := dialled(configFor("http://configured:4317")); got != "http://configured:4317" {
		t.Error(got)
	}
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	if got := dialled(Default()); !strings.HasPrefix(got, "OTEL_EXPORTER_OTLP_PROTOCOL: ") {
		t.Error(got)
	}
	t.Setenv("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc")
	if got := dialled(Default()); got != "http://metrics:4317" {
		t.Error(got)
	}
	t.Setenv(metrics, "metrics:4317")
	if got := dialled(Default()); !strings.HasPrefix(got, metrics+`: "metrics:4317" has no scheme`) {
		t.Error(got)
	}
}

func TestHeadersComeFromConfigurationFilesAndEnvironment(t *testing.T) {
	isolate(t)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "tenant=env,api-key=env")
	file := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("Bearer one\n")
	server := startCollector(t)
	cfg := configFor(server.endpoint)
	cfg.Headers = map[string]pipeline.Secret{"Api-Key": pipeline.NewSecret("hush")}
	cfg.HeaderFiles = map[string]string{"authorization": file}
	e := open(t, cfg, Own{}, quiet())
	for _, token := range []string{"Bearer one", "Bearer two"} {
		write(token + "\n")
		if err := e.Report(t.Context(), pipeline.NewBoard(time.Now())); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"tenant": "env", "api-key": "hush", "authorization": token} {
			if got := server.header(name); len(got) != 1 || got[0] != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
	if shown := fmt.Sprintf("%+v %#v", cfg, cfg); strings.Contains(shown, "hush") {
		t.Errorf("a secret is shown: %s", shown)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	err := e.Report(t.Context(), pipeline.NewBoard(time.Now()))
	if err == nil || !strings.Contains(err.Error(), "header authorization: read secret") {
		t.Errorf("error %v, want one that names the header", err)
	}
}

func TestRequestsAreCompressedUnlessTheEnvironmentSaysOtherwise(t *testing.T) {
	isolate(t)
	server := startCollector(t)
	for variable, want := range map[string]string{"": "gzip", "none": ""} {
		t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", variable)
		e := open(t, configFor(server.endpoint), Own{}, quiet())
		if err := e.Report(t.Context(), pipeline.NewBoard(time.Now())); err != nil {
			t.Fatal(err)
		}
		server.mu.Lock()
		got := server.compression
		server.mu.Unlock()
		if got != want {
			t.Errorf("OTEL_EXPORTER_OTLP_COMPRESSION=%s: %q, want %q", variable, got, want)
		}
	}
}

func TestTLSTrustsTheCAFileOnly(t *testing.T) {
	isolate(t)
	certificate, ca := testCertificate(t)
	server := startCollector(t, grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	cfg := configFor(strings.Replace(server.endpoint, "http://", "https://", 1))
	cfg.CAFile = ca
	if got := problems(cfg); len(got) != 0 {
		t.Error(got)
	}
	if err := open(t, cfg, Own{}, quiet()).Report(t.Context(), pipeline.NewBoard(time.Now())); err != nil {
		t.Error(err)
	}
	cfg.CAFile = ""
	err := open(t, cfg, Own{}, quiet()).Report(t.Context(), pipeline.NewBoard(time.Now()))
	if err == nil || !strings.Contains(err.Error(), "x509") {
		t.Errorf("error %v, want one about the certificate", err)
	}
}

func TestAnHTTPEndpointStaysPlainWithCertificatesInTheEnvironment(t *testing.T) {
	isolate(t)
	_, ca := testCertificate(t)
	t.Setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", ca)
	server := startCollector(t)
	if err := open(t, configFor(server.endpoint), Own{}, quiet()).Report(t.Context(), pipeline.NewBoard(time.Now())); err != nil {
		t.Error(err)
	}
}

// testCertificate returns httptest's certificate for 127.0.0.1, and a file that holds it as CA.
func testCertificate(t *testing.T) (certificate tls.Certificate, ca string) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	certificate = server.TLS.Certificates[0]
	if _, err := x509.ParseCertificate(certificate.Certificate[0]); err != nil {
		t.Fatal(err)
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return certificate, ca
}
