package agent

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guarded lets only those through who may change something or look back: where a token is configured, whoever shows it,
// from wherever; else callers on the agent's own host. What others may read tells less.
func (h *HTTP) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if refused := h.refuse(r); refused != nil {
			if refused.status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `Bearer realm="mirrorwatch"`)
			}
			refused.write(w)
			return
		}
		next(w, r)
	}
}

// problem is an answer that is an error: {"error": text}.
type problem struct {
	status int
	text   string
}

func (p *problem) Error() string { return p.text }

func (p *problem) write(w http.ResponseWriter) {
	writeJSON(w, p.status, struct {
		Error string `json:"error"`
	}{p.text})
}

// problemf makes an answer that is an error.
func problemf(status int, format string, args ...any) *problem {
	return &problem{status: status, text: fmt.Sprintf(format, args...)}
}

// refuse says why a caller may not, or nil. The token is read anew each time.
func (h *HTTP) refuse(r *http.Request) *problem {
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return problemf(http.StatusForbidden, "a page of another site may not do this")
	}
	if h.Token != nil {
		if secret := h.Token(); !secret.IsZero() {
			token, err := secret.Reveal()
			if err != nil {
				return problemf(http.StatusServiceUnavailable, "http.token_file cannot be read, so nobody is let in: the agent's log and its configuration tell more")
			}
			return demandToken(r, token)
		}
	}
	if !local(r) {
		return problemf(http.StatusForbidden, "no token is configured, so only callers on the agent's own host are let in, by the name localhost "+
			"or a loopback address: set http.token_file in its configuration, and show the token (Authorization: Bearer TOKEN, or --token-file)")
	}
	return nil
}

// demandToken compares in constant time what the caller shows.
func demandToken(r *http.Request, token string) *problem {
	scheme, shown, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return problemf(http.StatusUnauthorized, "a token is wanted, also from the agent's own host: Authorization: Bearer TOKEN, "+
			"or --token-file FILE; it is http.token_file of the agent's configuration")
	}
	want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(strings.TrimSpace(shown)))
	if subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
		return problemf(http.StatusUnauthorized, "the token is not the one of http.token_file of the agent's configuration")
	}
	return nil
}

// local tells whether a request comes from the agent's own host and was meant for it: the name in Host has to be one that
// no foreign name server can give to it, and no proxy may say that it speaks for somebody else.
func local(r *http.Request) bool {
	for _, proxied := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(proxied) != "" {
			return false
		}
	}
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && remote.Addr().Unmap().IsLoopback() && loopbackName(r.Host)
}

// loopbackName tells whether the host of "host:port" or "host" is this one whoever is asked.
func loopbackName(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// maxBody bounds the bodies that are read.
const maxBody = 64 << 10

// readJSON reads one JSON document of known fields into v.
func readJSON(w http.ResponseWriter, r *http.Request, v any) *problem {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return problemf(http.StatusUnsupportedMediaType, "want Content-Type: application/json")
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(v)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one document")
		}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return problemf(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", maxBody)
	case err != nil:
		return problemf(http.StatusBadRequest, "the body is not as expected: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}
