// Package httppost sends bodies to HTTP destinations, and sorts what can go wrong into what a retry mends and what it
// does not. A URL is taken for a secret: errors show its scheme and host, nothing else.
package httppost

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

const (
	userAgent      = "mirrorwatch"
	attemptTimeout = 10 * time.Second // one attempt, answer included; a caller's shorter deadline wins
	maxRead        = 64 << 10         // bytes read of an answer that nobody needs but for an error's words
	maxAnswer      = 1 << 20          // bytes that the reader of an accepted answer gets
	maxHeader      = 64 << 10
)

var (
	errLinkLocal = errors.New("link-local addresses are refused")
	errProxy     = errors.New("the proxy named in the environment is not a URL")
)

// Client sends requests to one destination. It follows no redirects, refuses link-local addresses (where clouds keep
// their credentials), verifies TLS, and takes its proxy from the environment.
type Client struct{ http *http.Client }

// New returns a client.
func New() *Client {
	dialer := &net.Dialer{Timeout: attemptTimeout, Control: refuseLinkLocal}
	return &Client{&http.Client{
		Timeout: attemptTimeout,
		Transport: &http.Transport{
			Proxy:                  proxy,
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    attemptTimeout,
			IdleConnTimeout:        30 * time.Second,
			MaxIdleConnsPerHost:    1,
			MaxResponseHeaderBytes: maxHeader,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Post sends body and returns nil once the destination accepted it (2xx). A destination's refusal that no retry mends
// is pipeline.Permanent, and pipeline.Broken where it is no matter of the body; another error may carry
// pipeline.RetryAfter. None of the secrets appears in an error or in an exchange.
func (c *Client) Post(ctx context.Context, rawURL string, header http.Header, body []byte, secrets ...string) error {
	if err := CheckURL(rawURL); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, rawURL, bytes.NewReader(body))
	if err != nil {
		return errors.New("make request: the URL is not valid")
	}
	for name, values := range header {
		req.Header[name] = values
	}
	answer, err := c.Do(req, secrets...)
	if err != nil {
		return err
	}
	_, _ = io.CopyN(io.Discard, answer.Body, maxRead) // accepted already; read for the connection's sake
	return answer.Body.Close()
}

// Do sends a request that somebody else made, with the same rules and errors as Post. The answer is a 2xx whose body
// ends after 1 MiB. None of the secrets appears in an error, nor in what pipeline.Exchanges of the request's context is
// told.
func (c *Client) Do(req *http.Request, secrets ...string) (*http.Response, error) {
	secrets = allSecrets(req, secrets)
	req.Header.Set("User-Agent", userAgent)
	e := begin(req, secrets)
	answer, err := c.do(req, e, secrets)
	e.done(err)
	return answer, err
}

func (c *Client) do(req *http.Request, e *exchange, secrets []string) (*http.Response, error) {
	target := Redact(req.URL)
	if addr, err := netip.ParseAddr(req.URL.Hostname()); err == nil && isLinkLocal(addr) {
		return nil, permanent("post to %s: %w", target, errLinkLocal)
	}
	answer, err := c.http.Do(req)
	if err != nil {
		return nil, transportError(target, err, secrets)
	}
	e.answered(answer)
	if answer.StatusCode/100 != 2 {
		defer answer.Body.Close()
		return nil, refusal(target, answer, secrets)
	}
	answer.Body = &capped{io.LimitReader(answer.Body, maxAnswer), answer.Body}
	return answer, nil
}

// CheckURL tells what is wrong with a destination's URL, without showing it.
func CheckURL(rawURL string) error {
	u, err := url.Parse(rawURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return errors.New("not a URL that begins with https:// or http:// and names a host")
	}
	return nil
}

// Redact returns what may be shown of a URL: its scheme and host.
func Redact(u *url.URL) string { return fmt.Sprintf("%s://%s", u.Scheme, u.Host) }

func proxy(req *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(req)
	if err != nil {
		return nil, errProxy // the original error shows the proxy's password
	}
	return u, nil
}

// refuseLinkLocal runs after the name was resolved, so that no name leads there either.
func refuseLinkLocal(_, address string, _ syscall.RawConn) error {
	if at, err := netip.ParseAddrPort(address); err == nil && isLinkLocal(at.Addr()) {
		return errLinkLocal
	}
	return nil
}

func isLinkLocal(addr netip.Addr) bool { return addr.Unmap().IsLinkLocalUnicast() }

// capped ends a body early, and still closes it.
type capped struct {
	io.Reader
	io.Closer
}
