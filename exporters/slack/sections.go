package slack

import (
	"fmt"
	"strings"
	"unicode/utf8"

	slackapi "github.com/slack-go/slack"

	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

// This file has the parts of messages: the header, and what stands under it.

// maxEscaped is more than any command grows to when it is escaped: one is told whole, or not at all.
const maxEscaped = 4000

// facts writes one line a fact, and one each part of a list. What does not fit into limit characters is left out; the least
// important come last.
func facts(all []wording.Fact, limit int) string {
	var text strings.Builder
	for _, f := range all {
		line := "*" + escape(f.Label, maxLine) + ":*"
		switch {
		case !f.At.IsZero():
			line += fmt.Sprintf(" <!date^%d^{date_short} {time_secs}|%s>", f.At.Unix(), wording.UTC(f.At))
		case len(f.List) > 0:
			line += "\n" + strings.TrimRight(lines(bullets(f.List), maxEvidence), "\n")
		default:
			line += " " + escape(f.Text, maxFact)
		}
		if size(text.String())+size(line) >= limit {
			break
		}
		text.WriteString(line + "\n")
	}
	return strings.TrimRight(text.String(), "\n")
}

func bullets(all []string) []string {
	marked := make([]string, len(all))
	for n, text := range all {
		marked[n] = "• " + text
	}
	return marked
}

// steps tells what to do, with the commands. What does not fit is left out: half a command is worse than none.
func steps(hint string, do []pipeline.Step) slackapi.Block {
	var text strings.Builder
	text.WriteString("*Do next.* " + escape(hint, maxLine) + ":\n")
	for n, step := range do {
		line := fmt.Sprintf("%d. %s\n", n+1, escape(step.Do, maxLine))
		if step.Command != "" {
			line += "`" + escape(step.Command, maxEscaped) + "`\n"
		}
		if size(text.String())+size(line) > maxSteps {
			break
		}
		text.WriteString(line)
	}
	return section(strings.TrimRight(text.String(), "\n"))
}

// warnings tells what not to do.
func warnings(all []string) slackapi.Block {
	for n, text := range all {
		all[n] = "⚠️ " + text
	}
	return section(strings.TrimRight(lines(all, maxWarnings), "\n"))
}

// next tells what to run.
func next(hint string, commands []string) slackapi.Block {
	text := "*Look next.* " + escape(hint, maxLine) + ":\n```\n"
	return section(text + lines(commands, maxCommands) + "```")
}

// lines joins as many whole lines as fit.
func lines(all []string, limit int) string {
	var text strings.Builder
	for _, line := range all {
		line = escape(line, limit) + "\n"
		if size(text.String())+size(line) > limit {
			break
		}
		text.WriteString(line)
	}
	return text.String()
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
