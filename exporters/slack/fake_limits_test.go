package slack

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// This file has the limits of Slack that a message must keep, and the errors that it answers with.

type block struct {
	Type     string    `json:"type"`
	BlockID  string    `json:"block_id"`
	Text     *textObj  `json:"text"`
	Elements []element `json:"elements"`
}

// element is a text of a context block, or a button.
type element struct {
	Type     string          `json:"type"`
	Text     json.RawMessage `json:"text"`
	Verbatim bool            `json:"verbatim"`
	Emoji    *bool           `json:"emoji"`
	ActionID string          `json:"action_id"`
	URL      string          `json:"url"`
	Value    string          `json:"value"`
}

type textObj struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim"`
	Emoji    *bool  `json:"emoji"`
}

// markup is what Slack reads angle brackets as.
var markup = regexp.MustCompile(`<(!here|!channel|!everyone|@[UW][A-Z0-9]+|!subteam\^S[A-Z0-9]+|!date\^\d+\^[^|>]+\|[^>]+|https?://[^>|]+(\|[^>]*)?)>`)

// read takes a call's form.
func read(form url.Values) (s said, key, refused string) {
	if meta := form.Get("metadata"); meta != "" {
		var m struct {
			EventType    string         `json:"event_type"`
			EventPayload map[string]any `json:"event_payload"`
		}
		if json.Unmarshal([]byte(meta), &m) != nil || m.EventType == "" || m.EventPayload == nil {
			return s, "", "invalid_metadata_format"
		}
		if len(meta) > 16<<10 {
			return s, "", "metadata_too_large"
		}
		key, _ = m.EventPayload["key"].(string)
	}
	s, refused = parse(form.Get("text"), json.RawMessage(form.Get("blocks")))
	return s, key, refused
}

func parse(text string, blocks json.RawMessage) (s said, refused string) {
	s.text = text
	switch {
	case text == "" && len(blocks) == 0:
		return s, "no_text"
	case utf8.RuneCountInString(text) > fakeFileLimit:
		return s, "msg_too_long"
	case len(blocks) == 0:
		return s, ""
	case json.Unmarshal(blocks, &s.blocks) != nil:
		return s, "invalid_blocks_format"
	case len(s.blocks) > 50:
		return s, "invalid_blocks: no more than 50 items allowed"
	}
	total, ids, actions := 0, map[string]bool{}, map[string]bool{}
	for _, b := range s.blocks {
		if len(b.BlockID) > 255 || b.BlockID != "" && ids[b.BlockID] {
			return s, "invalid_blocks: block_id"
		}
		ids[b.BlockID] = true
		n, why := b.check(actions)
		if why != "" {
			return s, "invalid_blocks: " + b.Type + ": " + why
		}
		total += n
	}
	if total > fakeTotal {
		return s, "msg_blocks_too_long"
	}
	return s, ""
}

// check returns the block's characters, or what is wrong with it.
func (b *block) check(actions map[string]bool) (n int, why string) {
	switch b.Type {
	case "header":
		return b.Text.check(150, "plain_text")
	case "section":
		return b.Text.check(3000, "plain_text", "mrkdwn")
	case "divider":
		return 0, ""
	case "context":
		if len(b.Elements) < 1 || len(b.Elements) > 10 {
			return 0, "1 to 10 elements"
		}
		for _, e := range b.Elements {
			text := textObj{Type: e.Type, Verbatim: e.Verbatim, Emoji: e.Emoji}
			_ = json.Unmarshal(e.Text, &text.Text)
			k, why := text.check(3000, "plain_text", "mrkdwn")
			if n += k; why != "" {
				return n, why
			}
		}
		return n, ""
	case "actions":
		if len(b.Elements) < 1 || len(b.Elements) > 25 {
			return 0, "1 to 25 elements"
		}
		for _, e := range b.Elements {
			k, why := e.checkButton(actions)
			if n += k; why != "" {
				return n, why
			}
		}
		return n, ""
	}
	return 0, "unsupported type"
}

func (e *element) checkButton(actions map[string]bool) (n int, why string) {
	var label textObj
	u, err := url.Parse(e.URL)
	switch {
	case e.Type != "button":
		return 0, "unsupported element " + e.Type
	case e.ActionID == "" || len(e.ActionID) > 255 || actions[e.ActionID]:
		return 0, "action_id"
	case utf8.RuneCountInString(e.URL) > 3000 || err != nil || u.Scheme != "http" && u.Scheme != "https":
		return 0, "url"
	case json.Unmarshal(e.Text, &label) != nil:
		return 0, "must have a text"
	}
	actions[e.ActionID] = true
	return label.check(75, "plain_text")
}

func (t *textObj) check(limit int, types ...string) (n int, why string) {
	if t == nil {
		return 0, "must have a text"
	}
	n = utf8.RuneCountInString(t.Text)
	switch {
	case !strings.Contains(strings.Join(types, " "), t.Type) || t.Type == "":
		return n, "text of type " + t.Type
	case n == 0 || n > limit:
		return n, "must be more than 0 and no more than its limit of characters"
	case t.Type == "mrkdwn" && t.Emoji != nil && *t.Emoji, t.Type == "plain_text" && t.Verbatim:
		return n, "additional property"
	}
	return n, ""
}
