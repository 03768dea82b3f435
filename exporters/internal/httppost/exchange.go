package httppost

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

const (
	maxShown = 4 << 10  // bytes of an answer that an exchange shows
	maxSent  = 64 << 10 // bytes of a request that an exchange shows
)

// exchange tells who asked (pipeline.Exchanges) of one request and its answer; nothing where nobody did.
type exchange struct {
	tell    func(pipeline.Exchange)
	what    pipeline.Exchange
	secrets []string
	began   time.Time
}

// begin is called before the request is sent.
func begin(req *http.Request, secrets []string) *exchange {
	e := &exchange{tell: pipeline.Exchanges(req.Context()), secrets: secrets, began: time.Now()}
	if e.tell == nil {
		return e
	}
	e.what = pipeline.Exchange{Method: req.Method, URL: shown(req), Header: hidden(req.Header, secrets)}
	if req.GetBody != nil {
		if body, err := req.GetBody(); err == nil {
			text, _ := io.ReadAll(body)
			_ = body.Close()
			e.what.Body = clip(scrub(string(text), secrets), maxSent)
		}
	}
	return e
}

// answered takes the answer's first bytes, and puts them back to be read again.
func (e *exchange) answered(answer *http.Response) {
	if e.tell == nil {
		return
	}
	// More is read than is shown, so that a secret across the end is known as one.
	first, _ := io.ReadAll(io.LimitReader(answer.Body, 2*maxShown))
	answer.Body = &capped{io.MultiReader(bytes.NewReader(first), answer.Body), answer.Body}
	e.what.Status = answer.Status
	e.what.Answer = clip(scrub(string(first), e.secrets), maxShown)
}

// done ends the exchange; err is what the caller of the client hears.
func (e *exchange) done(err error) {
	if e.tell == nil {
		return
	}
	e.what.Took, e.what.Error = time.Since(e.began), err
	e.tell(e.what)
}

// shown is a URL without what may be secret in it.
func shown(req *http.Request) string {
	text := Redact(req.URL)
	if len(strings.Trim(req.URL.RequestURI(), "/")) > 0 {
		text += "/" + secretText
	}
	return text
}

// hidden returns the headers without their secrets.
func hidden(header http.Header, secrets []string) http.Header {
	all := header.Clone()
	for name, values := range all {
		for n := range values {
			switch http.CanonicalHeaderKey(name) {
			case "Authorization", "Proxy-Authorization", "Cookie", "Webhook-Signature":
				values[n] = secretText
			default:
				values[n] = scrub(values[n], secrets)
			}
		}
	}
	return all
}

func clip(text string, limit int) []byte {
	if len(text) > limit {
		return append([]byte(text[:limit]), "…"...)
	}
	return []byte(text)
}
