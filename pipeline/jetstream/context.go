package jetstream

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mirrorwatch/pipeline"
)

// cliContext is what is read of a nats CLI context file.
type cliContext struct {
	URL         string `json:"url"`
	User        string `json:"user"`
	Password    string `json:"password"`
	Token       string `json:"token"`
	Creds       string `json:"creds"`
	Nkey        string `json:"nkey"`
	Cert        string `json:"cert"`
	Key         string `json:"key"`
	CA          string `json:"ca"`
	TLSFirst    bool   `json:"tls_first"`
	Domain      string `json:"jetstream_domain"`
	APIPrefix   string `json:"jetstream_api_prefix"`
	InboxPrefix string `json:"inbox_prefix"`
	Nsc         string `json:"nsc"`
	UserJWT     string `json:"user_jwt"`
	Socks       string `json:"socks_proxy"`
}

// WithContext returns c with what it leaves unset taken from its nats CLI context. Authentication is taken as a whole,
// and only where c has none; so are domain and API prefix, and certificate and key.
func (c Config) WithContext() (Config, error) {
	if c.Context == "" {
		return c, nil
	}
	x, err := readContext(c.Context)
	if err != nil {
		return c, fmt.Errorf("read nats context %q: %w", c.Context, err)
	}
	if c.URLFile == "" {
		c.URL = cmp.Or(c.URL, URLs(x.URL), URLs("nats://127.0.0.1:4222"))
	}
	if len(c.authKinds()) == 0 {
		c.User, c.Password, c.Token = x.User, pipeline.NewSecret(x.Password), pipeline.NewSecret(x.Token)
		c.CredentialsFile, c.NkeyFile = expandHome(x.Creds), expandHome(x.Nkey)
	}
	if c.TLS.CertFile == "" && c.TLS.KeyFile == "" {
		c.TLS.CertFile, c.TLS.KeyFile = expandHome(x.Cert), expandHome(x.Key)
	}
	c.TLS.CAFile = cmp.Or(c.TLS.CAFile, expandHome(x.CA))
	c.TLS.HandshakeFirst = c.TLS.HandshakeFirst || x.TLSFirst
	if c.Domain == "" && c.APIPrefix == "" {
		c.Domain, c.APIPrefix = x.Domain, x.APIPrefix
	}
	c.InboxPrefix = cmp.Or(c.InboxPrefix, x.InboxPrefix)
	return c, nil
}

func readContext(name string) (cliContext, error) {
	var x cliContext
	dir, err := contextDir()
	if err != nil {
		return x, err
	}
	if name != filepath.Base(name) || name == "." || name == ".." {
		return x, errors.New("a context's name is no path")
	}
	text, err := os.ReadFile(filepath.Join(dir, name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return x, fmt.Errorf("there is none in %s; %s", dir, contextNames(dir))
	}
	if err != nil {
		return x, err
	}
	if err := json.Unmarshal(text, &x); err != nil {
		return x, err
	}
	for _, field := range []struct{ key, value string }{
		{"nsc", x.Nsc}, {"user_jwt", x.UserJWT}, {"socks_proxy", x.Socks},
	} {
		if field.value != "" {
			return x, fmt.Errorf("it sets %s, which is not supported", field.key)
		}
	}
	return x, nil
}

// contextDir is where the nats CLI keeps its contexts.
func contextDir() (string, error) {
	if dir := os.Getenv("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "nats", "context"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".config", "nats", "context"), nil
}

// contextNames tells which contexts there are.
func contextNames(dir string) string {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		return "there are no contexts"
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".json")
	}
	return "the contexts are: " + strings.Join(files, ", ")
}

func expandHome(path string) string {
	if path != "~" && !strings.HasPrefix(path, "~/") {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	return filepath.Join(home, path[1:])
}
