package agent

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// agentFlags say which running agent to talk to.
type agentFlags struct {
	Address   string `placeholder:"URL" help:"The running agent (default: http.address of --config, else http://127.0.0.1:9188)."`
	Config    string `placeholder:"FILE" help:"Take the agent's address, token and data_dir from its configuration."`
	TokenFile string `placeholder:"FILE" type:"path" help:"The token that the agent wants, if it has one (http.token_file)."`
}

// config returns the configuration that is named, else the environment's where that is a whole one, else the defaults.
func (f *agentFlags) config(environ []string) (*Config, error) {
	config, _, err := LoadConfig(f.Config, environ)
	if err != nil && f.Config == "" {
		return DefaultConfig(), nil
	}
	return config, err
}

// client returns what talks to the agent.
func (f *agentFlags) client(config *Config) (*agentClient, error) {
	token := config.HTTP.Bearer()
	if f.TokenFile != "" {
		token = pipeline.SecretFile(f.TokenFile)
	}
	address := cmp.Or(f.Address, ownAddress(config.HTTP.Address))
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.User != nil {
		return nil, errors.New("--address: want such as http://127.0.0.1:9188")
	}
	return &agentClient{base: base, token: token, http: &http.Client{
		// A redirect would carry the token elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// ownAddress is where an agent that listens on address is reached from its own host.
func ownAddress(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if addr, err := netip.ParseAddr(host); host == "" || err == nil && addr.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// agentClient talks to a running agent over its HTTP interface.
type agentClient struct {
	base  *url.URL
	token pipeline.Secret
	http  *http.Client
}

// errNoAgent marks that nothing listens where an agent was asked for.
var errNoAgent = errors.New("no agent answers")

// answerTimeout is how long an agent may take for what it answers at once.
const answerTimeout = 15 * time.Second

// call makes one request with body as JSON, if it is not nil, and reads the answer into v.
func (c *agentClient) call(ctx context.Context, method, path string, query url.Values, body, v any) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return c.take(ctx, method, path, query, body, v)
}

// read asks what the agent has to read its whole audit for.
func (c *agentClient) read(ctx context.Context, path string, query url.Values, v any) error {
	ctx, cancel := context.WithTimeout(ctx, heavyTime)
	defer cancel()
	return c.take(ctx, http.MethodGet, path, query, nil, v)
}

func (c *agentClient) take(ctx context.Context, method, path string, query url.Values, body, v any) error {
	answer, err := c.open(ctx, method, path, query, body)
	if err != nil {
		return err
	}
	defer answer.Close()
	if err := json.NewDecoder(answer).Decode(v); err != nil {
		return fmt.Errorf("read the agent's answer: %w", err)
	}
	return nil
}

// open makes one request and returns the body of an answer that is none of an error.
func (c *agentClient) open(ctx context.Context, method, path string, query url.Values, body any) (io.ReadCloser, error) {
	var sent io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("make request: %w", err)
		}
		sent = bytes.NewReader(text)
	}
	at := c.base.JoinPath(path)
	at.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, method, at.String(), sent)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if !c.token.IsZero() {
		token, err := c.token.Reveal()
		if err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		if dial := (*net.OpError)(nil); errors.As(err, &dial) && dial.Op == "dial" {
			return nil, fmt.Errorf("%w at %s: %w", errNoAgent, c.base, dial.Err)
		}
		return nil, fmt.Errorf("ask the agent at %s: %w", c.base, withoutURL(err))
	}
	if response.StatusCode >= 200 && response.StatusCode <= 299 {
		return response.Body, nil
	}
	defer response.Body.Close()
	return nil, c.refusal(response)
}

// refusal is the error that an answer tells of.
func (c *agentClient) refusal(response *http.Response) error {
	var told struct {
		Error string `json:"error"`
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err := json.Unmarshal(text, &told); err != nil || told.Error == "" {
		return fmt.Errorf("what answers at %s is no mirrorwatch, or one that does not know this: %s", c.base, response.Status)
	}
	return fmt.Errorf("the agent at %s: %s", c.base, told.Error)
}
