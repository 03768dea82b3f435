package httppost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"mirrorwatch/pipeline"
)

const (
	maxSnippet    = 200       // characters of an answer that an error shows
	maxRetryAfter = time.Hour // a destination cannot ask to be left alone for longer
)

// transportError is for a request that got no answer. It is worth a retry, except where we refused to connect.
func transportError(target string, err error, secrets []string) error {
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err // its text holds the whole URL
	}
	switch {
	case errors.Is(err, errLinkLocal):
		return permanent("post to %s: %w", target, errLinkLocal)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("post to %s: no answer in time: %w", target, context.DeadlineExceeded)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("post to %s: %w", target, context.Canceled)
	}
	return fmt.Errorf("post to %s: %s", target, oneLine(scrub(err.Error(), secrets)))
}

// refusal is for an answer that is no 2xx.
func refusal(target string, answer *http.Response, secrets []string) error {
	code := answer.StatusCode
	status := strings.TrimSpace(strconv.Itoa(code) + " " + http.StatusText(code))
	if code/100 == 3 {
		where := "elsewhere"
		if location, err := answer.Location(); err == nil {
			where = Redact(location)
		}
		return permanent("post to %s: answered %s to %s, and redirects are not followed", target, status, where)
	}
	err := fmt.Errorf("post to %s: answered %s", target, status)
	body, _ := io.ReadAll(io.LimitReader(answer.Body, maxRead)) // a part of it still tells something
	if snippet := oneLine(scrub(string(body), secrets)); snippet != "" {
		err = fmt.Errorf("%w: %s", err, snippet)
	}
	switch {
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		if d := retryAfter(answer.Header.Get("Retry-After"), time.Now()); d > 0 {
			return pipeline.RetryAfter(err, d)
		}
		return err
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusNotFound, code == http.StatusGone:
		return pipeline.Broken(pipeline.Permanent(err)) // no other body would fare better
	}
	return pipeline.Permanent(err)
}

// retryAfter reads the header's two forms, seconds and an HTTP date; 0 where it says nothing, an hour at most.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(strings.TrimSpace(value), 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(0, at.Sub(now)), maxRetryAfter)
	}
	return 0
}

func permanent(format string, args ...any) error {
	return pipeline.Permanent(fmt.Errorf(format, args...))
}

// oneLine returns the first characters of text with everything that is no printing character as a space.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if runes := []rune(text); len(runes) > maxSnippet {
		return string(runes[:maxSnippet]) + "…"
	}
	return text
}
