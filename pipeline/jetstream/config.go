package jetstream

import (
	"fmt"
	"path"
	"strings"

	"mirrorwatch/pipeline"
)

// Config is one connection: the way into a NATS system, and which of its streams are watched. All files are read anew before
// each attempt to connect.
type Config struct {
	Name    string `koanf:"name"`
	URL     URLs   `koanf:"url"`      // several are separated by commas
	URLFile string `koanf:"url_file"` // the same, in a file
	Context string `koanf:"context"`  // a nats CLI context; what is set here goes before it

	User            string          `koanf:"user"`
	Password        pipeline.Secret `koanf:"password"`
	PasswordFile    string          `koanf:"password_file"`
	Token           pipeline.Secret `koanf:"token"`
	TokenFile       string          `koanf:"token_file"`
	CredentialsFile string          `koanf:"credentials_file"` // JWT and seed, as nsc writes them
	NkeyFile        string          `koanf:"nkey_file"`        // a user's nkey seed

	TLS TLS `koanf:"tls"`

	Domain      string  `koanf:"domain"`       // JetStream domain to ask
	APIPrefix   string  `koanf:"api_prefix"`   // instead of $JS.API or $JS.DOMAIN.API
	InboxPrefix string  `koanf:"inbox_prefix"` // instead of _INBOX
	Streams     Streams `koanf:"streams"`

	Scope   string   `koanf:"scope"`   // account, or system: every account's streams
	Origins []string `koanf:"origins"` // names of connections that see the origins directly
}

// TLS is how a connection is encrypted.
type TLS struct {
	CAFile         string `koanf:"ca_file"` // instead of the system's
	CertFile       string `koanf:"cert_file"`
	KeyFile        string `koanf:"key_file"`
	HandshakeFirst bool   `koanf:"handshake_first"` // before the server's greeting
}

// Streams chooses streams by name, with * and ? as in path.Match: any of Include (empty: all), and none of Exclude.
type Streams struct {
	Include []string `koanf:"include"`
	Exclude []string `koanf:"exclude"`
}

// Watches tells whether a stream is chosen.
func (s Streams) Watches(name string) bool {
	return (len(s.Include) == 0 || matchesAny(s.Include, name)) && !matchesAny(s.Exclude, name)
}

func matchesAny(patterns []string, name string) bool {
	for _, p := range patterns {
		if ok, err := path.Match(p, name); err == nil && ok {
			return true
		}
	}
	return false
}

// Validate reports every problem with its path, relative to the connection. It reads no files.
func (c Config) Validate(report func(path, problem string)) {
	if c.Name == "" {
		report("name", "a connection needs a name")
	}
	if c.URL == "" && c.URLFile == "" && c.Context == "" {
		report("url", "a connection needs a url, a url_file or a context")
	}
	if c.URL != "" && c.URLFile != "" {
		report("url_file", "give either url or url_file, not both")
	}
	c.validateWay(report)
	c.validateAuth(report)
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		report("tls", "cert_file and key_file are needed together")
	}
	if c.Domain != "" && c.APIPrefix != "" {
		report("api_prefix", "give either domain or api_prefix, not both")
	}
	if strings.ContainsAny(c.Domain, ".*> \t\r\n") {
		report("domain", fmt.Sprintf("%q is no JetStream domain: dots, wildcards and white space are not allowed", c.Domain))
	}
	validatePrefix(report, "api_prefix", c.APIPrefix)
	validatePrefix(report, "inbox_prefix", c.InboxPrefix)
	c.Streams.validate(report)
	c.validateOrigins(report)
	c.validateScope(report)
}

// validateWay checks the URLs, and what depends on them.
func (c Config) validateWay(report func(path, problem string)) {
	c.URL.validate(report)
	if kinds := c.authKinds(); len(kinds) > 1 {
		report(kinds[1], "more than one way to authenticate: "+strings.Join(kinds, ", ")+"; give one")
	}
	if c.TLS.HandshakeFirst && c.URL.isWeb() {
		report("tls.handshake_first", "handshake_first is not for websocket URLs: with wss TLS always comes first")
	}
}

func (c Config) validateAuth(report func(path, problem string)) {
	password := !c.Password.IsZero() || c.PasswordFile != ""
	switch {
	case c.User != "" && !password:
		report("user", "a user needs a password or a password_file")
	case c.User == "" && password:
		report("user", "a password needs a user")
	}
	if !c.Password.IsZero() && c.PasswordFile != "" {
		report("password_file", "give either password or password_file, not both")
	}
	if !c.Token.IsZero() && c.TokenFile != "" {
		report("token_file", "give either token or token_file, not both")
	}
}

// authKinds names the keys of the ways to authenticate that are set, one a way.
func (c Config) authKinds() []string {
	var kinds []string
	for _, way := range []struct {
		key string
		set bool
	}{
		{"url", c.URL.hasUser()},
		{"user", c.User != "" || !c.Password.IsZero() || c.PasswordFile != ""},
		{"token", !c.Token.IsZero() || c.TokenFile != ""},
		{"credentials_file", c.CredentialsFile != ""},
		{"nkey_file", c.NkeyFile != ""},
	} {
		if way.set {
			kinds = append(kinds, way.key)
		}
	}
	return kinds
}

func (s Streams) validate(report func(path, problem string)) {
	for _, list := range []struct {
		key      string
		patterns []string
	}{{"include", s.Include}, {"exclude", s.Exclude}} {
		for i, p := range list.patterns {
			at := fmt.Sprintf("streams.%s[%d]", list.key, i)
			if p == "" {
				report(at, "an empty pattern matches nothing")
			} else if _, err := path.Match(p, ""); err != nil {
				report(at, fmt.Sprintf("%q is no pattern: a [ has no ], or a \\ stands last", p))
			}
		}
	}
}

func validatePrefix(report func(path, problem string), key, prefix string) {
	switch {
	case prefix == "":
	case strings.ContainsAny(prefix, "*> \t\r\n"):
		report(key, fmt.Sprintf("%q is no subject prefix: wildcards and white space are not allowed", prefix))
	case strings.HasPrefix(prefix, "."), strings.HasSuffix(prefix, "."), strings.Contains(prefix, ".."):
		report(key, fmt.Sprintf("%q is no subject prefix: it has an empty part", prefix))
	}
}

// apiPrefix is what JetStream API subjects begin with.
func (c Config) apiPrefix() string {
	switch {
	case c.APIPrefix != "":
		return c.APIPrefix
	case c.Domain != "":
		return "$JS." + c.Domain + ".API"
	}
	return "$JS.API"
}
