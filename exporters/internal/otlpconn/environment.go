package otlpconn

import (
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// environment reads the OTEL_EXPORTER_OTLP_* variables of a signal. A variable that is empty is not set.
type environment struct{ signal Signal }

// get returns the first of OTEL_EXPORTER_OTLP_SIGNAL_WHAT and OTEL_EXPORTER_OTLP_WHAT that is set, and its name.
func (e environment) get(what string) (name, value string) {
	for _, name := range []string{e.own(what), "OTEL_EXPORTER_OTLP_" + what} {
		if value := strings.TrimSpace(os.Getenv(name)); value != "" {
			return name, value
		}
	}
	return "", ""
}

// own is the name of the signal's own variable.
func (e environment) own(what string) string {
	return "OTEL_EXPORTER_OTLP_" + strings.ToUpper(string(e.signal)) + "_" + what
}

// milliseconds returns 0 where the variable is not set.
func (e environment) milliseconds(what string) (time.Duration, error) {
	name, value := e.get(what)
	if name == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%s: %q: want milliseconds, more than 0", name, value)
	}
	return time.Duration(n) * time.Millisecond, nil
}

// headers are written NAME=VALUE,NAME=VALUE, the values as in a URL. One with an empty value is left out: it could show nobody
// anything. No value is part of an error.
func (e environment) headers() (map[string]pipeline.Secret, error) {
	all := map[string]pipeline.Secret{}
	name, text := e.get("HEADERS")
	for n, entry := range strings.Split(text, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		header, value, ok := strings.Cut(entry, "=")
		header = strings.TrimSpace(header)
		if !ok {
			return all, fmt.Errorf("%s: entry %d has no =; write NAME=VALUE,NAME=VALUE", name, n+1)
		}
		if problem := headerProblem(header); problem != "" {
			return all, fmt.Errorf("%s: the name of entry %d %s", name, n+1, problem)
		}
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if err != nil {
			return all, fmt.Errorf("%s: the value of %s has a faulty %%; write %%25 for one", name, header)
		}
		if value != "" {
			all[strings.ToLower(header)] = pipeline.NewSecret(value)
		}
	}
	return all, nil
}
