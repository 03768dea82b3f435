package agent

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// Bounds of what fallback may say.
const (
	minUndelivered = 10 * time.Second
	minKeep        = time.Minute
)

// FallbackConfig is what happens when a receiver cannot be told: it refuses us, or nothing was delivered to it for After.
type FallbackConfig struct {
	Receiver string        `koanf:"receiver"` // who hears of it where the routes name nobody else; empty: all others
	After    time.Duration `koanf:"after"`
	Keep     time.Duration `koanf:"keep"` // how long what it was not told is kept for it
}

func (c *FallbackConfig) validate(known []string, report func(path, problem string)) {
	if c.Receiver != "" && !slices.Contains(known, c.Receiver) {
		report("receiver", fmt.Sprintf("%q is no receiver's name%s", c.Receiver, among(known)))
	}
	if c.After < minUndelivered {
		report("after", fmt.Sprintf("%s: want at least %s", durationText(c.After), minUndelivered))
	}
	if c.Keep < minKeep {
		report("keep", fmt.Sprintf("%s: want at least %s", durationText(c.Keep), durationText(minKeep)))
	}
}

func (c *FallbackConfig) remark(known []string, report func(path, text string)) {
	if len(known) == 1 && c.Receiver != "" {
		report("receiver", fmt.Sprintf("%q is the only receiver: nobody hears of it when it cannot be told itself", c.Receiver))
	}
}

// LinksConfig is where notifications link to.
type LinksConfig struct {
	Status  string `koanf:"status"`  // of the agent's own page, as people reach it
	Runbook string `koanf:"runbook"` // {rule}, {cause}, {stream} and {connection} in it are replaced
}

// Pages returns the addresses.
func (c *LinksConfig) Pages() pipeline.Pages {
	return pipeline.Pages{Status: c.Status, Runbook: c.Runbook}
}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

func (c *LinksConfig) validate(report func(path, problem string)) {
	runbook := c.Runbook
	for _, m := range placeholder.FindAllStringSubmatch(c.Runbook, -1) {
		if !slices.Contains([]string{"rule", "cause", "stream", "connection"}, m[1]) {
			report("runbook", fmt.Sprintf("%s is not replaced: want some of {rule}, {cause}, {stream}, {connection}", m[0]))
		}
		runbook = strings.ReplaceAll(runbook, m[0], "x")
	}
	for _, one := range []struct{ key, text string }{{"status", c.Status}, {"runbook", runbook}} {
		if one.text == "" {
			continue
		}
		switch u, err := url.Parse(one.text); {
		case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
			report(one.key, "want an address such as https://wiki.example.com/nats")
		case u.User != nil:
			report(one.key, "holds a user name; it is shown to everybody who is told of an incident")
		}
	}
}
