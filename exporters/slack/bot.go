package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	slackapi "github.com/slack-go/slack"
	"golang.org/x/time/rate"

	"mirrorwatch/exporters/internal/httppost"
	"mirrorwatch/pipeline"
)

const eventType = "mirrorwatch_change" // of the message metadata that carries the key

// bot posts and edits messages through Slack's web API. Retrying is the outbox's work, so the API client does none.
type bot struct {
	token   pipeline.Secret
	channel string
	apiURL  string
	client  sender
	posts   *rate.Limiter
	edits   *rate.Limiter
}

// sender sends a request and keeps secrets out of errors.
type sender interface {
	Do(req *http.Request, secrets ...string) (*http.Response, error)
}

// address is what a receipt holds: where the message is, and the configured channel that it was meant for.
type address struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	For     string `json:"for"`
}

func newBot(c Config, client *httppost.Client, posts *rate.Limiter) bot {
	apiURL := c.APIURL
	if apiURL == "" {
		apiURL = DefaultAPIURL
	}
	return bot{
		token: c.Token.Or(c.TokenFile), channel: c.Channel, apiURL: strings.TrimSuffix(apiURL, "/") + "/",
		client: client, posts: posts, edits: rate.NewLimiter(rate.Every(editEvery), 1),
	}
}

// notify edits the group's message and replies to it, or posts it. A message out of reach, or whose thread is, is posted
// anew; a reply would say the same then.
func (b *bot) notify(ctx context.Context, n pipeline.Notification, body *body) (pipeline.Receipt, error) {
	m, err := body.message()
	if err != nil {
		return nil, err
	}
	token, err := b.token.Reveal()
	if err != nil {
		return nil, fmt.Errorf("read token: %w", err)
	}
	c := call{
		bot: b,
		api: slackapi.New(token, slackapi.OptionHTTPClient(doer{b.client, token}), slackapi.OptionAPIURL(b.apiURL)),
		key: n.Key,
	}
	if at := b.last(n.Receipt); at.TS != "" {
		err := c.renew(ctx, at, m, body.Reply)
		if err == nil || !anew(err) {
			return n.Receipt, classify(err)
		}
	}
	at, err := c.post(ctx, m.calling(body.Mention))
	if err != nil {
		return nil, classify(err)
	}
	at.For = b.channel
	return json.Marshal(at)
}

// last reads the receipt of a message. One for another channel than is configured now does not count.
func (b *bot) last(r pipeline.Receipt) address {
	var at address
	if json.Unmarshal(r, &at) != nil || at.For != b.channel {
		return address{}
	}
	return at
}

// call is one batch on its way.
type call struct {
	*bot
	api *slackapi.Client
	key string
}

func (c *call) post(ctx context.Context, m message) (address, error) {
	if err := turn(ctx, c.posts); err != nil {
		return address{}, err
	}
	id, ts, err := c.api.PostMessageContext(ctx, c.channel, c.options(m))
	if err == nil && ts == "" {
		err = errors.New("the answer names no message")
	}
	return address{Channel: id, TS: ts}, err
}

// renew puts the new picture into the message. An edit pings nobody, so what is to be noticed follows in the thread. A retry
// edits the same message again, which changes nothing, but the reply may then be there twice: where Slack took it and its
// answer was lost, or where the agent ended before the delivery was written down. Slack has no key that would prevent it,
// and a receipt could not tell, for it is kept only with a success. Twice is better than never.
func (c *call) renew(ctx context.Context, at address, m message, r *reply) error {
	if err := turn(ctx, c.edits); err != nil {
		return err
	}
	if _, _, _, err := c.api.UpdateMessageContext(ctx, at.Channel, at.TS, c.options(m)); err != nil || r == nil {
		return err
	}
	if err := turn(ctx, c.posts); err != nil {
		return err
	}
	options := []slackapi.MsgOption{c.options(r.message), slackapi.MsgOptionTS(at.TS)}
	if r.Broadcast {
		options = append(options, slackapi.MsgOptionBroadcast())
	}
	_, _, err := c.api.PostMessageContext(ctx, at.Channel, options...)
	return err
}

func (c *call) options(m message) slackapi.MsgOption {
	return slackapi.MsgOptionCompose(
		slackapi.MsgOptionText(m.Text, false),
		slackapi.MsgOptionParse(false),
		slackapi.MsgOptionDisableLinkUnfurl(),
		slackapi.MsgOptionDisableMediaUnfurl(),
		slackapi.MsgOptionMetadata(slackapi.SlackMetadata{EventType: eventType, EventPayload: map[string]any{"key": c.key}}),
		slackapi.MsgOptionBlocks(m.Blocks.BlockSet...),
	)
}

// doer sends the API client's requests by our rules, and keeps the token out of errors.
type doer struct {
	client sender
	token  string
}

func (d doer) Do(req *http.Request) (*http.Response, error) { return d.client.Do(req, d.token) }
