package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"mirrorwatch/exporters/internal/httppost"
	"mirrorwatch/pipeline"
)

// A channel takes about one message a second; a workspace 50 edits a minute.
const (
	postEvery = time.Second
	editEvery = 1200 * time.Millisecond
)

// Slack is a pipeline.Notifier for one channel.
type Slack struct {
	url    pipeline.Secret // an incoming webhook's; zero: by token
	bot    bot
	client *httppost.Client
	render renderer
	posts  *rate.Limiter
}

// New returns the notifier of a valid configuration. Its messages have buttons that lead to pages. Secrets kept in files
// are read at each attempt.
func New(c Config, pages pipeline.Pages) (*Slack, error) {
	var problems []error
	c.Validate(func(path, problem string) { problems = append(problems, fmt.Errorf("%s: %s", path, problem)) })
	if len(problems) > 0 {
		return nil, fmt.Errorf("configure slack %s: %w", c.Name, errors.Join(problems...))
	}
	mention, _ := parseMention(c.Mention) // valid, as Validate says
	client := httppost.New()
	posts := rate.NewLimiter(rate.Every(postEvery), 1)
	s := &Slack{url: c.URL.Or(c.URLFile), bot: newBot(c, client, posts), client: client, posts: posts}
	s.render = renderer{pages: pages, mention: mention, hook: !s.url.IsZero()}
	return s, nil
}

// Render implements pipeline.Notifier. The body is JSON of our own: a message in Block Kit to post or to put in place of the
// group's earlier one, and what is said in its thread besides. For an incoming webhook, which edits nothing, the message
// begins with what is new.
func (s *Slack) Render(n pipeline.Notification) ([]byte, error) { return s.render.body(n) }

// Notify implements pipeline.Notifier. By token, its receipt is the address of the group's message, and with one it edits
// that message; what asks for attention is also told in the message's thread. A message that is gone is posted anew. An
// incoming webhook gives no receipt. It sends one message a second at most, and waits for its turn.
func (s *Slack) Notify(ctx context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
	b, err := decode(n.Body)
	if err != nil {
		return nil, err
	}
	if s.url.IsZero() {
		return s.bot.notify(ctx, n, &b)
	}
	url, err := s.url.Reveal()
	if err != nil {
		return nil, fmt.Errorf("read url: %w", err)
	}
	if err := turn(ctx, s.posts); err != nil {
		return nil, err
	}
	return nil, s.client.Post(ctx, url, http.Header{"Content-Type": {"application/json"}}, b.Post)
}

// turn waits until the next message may be sent. Where that is later than ctx allows, nothing was sent.
func turn(ctx context.Context, pace *rate.Limiter) error {
	if err := pace.Wait(ctx); err != nil {
		return fmt.Errorf("wait for the channel's turn: %w", err)
	}
	return nil
}
