package otlp

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// Config says where metrics go. Where it gives no endpoint, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT and then
// OTEL_EXPORTER_OTLP_ENDPOINT do. OTEL_EXPORTER_OTLP_HEADERS, _COMPRESSION and the client certificates are taken
// from the environment too; what the configuration says wins.
type Config struct {
	Endpoint    string                     `koanf:"endpoint"`     // http://HOST:PORT (no TLS) or https://HOST[:PORT]
	Interval    time.Duration              `koanf:"interval"`     // between exports
	Timeout     time.Duration              `koanf:"timeout"`      // of one whole export, however many requests it takes
	Headers     map[string]pipeline.Secret `koanf:"headers"`      // sent with every request
	HeaderFiles map[string]string          `koanf:"header_files"` // header to the file that its value is read from, each time
	CAFile      string                     `koanf:"ca_file"`      // PEM; then the environment's certificates are not used
}

// Default returns a Config in which only the endpoint is missing.
func Default() Config {
	return Config{Interval: 15 * time.Second, Timeout: 10 * time.Second}
}

// headerName is what gRPC accepts as the name of a header that is no binary one.
var headerName = regexp.MustCompile(`^[0-9A-Za-z_.-]+$`)

// Validate reports every problem with the path of its key. It reads the environment where the endpoint is left to
// it, and the CA file.
func (c *Config) Validate(report func(path, problem string)) {
	u, err := c.endpoint()
	if err != nil {
		report("endpoint", err.Error())
	}
	if c.Interval < time.Second {
		report("interval", fmt.Sprintf("%s: want at least 1s", c.Interval))
	}
	if c.Timeout <= 0 {
		report("timeout", fmt.Sprintf("%s: want more than 0s", c.Timeout))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		validateHeader(name, "headers."+name, report)
		if _, twice := c.HeaderFiles[name]; twice {
			report("header_files."+name, "is given under headers too; keep one of them")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.HeaderFiles)) {
		validateHeader(name, "header_files."+name, report)
		if c.HeaderFiles[name] == "" {
			report("header_files."+name, "is empty; name a file")
		}
	}
	if c.CAFile == "" {
		return
	}
	if u != nil && u.Scheme == "http" {
		report("ca_file", "is of no use with an http:// endpoint; write https://")
	}
	if _, err := c.roots(); err != nil {
		report("ca_file", err.Error())
	}
}

func validateHeader(name, path string, report func(path, problem string)) {
	lower := strings.ToLower(name)
	switch {
	case !headerName.MatchString(name):
		report(path, "is no header name; use letters, digits, - _ and .")
	case strings.HasPrefix(lower, "grpc-"), strings.HasSuffix(lower, "-bin"):
		report(path, "is a name that gRPC keeps for itself")
	}
}

// endpoint returns the place to dial: the configuration's, or the environment's.
func (c *Config) endpoint() (*url.URL, error) {
	if c.Endpoint != "" {
		return parseEndpoint(c.Endpoint)
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"} {
		text := strings.TrimSpace(os.Getenv(name))
		if text == "" {
			continue
		}
		u, err := parseEndpoint(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return u, environmentProtocol()
	}
	return nil, errors.New("is empty, and so is OTEL_EXPORTER_OTLP_ENDPOINT; write http://HOST:4317 or https://HOST:4317")
}

// environmentProtocol refuses an endpoint that the environment means for OTLP over HTTP.
func environmentProtocol() error {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		switch protocol := strings.TrimSpace(os.Getenv(name)); protocol {
		case "":
			continue
		case "grpc":
			return nil
		default:
			return fmt.Errorf("%s: %q is not spoken here, only grpc; write the gRPC endpoint here", name, protocol)
		}
	}
	return nil
}

// parseEndpoint keeps what it refuses out of its errors as far as that may hold a password.
func parseEndpoint(text string) (*url.URL, error) {
	const want = "write http://HOST:4317 or https://HOST:4317"
	if !strings.Contains(text, "://") {
		if strings.Contains(text, "@") {
			return nil, errors.New("has no scheme; " + want)
		}
		return nil, fmt.Errorf("%q has no scheme; %s", text, want)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("is no URL; " + want)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("scheme %q: want http (no TLS) or https", u.Scheme)
	case u.User != nil:
		return nil, errors.New("holds a user name; credentials belong under headers")
	case u.Hostname() == "":
		return nil, errors.New("names no host; " + want)
	case u.Scheme == "http" && u.Port() == "":
		return nil, errors.New("names no port; " + want)
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("has a path or a query, which OTLP over gRPC does not; " + want)
	}
	return u, nil
}

// roots reads the CA file.
func (c *Config) roots() (*x509.CertPool, error) {
	text, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read CA file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read CA file: %s holds no PEM certificate", c.CAFile)
	}
	return pool, nil
}
