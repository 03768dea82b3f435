package slack

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// This file writes a channel down as a person sees it.

var (
	dateMarkup  = regexp.MustCompile(`<!date\^\d+\^[^|>]+\|([^>]+)>`)
	callMarkup  = regexp.MustCompile(`<!(here|channel)>|<@([UW][A-Z0-9]+)>|<!subteam\^(S[A-Z0-9]+)>`)
	entities    = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
	inTheThread = "    │ "
)

// view writes the channel: each message as it is now, its thread under it.
func (f *fake) view() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var text strings.Builder
	for _, m := range f.messages {
		if m.channel != theChannel || m.thread != "" {
			continue
		}
		write(&text, "", m)
		for _, r := range f.messages {
			if r.channel == m.channel && r.thread == m.ts {
				write(&text, inTheThread, r)
			}
		}
	}
	return text.String()
}

func write(text *strings.Builder, indent string, m *posted) {
	line := func(format string, args ...any) {
		text.WriteString(strings.TrimRight(indent+fmt.Sprintf(format, args...), " ") + "\n")
	}
	head := clock(m.ts) + " mirrorwatch"
	if m.deleted {
		line("%s  [deleted by a person]", head)
		return
	}
	if n := len(m.edited); n > 0 {
		head += fmt.Sprintf(" (edited %d times, last at %s)", n, m.edited[n-1].UTC().Format("15:04:05"))
	}
	switch {
	case m.broadcast:
		head += "  [reply, also shown in the channel]"
	case m.thread != "":
		head += "  [reply]"
	}
	line("%s", head)
	line("phone: %s", readable(m.text))
	for _, b := range m.blocks {
		for part := range strings.SplitSeq(b.read(), "\n") {
			line("  %s", part)
		}
	}
	text.WriteString(strings.TrimRight(indent, " ") + "\n")
}

// read is a block as it is shown.
func (b *block) read() string {
	switch b.Type {
	case "header":
		return "# " + b.Text.Text
	case "context":
		var parts []string
		for _, e := range b.Elements {
			var text string
			_ = json.Unmarshal(e.Text, &text)
			parts = append(parts, readable(text))
		}
		return "(" + strings.Join(parts, " ") + ")"
	case "actions":
		var parts []string
		for _, e := range b.Elements {
			var label textObj
			_ = json.Unmarshal(e.Text, &label)
			parts = append(parts, fmt.Sprintf("[%s → %s]", label.Text, e.URL))
		}
		return strings.Join(parts, " ")
	}
	return readable(b.Text.Text)
}

// readable is mrkdwn as it is shown. Brackets that Slack would read as something else are told.
func readable(text string) string {
	text = dateMarkup.ReplaceAllString(text, "$1")
	text = callMarkup.ReplaceAllStringFunc(text, func(m string) string {
		return "@" + strings.Trim(strings.TrimPrefix(m, "<!subteam^"), "<>!@") + "(called)"
	})
	if left := markup.ReplaceAllString(text, ""); strings.ContainsAny(left, "<>") {
		text += " [MARKUP?]"
	}
	return entities.Replace(text)
}

func clock(ts string) string {
	seconds, _, _ := strings.Cut(ts, ".")
	n, _ := strconv.ParseInt(seconds, 10, 64)
	return time.Unix(n, 0).UTC().Format("15:04:05")
}
