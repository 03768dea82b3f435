package slack

import (
	"fmt"
	"strings"

	slackapi "github.com/slack-go/slack"

	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

// This file has what stands under the header of a message about one incident.

// maxEscaped is more than any command grows to when it is escaped: one is told whole, or not at all.
const maxEscaped = 4000

// facts writes one line a fact, and one each part of a list. What does not fit any more is left out; the least important come
// last.
func facts(all []wording.Fact) string {
	var text strings.Builder
	for _, f := range all {
		line := "*" + f.Label + ":*"
		switch {
		case !f.At.IsZero():
			line += fmt.Sprintf(" <!date^%d^{date_short} {time_secs}|%s>", f.At.Unix(), wording.UTC(f.At))
		case len(f.List) > 0:
			line += "\n" + strings.TrimRight(lines(bullets(f.List), maxEvidence), "\n")
		default:
			line += " " + escape(f.Text, maxFact)
		}
		if size(text.String())+size(line) >= maxSection {
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
