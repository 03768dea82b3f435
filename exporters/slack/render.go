package slack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	slackapi "github.com/slack-go/slack"

	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

// Slack's limits are 150 characters a header, 3000 a section, and about 9500 in all blocks of a message.
const (
	maxHeader   = 140
	maxSection  = 2900
	maxFact     = 700
	maxEvidence = 1200 // characters of a list among the facts
	maxLine     = 300
	maxList     = 6000 // characters of all lines of a batch
	maxLines    = 40
	maxContext  = 400
	maxCommands = 1200
	maxSteps    = 2000
	maxWarnings = 800
	maxBlockID  = 255
)

// message is what an incoming webhook takes, and what the bot posts.
type message struct {
	Text        string          `json:"text"` // what a phone shows
	Blocks      slackapi.Blocks `json:"blocks"`
	UnfurlLinks bool            `json:"unfurl_links"`
	UnfurlMedia bool            `json:"unfurl_media"`
}

// render makes one message of the batch: one incident in full, or several in a line each.
func render(n pipeline.Notification) ([]byte, error) {
	stories := wording.Stories(n.Changes)
	var m message
	switch len(stories) {
	case 0:
		m = message{Text: "No changes"}
	case 1:
		m = one(&stories[0])
	default:
		m = many(stories)
	}
	// The key also goes where an incoming webhook, which has no metadata, keeps it.
	m.Blocks.BlockSet = append(m.Blocks.BlockSet, contextBlock(n.Key, stories))
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("encode message: %w", err)
	}
	return bytes.TrimRight(body.Bytes(), "\n"), nil
}

func one(s *wording.Story) message {
	title := icon(s) + " " + wording.Headline(s)
	blocks := []slackapi.Block{header(title), section(facts(wording.Facts(s)))}
	if do := wording.Steps(s); len(do) > 0 {
		blocks = append(blocks, steps(wording.Hint(s), do))
	} else if commands := wording.Commands(s); len(commands) > 0 {
		blocks = append(blocks, next(wording.Hint(s), commands))
	}
	if not := wording.Warnings(s); len(not) > 0 {
		blocks = append(blocks, warnings(not))
	}
	return message{Text: escape(title, maxLine), Blocks: slackapi.Blocks{BlockSet: blocks}}
}

func many(stories []wording.Story) message {
	title := icon(&stories[0]) + " " + wording.Tally(stories)
	blocks := []slackapi.Block{header(title)}
	var text strings.Builder
	shown, total := 0, 0
	flush := func() {
		if text.Len() > 0 {
			blocks = append(blocks, section(strings.TrimRight(text.String(), "\n")))
			text.Reset()
		}
	}
	for n := range stories {
		line := icon(&stories[n]) + " " + escape(wording.Headline(&stories[n]), maxLine) + "\n"
		if shown == maxLines || total+size(line) > maxList {
			break
		}
		if size(text.String())+size(line) > maxSection {
			flush()
		}
		text.WriteString(line)
		shown, total = shown+1, total+size(line)
	}
	flush()
	if rest := len(stories) - shown; rest > 0 {
		blocks = append(blocks, section(fmt.Sprintf("*+%d more*", rest)))
	}
	if cause := wording.CommonCause(stories); cause != "" {
		blocks = append(blocks, section("*Cause of all that are open:* "+escape(cause, maxFact)))
	}
	if commands := wording.CommandsForMany(stories); len(commands) > 0 {
		blocks = append(blocks, next("Several at once often have one cause", commands))
	}
	worst := wording.Headline(&stories[0])
	return message{Text: escape(title+". First: "+worst, 2*maxLine), Blocks: slackapi.Blocks{BlockSet: blocks}}
}

func contextBlock(key string, stories []wording.Story) slackapi.Block {
	var parts []string
	if len(stories) == 1 {
		i := &stories[0].Change.Incident
		parts = append(parts, "Incident "+escape(i.ID, maxContext), "check "+escape(i.Rule, maxContext))
	}
	if name, ok := connectionOf(stories); ok {
		parts = append(parts, "connection "+escape(name, maxContext))
	}
	text := strings.Join(append(parts, "mirrorwatch"), " · ")
	return slackapi.NewContextBlock(wording.Plain(key, maxBlockID), mrkdwn(text))
}

// connectionOf returns the connection that all stories are about.
func connectionOf(stories []wording.Story) (name string, ok bool) {
	for i := range stories {
		connection := stories[i].Change.Incident.Subject.Connection
		if connection == "" || i > 0 && connection != name {
			return "", false
		}
		name = connection
	}
	return name, name != ""
}

// header is plain text, in which Slack knows no escapes; angle brackets are shown as similar ones.
func header(text string) slackapi.Block {
	text = strings.NewReplacer("<", "‹", ">", "›").Replace(wording.Plain(text, maxHeader))
	return slackapi.NewHeaderBlock(slackapi.NewTextBlockObject(slackapi.PlainTextType, text, false, false))
}

func section(text string) slackapi.Block { return slackapi.NewSectionBlock(mrkdwn(text), nil, nil) }

// mrkdwn is verbatim: Slack makes no links and no mentions of plain words in it.
func mrkdwn(text string) *slackapi.TextBlockObject {
	return slackapi.NewTextBlockObject(slackapi.MarkdownType, text, false, true)
}

// escape makes data safe in mrkdwn, and cuts it before its escaped form grows longer than limit characters.
func escape(data string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range wording.Plain(data, limit) {
		text := string(r)
		switch r {
		case '&':
			text = "&amp;"
		case '<':
			text = "&lt;"
		case '>':
			text = "&gt;"
		case '`':
			text = "'"
		}
		if n += size(text); n >= limit {
			return b.String() + "…"
		}
		b.WriteString(text)
	}
	return b.String()
}

func size(text string) int { return utf8.RuneCountInString(text) }

func icon(s *wording.Story) string {
	c := &s.Change
	switch {
	case c.Kind == pipeline.Resolved:
		return "✅"
	case c.Kind == pipeline.Closed:
		return "⚪"
	case c.Incident.Level == pipeline.Critical:
		return "🔴"
	}
	return "🟡"
}
