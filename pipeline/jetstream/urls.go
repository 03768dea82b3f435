package jetstream

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// URLs is one or more NATS URLs, separated by commas. It may hold a user and a password; every way of printing it hides them.
type URLs string

// String gives the URLs with "<secret>" for user and password.
func (u URLs) String() string {
	parts := strings.Split(string(u), ",")
	for i, part := range parts {
		parts[i] = u.redact(part)
	}
	return strings.Join(parts, ",")
}

// GoString hides user and password from %#v.
func (u URLs) GoString() string { return strconv.Quote(u.String()) }

// LogValue hides user and password from slog.
func (u URLs) LogValue() slog.Value { return slog.StringValue(u.String()) }

// MarshalText hides user and password from JSON and YAML.
func (u URLs) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// redact hides what stands before the last @ of one of the URLs, whether or not it can be parsed. One without an @ is the
// first half of a password with a comma in it when what follows it has an @ and no scheme.
func (u URLs) redact(raw string) string {
	scheme := ""
	if i := strings.Index(raw, "://"); i >= 0 {
		scheme = raw[:i+3]
	}
	if at := strings.LastIndexByte(raw, '@'); at >= 0 {
		return scheme + "<secret>" + raw[at:]
	}
	_, rest, _ := strings.Cut(string(u), strings.TrimPrefix(raw, "nats://")+",")
	rest, _, _ = strings.Cut(rest, "://")
	if strings.Contains(rest, "@") {
		return scheme + "<secret>"
	}
	return raw
}

// list is the URLs one by one, with the scheme nats where none is given.
func (u URLs) list() []string {
	var all []string
	for part := range strings.SplitSeq(string(u), ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if !strings.Contains(part, "://") {
			part = "nats://" + part
		}
		all = append(all, part)
	}
	return all
}

// joined is the URLs as a client takes them.
func (u URLs) joined() string { return strings.Join(u.list(), ",") }

func (u URLs) isWeb() bool {
	return slices.ContainsFunc(u.list(), func(raw string) bool {
		scheme, _, _ := strings.Cut(raw, "://")
		return scheme == "ws" || scheme == "wss"
	})
}

// hasPath tells whether a URL leads to more than a server's root.
func (u URLs) hasPath() bool {
	return slices.ContainsFunc(u.list(), func(raw string) bool {
		parsed, err := url.Parse(raw)
		return err == nil && strings.Trim(parsed.Path, "/") != ""
	})
}

func (u URLs) hasUser() bool { return strings.Contains(string(u), "@") }

func (u URLs) validate(report func(path, problem string)) {
	if u != "" && len(u.list()) == 0 {
		report("url", "no URL in it; write nats://HOST:PORT")
	}
	web, plain := false, false
	for _, raw := range u.list() {
		parsed, err := url.Parse(raw)
		if err != nil {
			report("url", fmt.Sprintf("%q is no URL; write nats://HOST:PORT", u.redact(raw)))
			continue
		}
		switch parsed.Scheme {
		case "nats", "tls", "tcp":
			plain = true
		case "ws", "wss":
			web = true
		default:
			report("url", fmt.Sprintf("%q has the scheme %s; use nats, tls, ws or wss", u.redact(raw), parsed.Scheme))
			continue
		}
		if parsed.Hostname() == "" {
			report("url", fmt.Sprintf("%q has no host", u.redact(raw)))
		}
		if port := parsed.Port(); port != "" {
			if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
				report("url", fmt.Sprintf("%q: its port is no number from 1 to 65535", u.redact(raw)))
			}
		}
	}
	if web && plain {
		report("url", "websocket URLs and others cannot be mixed")
	}
}
