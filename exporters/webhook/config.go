// Package webhook tells changes to HTTP receivers: to any that understands Alertmanager's webhook, version 4, to any that
// takes our own body, and to PagerDuty. Requests are named and signed as Standard Webhooks asks.
package webhook

import (
	"fmt"
	"slices"
	"strings"

	"mirrorwatch/exporters/internal/httppost"
	"mirrorwatch/pipeline"
)

// The bodies.
const (
	BodyAlertmanager = "alertmanager" // Alertmanager's webhook, version 4; the default
	BodyNative       = "native"       // every change with all that is known, docs/webhook-bodies.md
	BodyPagerDuty    = "pagerduty"    // PagerDuty's Events API, version 2
)

// DefaultPagerDutyURL is where PagerDuty takes events.
const DefaultPagerDutyURL = "https://events.pagerduty.com/v2/enqueue"

// MostIncidents is how many incidents' changes one request tells of where it tells of each: some 3 MB.
const MostIncidents = 1000

// Bodies returns the names of the bodies, the default first.
func Bodies() []string { return []string{BodyAlertmanager, BodyNative, BodyPagerDuty} }

// Config is one webhook receiver.
type Config struct {
	Name    string          `koanf:"name"`
	URL     pipeline.Secret `koanf:"url"` // may be left out with BodyPagerDuty: DefaultPagerDutyURL
	URLFile string          `koanf:"url_file"`
	Body    string          `koanf:"body"` // empty: BodyAlertmanager

	// SigningSecret is "whsec_" and 24 to 64 bytes in base64; several, apart by commas or spaces, while one replaces
	// another. Without one, requests are not signed. PagerDuty's are not.
	SigningSecret     pipeline.Secret `koanf:"signing_secret"`
	SigningSecretFile string          `koanf:"signing_secret_file"`

	RoutingKey     pipeline.Secret `koanf:"routing_key"` // the integration key of a PagerDuty service
	RoutingKeyFile string          `koanf:"routing_key_file"`
}

// Most is how many incidents' changes one batch may hold (pipeline.Receiver.Most); 0: any number, as PagerDuty is told of a group
// as a whole.
func (c *Config) Most() int {
	if c.Body == BodyPagerDuty {
		return 0
	}
	return MostIncidents
}

// Validate reports every problem with its path within the configuration. It reads no files.
func (c *Config) Validate(report func(path, problem string)) {
	if c.Name == "" {
		report("name", "is missing; routes and logs name a receiver by it")
	}
	switch {
	case !c.URL.IsZero() && c.URLFile != "":
		report("url_file", "give url or url_file, not both")
	case c.URL.IsZero() && c.URLFile == "" && c.Body != BodyPagerDuty:
		report("url", "is missing; give url, or url_file with the path of a file that holds it")
	}
	if url, err := c.URL.Reveal(); err == nil && url != "" {
		if err := httppost.CheckURL(url); err != nil {
			report("url", "is "+err.Error())
		}
	}
	if c.Body != "" && !slices.Contains(Bodies(), c.Body) {
		report("body", fmt.Sprintf("%q: want one of %s", c.Body, strings.Join(Bodies(), ", ")))
	}
	c.validateSigning(report)
	c.validateRouting(report)
}

func (c *Config) validateSigning(report func(path, problem string)) {
	if c.Body == BodyPagerDuty {
		unused(report, "signing_secret", c.SigningSecret, c.SigningSecretFile, "has no use with body pagerduty, which checks no signatures")
		return
	}
	if !c.SigningSecret.IsZero() && c.SigningSecretFile != "" {
		report("signing_secret_file", "give signing_secret or signing_secret_file, not both")
	}
	if secret, err := c.SigningSecret.Reveal(); err == nil && secret != "" {
		if _, err := parseKeys(secret); err != nil {
			report("signing_secret", err.Error())
		}
	}
}

func (c *Config) validateRouting(report func(path, problem string)) {
	switch {
	case c.Body != BodyPagerDuty:
		unused(report, "routing_key", c.RoutingKey, c.RoutingKeyFile, "is for body pagerduty only")
	case !c.RoutingKey.IsZero() && c.RoutingKeyFile != "":
		report("routing_key_file", "give routing_key or routing_key_file, not both")
	case c.RoutingKey.IsZero() && c.RoutingKeyFile == "":
		report("routing_key", "is missing; give the service's integration key, or routing_key_file with the path of a file that holds it")
	}
}

// unused reports a secret that the body does not use, by the key it was given under.
func unused(report func(path, problem string), path string, secret pipeline.Secret, file, problem string) {
	if !secret.IsZero() {
		report(path, problem)
	}
	if file != "" {
		report(path+"_file", problem)
	}
}
