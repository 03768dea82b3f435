package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	slackapi "github.com/slack-go/slack"

	"mirrorwatch/pipeline"
)

// body is what Render freezes: all that Notify may have to send. Which part it sends tells the receipt.
type body struct {
	Post    json.RawMessage `json:"post"`              // a message: the whole picture; an incoming webhook gets it as it is
	Mention string          `json:"mention,omitempty"` // whom a bot's post calls, when it is no edit
	Reply   *reply          `json:"reply,omitempty"`   // in the thread, after an edit
}

// message is what an incoming webhook takes, and what the bot posts.
type message struct {
	Text        string          `json:"text"` // what a phone shows
	Blocks      slackapi.Blocks `json:"blocks"`
	UnfurlLinks bool            `json:"unfurl_links"`
	UnfurlMedia bool            `json:"unfurl_media"`
}

// reply is a message in a thread. It has its mention in it.
type reply struct {
	message
	Broadcast bool `json:"broadcast"` // to the channel as well
}

// calling returns the message with a mention before everything else, for the phone and for the channel alike.
func (m message) calling(mention string) message {
	if mention == "" {
		return m
	}
	m.Text = mention + " " + m.Text
	m.Blocks.BlockSet = slices.Insert(slices.Clone(m.Blocks.BlockSet), 0, slackapi.Block(section(mention)))
	return m
}

func encode(v any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode message: %w", err)
	}
	return bytes.TrimRight(text.Bytes(), "\n"), nil
}

// decode reads what Render made, or what an earlier version did: a message alone.
func decode(text []byte) (body, error) {
	var b body
	if err := json.Unmarshal(text, &b); err != nil {
		return b, pipeline.Permanent(fmt.Errorf("decode message: %w", err))
	}
	if b.Post == nil {
		b.Post = text
	}
	return b, nil
}

func (b *body) message() (message, error) {
	var m message
	err := json.Unmarshal(b.Post, &m)
	if err == nil && m.Text == "" {
		err = errors.New("it has no text")
	}
	if err != nil {
		return m, pipeline.Permanent(fmt.Errorf("decode message: %w", err))
	}
	return m, nil
}
