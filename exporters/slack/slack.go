package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"mirrorwatch/exporters/internal/httppost"
	"mirrorwatch/pipeline"
)

// Slack is a pipeline.Notifier for one channel.
type Slack struct {
	url    pipeline.Secret // an incoming webhook's; zero: by token
	bot    bot
	client *httppost.Client
}

// New returns the notifier of a valid configuration. Secrets kept in files are read at each attempt.
func New(c Config) (*Slack, error) {
	var problems []error
	c.Validate(func(path, problem string) { problems = append(problems, fmt.Errorf("%s: %s", path, problem)) })
	if len(problems) > 0 {
		return nil, fmt.Errorf("configure slack %s: %w", c.Name, errors.Join(problems...))
	}
	client := httppost.New()
	return &Slack{
		url:    c.URL.Or(c.URLFile),
		bot:    newBot(c, client),
		client: client,
	}, nil
}

// Render implements pipeline.Notifier: the body is a message in Block Kit, as an incoming webhook takes it.
func (s *Slack) Render(n pipeline.Notification) ([]byte, error) { return render(n) }

// Notify implements pipeline.Notifier. By token, its receipt is the message's address, and with one it edits that
// message; what pings is then also told in the message's thread, and to the channel. An incoming webhook gives none.
func (s *Slack) Notify(ctx context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
	if s.url.IsZero() {
		return s.bot.notify(ctx, n)
	}
	url, err := s.url.Reveal()
	if err != nil {
		return nil, fmt.Errorf("read url: %w", err)
	}
	return nil, s.client.Post(ctx, url, http.Header{"Content-Type": {"application/json"}}, n.Body)
}
