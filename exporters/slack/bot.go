package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	slackapi "github.com/slack-go/slack"

	"mirrorwatch/exporters/internal/httppost"
	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

const (
	eventType    = "mirrorwatch_change" // of the message metadata that carries the key
	maxErrorText = 500
)

// bot posts and edits messages through Slack's web API. Retrying is the outbox's work, so the API client does none.
type bot struct {
	token   pipeline.Secret
	channel string
	apiURL  string
	client  *httppost.Client
}

// address is what a receipt holds: where the message is, and the configured channel that it was meant for.
type address struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	For     string `json:"for"`
}

func newBot(c Config, client *httppost.Client) bot {
	apiURL := c.APIURL
	if apiURL == "" {
		apiURL = DefaultAPIURL
	}
	return bot{c.Token.Or(c.TokenFile), c.Channel, strings.TrimSuffix(apiURL, "/") + "/", client}
}

func (b *bot) notify(ctx context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
	token, err := b.token.Reveal()
	if err != nil {
		return nil, fmt.Errorf("read token: %w", err)
	}
	var m message
	if err := json.Unmarshal(n.Body, &m); err != nil {
		return nil, pipeline.Permanent(fmt.Errorf("decode message: %w", err))
	}
	c := call{
		api: slackapi.New(token, slackapi.OptionHTTPClient(doer{b.client, token}), slackapi.OptionAPIURL(b.apiURL)),
		common: slackapi.MsgOptionCompose(
			slackapi.MsgOptionText(m.Text, false),
			slackapi.MsgOptionParse(false),
			slackapi.MsgOptionDisableLinkUnfurl(),
			slackapi.MsgOptionDisableMediaUnfurl(),
			slackapi.MsgOptionMetadata(slackapi.SlackMetadata{EventType: eventType, EventPayload: map[string]any{"key": n.Key}}),
		),
		blocks: slackapi.MsgOptionBlocks(m.Blocks.BlockSet...),
	}
	if at := b.last(n.Receipt); at.TS != "" {
		err := c.edit(ctx, at, pings(n))
		if err == nil || !anew(err) {
			return n.Receipt, classify(err)
		}
	}
	at, err := c.post(ctx, b.channel)
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

// call is one message on its way.
type call struct {
	api    *slackapi.Client
	common slackapi.MsgOption
	blocks slackapi.MsgOption
}

func (c *call) post(ctx context.Context, channel string) (address, error) {
	id, ts, err := c.api.PostMessageContext(ctx, channel, c.common, c.blocks)
	if err == nil && ts == "" {
		err = errors.New("the answer names no message")
	}
	return address{Channel: id, TS: ts}, err
}

// edit puts the new state into the message. An edit pings nobody, so what is to ping follows in the thread. A retry edits
// the same message again, but the reply may then be there twice: where Slack took it and its answer was lost, or where
// the agent ended before the delivery was written down. A receipt could not tell, it is kept only with a success. Twice
// is better than never.
func (c *call) edit(ctx context.Context, at address, ping bool) error {
	if _, _, _, err := c.api.UpdateMessageContext(ctx, at.Channel, at.TS, c.common, c.blocks); err != nil || !ping {
		return err
	}
	_, _, err := c.api.PostMessageContext(ctx, at.Channel, c.common, slackapi.MsgOptionTS(at.TS), slackapi.MsgOptionBroadcast())
	return err
}

func pings(n pipeline.Notification) bool {
	for _, story := range wording.Stories(n.Changes) {
		if story.Pings {
			return true
		}
	}
	return false
}

// doer sends the API client's requests by our rules, and keeps the token out of errors.
type doer struct {
	client *httppost.Client
	token  string
}

func (d doer) Do(req *http.Request) (*http.Response, error) { return d.client.Do(req, d.token) }

// anew tells whether the error means that the old message is out of reach, and a new one has to take its place.
func anew(err error) bool {
	switch code(err) {
	case "message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "cannot_reply_to_message",
		"restricted_action_thread_locked", "restricted_action_thread_only_channel", "restricted_action_non_threadable_channel":
		return true
	}
	return false
}

// classify sorts Slack's own refusals, which come with status 200. Other errors are sorted already.
func classify(err error) error {
	if err == nil {
		return nil
	}
	refused := slackapi.SlackErrorResponse{}
	if !errors.As(err, &refused) {
		return fmt.Errorf("call Slack: %w", err)
	}
	text := strings.Join(append([]string{refused.Err}, refused.ResponseMetadata.Messages...), "; ")
	if refused.Needed != "" {
		text += "; needs scope " + refused.Needed
	}
	err = fmt.Errorf("call Slack: refused: %s", wording.Plain(text, maxErrorText))
	switch refused.Err {
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited", "rate_limited", "team_added_to_org":
		return err
	}
	return pipeline.Permanent(err)
}

func code(err error) string {
	refused := slackapi.SlackErrorResponse{}
	if errors.As(err, &refused) {
		return refused.Err
	}
	return ""
}
