// Package webhook tells changes to any HTTP receiver that understands Alertmanager's webhook, version 4. Requests are
// named and signed as Standard Webhooks asks.
package webhook

import (
	"mirrorwatch/exporters/internal/httppost"
	"mirrorwatch/pipeline"
)

// Config is one webhook receiver.
type Config struct {
	Name    string          `koanf:"name"`
	URL     pipeline.Secret `koanf:"url"`
	URLFile string          `koanf:"url_file"`

	// SigningSecret is "whsec_" and 24 to 64 bytes in base64; several, apart by commas or spaces, while one replaces
	// another. Without one, requests are not signed.
	SigningSecret     pipeline.Secret `koanf:"signing_secret"`
	SigningSecretFile string          `koanf:"signing_secret_file"`
}

// Validate reports every problem with its path within the configuration. It reads no files.
func (c *Config) Validate(report func(path, problem string)) {
	if c.Name == "" {
		report("name", "is missing; routes and logs name a receiver by it")
	}
	switch {
	case !c.URL.IsZero() && c.URLFile != "":
		report("url_file", "give url or url_file, not both")
	case c.URL.IsZero() && c.URLFile == "":
		report("url", "is missing; give url, or url_file with the path of a file that holds it")
	}
	if url, err := c.URL.Reveal(); err == nil && url != "" {
		if err := httppost.CheckURL(url); err != nil {
			report("url", "is "+err.Error())
		}
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
