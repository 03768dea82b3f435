package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

const (
	heartbeatTimeout = 10 * time.Second // of one call
	heartbeatDelay   = 15 * time.Second // of the first one: an agent that dies at each start must not beat at each start
)

// HeartbeatConfig is a dead man's switch: a URL that is called while all is well with the agent, so that its own silence
// pages somebody. Without a URL there is none.
type HeartbeatConfig struct {
	URL      pipeline.Secret `koanf:"url"`
	URLFile  string          `koanf:"url_file"`
	Interval time.Duration   `koanf:"interval"`
}

// Validate reports everything that is wrong.
func (c *HeartbeatConfig) Validate(report func(path, problem string)) {
	if !c.URL.IsZero() && c.URLFile != "" {
		report("url", "give url or url_file, not both")
	}
	if !c.URL.IsZero() {
		text, err := c.URL.Reveal()
		if err == nil {
			_, err = parseHeartbeatURL(text)
		}
		if err != nil {
			report("url", err.Error())
		}
	}
	if c.Interval < heartbeatTimeout {
		report("interval", fmt.Sprintf("%s: want at least %s", durationText(c.Interval), heartbeatTimeout))
	}
}

// Enabled tells whether there is a URL to call.
func (c *HeartbeatConfig) Enabled() bool { return !c.URL.IsZero() || c.URLFile != "" }

// parseHeartbeatURL refuses what cannot be called. Its error does not repeat text.
func parseHeartbeatURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("want an address such as https://hc-ping.com/UUID")
	}
	return u, nil
}

// Heartbeat calls its URL while every ring turns, the journal can be written and no delivery is overdue.
type Heartbeat struct {
	config  HeartbeatConfig
	turning func() (ok bool, why string)
	client  *http.Client
	log     *slog.Logger
	state   string // of the newest beat, as logged
	why     string // it was withheld, as logged
}

// NewHeartbeat returns a heartbeat that asks turning before each call; why says what is not well (heartbeatTrouble).
// A nil transport is the default one.
func NewHeartbeat(c HeartbeatConfig, turning func() (ok bool, why string), transport http.RoundTripper, log *slog.Logger) *Heartbeat {
	return &Heartbeat{
		config:  c,
		turning: turning,
		log:     log,
		client: &http.Client{
			Transport: transport,
			Timeout:   heartbeatTimeout,
			// A redirect would carry the secret path on, in the Referer header.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// heartbeatTrouble is what a heartbeat is withheld for, in words: rings that stand still, a journal that cannot be written,
// receivers that are overdue to be told. Empty: nothing is.
func heartbeatTrouble(stalled []string, failing bool, overdue []string) string {
	var parts []string
	if len(stalled) > 0 {
		parts = append(parts, "rings stand still: "+strings.Join(stalled, ", "))
	}
	if failing {
		parts = append(parts, "the journal cannot be written")
	}
	if len(overdue) > 0 {
		parts = append(parts, "deliveries are overdue: "+strings.Join(overdue, ", "))
	}
	return strings.Join(parts, "; ")
}

// Run beats after heartbeatDelay and then each interval, until ctx ends. What goes wrong is logged once, as it changes.
func (h *Heartbeat) Run(ctx context.Context) {
	timer := time.NewTimer(heartbeatDelay)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			timer.Reset(h.config.Interval)
			h.beat(ctx)
		}
	}
}

func (h *Heartbeat) beat(ctx context.Context) {
	if ok, why := h.turning(); !ok {
		h.became(ctx, slog.LevelWarn, "withheld", why, slog.String("why", why))
		return
	}
	err := h.call(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		h.became(ctx, slog.LevelWarn, "failing", "", slog.String("error", err.Error()))
	default:
		h.became(ctx, slog.LevelInfo, "beating", "")
	}
}

// became logs a change of state, or of why beats are withheld.
func (h *Heartbeat) became(ctx context.Context, level slog.Level, state, why string, attrs ...slog.Attr) {
	if state == h.state && why == h.why {
		return
	}
	attrs = append([]slog.Attr{slog.String("from", h.state), slog.String("to", state)}, attrs...)
	h.state, h.why = state, why
	h.log.LogAttrs(ctx, level, "heartbeat changed", attrs...)
}

// call makes one call. Its error does not tell the URL.
func (h *Heartbeat) call(ctx context.Context) error {
	text, err := h.config.URL.Or(h.config.URLFile).Reveal()
	if err != nil {
		return err
	}
	u, err := parseHeartbeatURL(text)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return errors.New("make request")
	}
	request.Header.Set("User-Agent", "mirrorwatch")
	response, err := h.client.Do(request)
	if err != nil {
		return fmt.Errorf("call heartbeat: %w", withoutURL(err))
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 4<<10) // so that the connection can be used again
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("call heartbeat: answered %d %s", response.StatusCode, http.StatusText(response.StatusCode))
	}
	return nil
}

// withoutURL takes off what net/http wraps around an error: method and URL.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
