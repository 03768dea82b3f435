// Package otlpconn is the way to an OTLP endpoint, for every signal alike: where it is, how it is spoken to, trusted and
// addressed, as the configuration says and, where it says nothing, the OTEL_EXPORTER_OTLP_* environment.
package otlpconn

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// Signal is what is sent.
type Signal string

// The signals of OTLP.
const (
	Metrics Signal = "metrics"
	Logs    Signal = "logs"
	Traces  Signal = "traces"
)

// What Config.Protocol may be.
const (
	GRPC = "grpc"
	HTTP = "http/protobuf"
)

// What Config.Compression may be.
const (
	Gzip = "gzip"
	None = "none"
)

const defaultTimeout = 10 * time.Second

// Config is a way to an endpoint. What is left out, the environment gives (of a signal's own variable first), and else the
// default. All files are read anew when they are used: headers with each request, certificates with each handshake.
type Config struct {
	Endpoint    string                     `koanf:"endpoint"`     // http://HOST:PORT (no TLS) or https://HOST[:PORT]; with HTTP, a path before /v1/SIGNAL
	Protocol    string                     `koanf:"protocol"`     // GRPC (default) or HTTP
	Timeout     time.Duration              `koanf:"timeout"`      // default 10 s
	Compression string                     `koanf:"compression"`  // Gzip (default) or None
	Headers     map[string]pipeline.Secret `koanf:"headers"`      // sent with every request, beside the environment's
	HeaderFiles map[string]string          `koanf:"header_files"` // header to the file that holds its value
	CAFile      string                     `koanf:"ca_file"`      // PEM, instead of the system's
	CertFile    string                     `koanf:"cert_file"`    // ours, PEM
	KeyFile     string                     `koanf:"key_file"`     // PEM
	ServerName  string                     `koanf:"server_name"`  // in the server's certificate, instead of the endpoint's host
}

// Validate reports every problem of a signal's way with the path of its key, also those of the environment. It reads the files
// of certificates.
func (c *Config) Validate(signal Signal, report func(path, problem string)) {
	c.resolve(environment{signal}, report)
}

// Target returns where a signal goes.
func (c *Config) Target(signal Signal) (*Target, error) {
	var problems []error
	t := c.resolve(environment{signal}, func(path, problem string) {
		problems = append(problems, fmt.Errorf("%s: %s", path, problem))
	})
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return t, nil
}

// resolve lays the configuration over the environment.
func (c *Config) resolve(env environment, report func(path, problem string)) *Target {
	t := &Target{signal: env.signal}
	t.protocol = c.oneOf(env, "protocol", "PROTOCOL", c.Protocol, []string{GRPC, HTTP}, report)
	t.compression = c.oneOf(env, "compression", "COMPRESSION", c.Compression, []string{Gzip, None}, report)
	t.Timeout = c.timeout(env, report)
	var err error
	if t.url, err = c.endpoint(env, t.protocol); err != nil {
		report("endpoint", err.Error())
	}
	t.headers = c.headers(env, report)
	t.certificates = c.certificates(env, t.url, report)
	return t
}

// oneOf returns the configuration's value, else the environment's, else the first of those that there are.
func (*Config) oneOf(env environment, path, variable, value string, known []string, report func(path, problem string)) string {
	name, prefix := "", ""
	if value == "" {
		if name, value = env.get(variable); name != "" {
			prefix = name + ": "
		}
	}
	if value == "" {
		return known[0]
	}
	if !slices.Contains(known, value) {
		report(path, fmt.Sprintf("%s%q: want %s", prefix, value, strings.Join(known, " or ")))
		return known[0]
	}
	return value
}

func (c *Config) timeout(env environment, report func(path, problem string)) time.Duration {
	if c.Timeout < 0 {
		report("timeout", fmt.Sprintf("%s: want more than 0s", c.Timeout))
	}
	if c.Timeout != 0 {
		return c.Timeout
	}
	timeout, err := env.milliseconds("TIMEOUT")
	if err != nil {
		report("timeout", err.Error())
	}
	if timeout <= 0 {
		return defaultTimeout
	}
	return timeout
}

// headerName is what gRPC accepts as the name of a header that is no binary one.
var headerName = regexp.MustCompile(`^[0-9A-Za-z_.-]+$`)

func (c *Config) headers(env environment, report func(path, problem string)) map[string]pipeline.Secret {
	all, err := env.headers()
	if err != nil {
		report("headers", err.Error())
	}
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		validateHeader(name, "headers."+name, report)
		if _, twice := c.HeaderFiles[name]; twice {
			report("header_files."+name, "is given under headers too; keep one of them")
		}
		all[strings.ToLower(name)] = c.Headers[name]
	}
	for _, name := range slices.Sorted(maps.Keys(c.HeaderFiles)) {
		validateHeader(name, "header_files."+name, report)
		if c.HeaderFiles[name] == "" {
			report("header_files."+name, "is empty; name a file")
		}
		all[strings.ToLower(name)] = pipeline.SecretFile(c.HeaderFiles[name])
	}
	return all
}

func validateHeader(name, path string, report func(path, problem string)) {
	if problem := headerProblem(name); problem != "" {
		report(path, problem)
	}
}

func headerProblem(name string) string {
	lower := strings.ToLower(name)
	switch {
	case !headerName.MatchString(name):
		return "is no header name; use letters, digits, - _ and ."
	case strings.HasPrefix(lower, "grpc-"), strings.HasSuffix(lower, "-bin"):
		return "is a name that gRPC keeps for itself"
	case strings.HasPrefix(lower, "content-"), slices.Contains([]string{"connection", "host", "te", "transfer-encoding", "user-agent"}, lower):
		return "is a header that is set already"
	}
	return ""
}
