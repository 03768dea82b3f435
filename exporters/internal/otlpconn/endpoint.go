package otlpconn

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// endpoint returns the place to dial, or with HTTP to post to: the configuration's, or the environment's. A signal's own
// variable is taken as it is; to another endpoint /v1/SIGNAL is added, with HTTP.
func (c *Config) endpoint(env environment, protocol string) (*url.URL, error) {
	if c.Endpoint != "" {
		return parseBase(c.Endpoint, protocol, env.signal)
	}
	name, text := env.get("ENDPOINT")
	if name == "" {
		return nil, errors.New("is empty, and so is OTEL_EXPORTER_OTLP_ENDPOINT; " + want(protocol))
	}
	parse := parseBase
	if name == env.own("ENDPOINT") {
		parse = parseWhole
	}
	u, err := parse(text, protocol, env.signal)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return u, nil
}

func want(protocol string) string {
	if protocol == HTTP {
		return "write http://HOST:4318 or https://HOST:4318"
	}
	return "write http://HOST:4317 or https://HOST:4317"
}

// parseBase reads an endpoint that all signals share.
func parseBase(text, protocol string, signal Signal) (*url.URL, error) {
	u, err := parseEndpoint(text, protocol)
	if err != nil || protocol != HTTP {
		return u, err
	}
	added := "/v1/" + string(signal)
	if strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), added) {
		return nil, fmt.Errorf("ends in %s, which is added; leave it out", added)
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + added
	return u, nil
}

// parseWhole reads an endpoint of one signal.
func parseWhole(text, protocol string, _ Signal) (*url.URL, error) {
	u, err := parseEndpoint(text, protocol)
	if err == nil && protocol == HTTP && u.Path == "" {
		u.Path = "/"
	}
	return u, err
}

// parseEndpoint keeps what it refuses out of its errors as far as that may hold a password.
func parseEndpoint(text, protocol string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		if strings.Contains(text, "@") {
			return nil, errors.New("has no scheme; " + want(protocol))
		}
		return nil, fmt.Errorf("%q has no scheme; %s", text, want(protocol))
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("is no URL; " + want(protocol))
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("scheme %q: want http (no TLS) or https", u.Scheme)
	case u.User != nil:
		return nil, errors.New("holds a user name; credentials belong under headers")
	case u.Hostname() == "":
		return nil, errors.New("names no host; " + want(protocol))
	case u.Scheme == "http" && u.Port() == "":
		return nil, errors.New("names no port; " + want(protocol))
	case u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("has a query; " + want(protocol) + "; credentials belong under headers")
	case protocol == GRPC && u.Path != "" && u.Path != "/":
		return nil, errors.New("has a path, which OTLP over gRPC does not; " + want(protocol) + ", or set protocol: http/protobuf")
	}
	return u, nil
}
