package slack

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	slackapi "github.com/slack-go/slack"

	"mirrorwatch/exporters/internal/wording"
)

// This file has the messages about several incidents.

const (
	fewEnded = 5  // ended incidents that have a line each; more are listed by name
	maxMore  = 30 // characters of what counts the rest
)

// picture tells of the whole group: the worst that is open, how long each ended one was dark, and the rest by number.
func picture(g *wording.Group) message {
	title := groupIcon(g) + " " + g.Title()
	m := titled(title)
	if g.Open > 1 {
		m.Text = escape(title+". First: "+g.Line(&g.Members[0]), maxText)
	}
	if text := facts(g.Facts(), maxPicture); text != "" {
		m.add(section(text))
	}
	open, ended := g.Members[:g.Open], g.Members[g.Open:]
	if len(open) > 1 {
		m.add(section("*Open, the worst first:*\n" + strings.Join(storyLines(g, open, maxLines, true), "\n")))
	}
	m.add(endedList(g, ended, g.Ended)...)
	m.add(lookNext(g)...)
	return m
}

// batch tells of what is new in the group first, for a channel in which earlier messages stay as they were.
func batch(g *wording.Group) message {
	title := groupIcon(g) + " " + g.Title()
	if call := g.Call(); call != nil {
		title = callIcon(g, call) + " " + call.Title
	}
	m := titled(title)
	over := slices.IndexFunc(g.News, func(s wording.Story) bool { return s.Ended() })
	if over < 0 {
		over = len(g.News)
	}
	if over > 0 {
		m.add(section("*News:*\n" + strings.Join(storyLines(g, g.News[:over], maxLines, true), "\n")))
	}
	m.add(endedList(g, g.News[over:], len(g.News)-over)...)
	if !strings.HasSuffix(title, g.Title()) {
		m.add(section("*" + escape(g.Title(), maxLine) + "*"))
	}
	if text := facts(g.Facts(), maxPicture); text != "" {
		m.add(section(text))
	}
	m.add(lookNext(g)...)
	return m
}

// lookNext is for the one that is left open, or for all of them.
func lookNext(g *wording.Group) []slackapi.Block {
	if g.Open == 1 {
		return doNext(&g.Members[0])
	}
	commands := g.Commands()
	if len(commands) == 0 {
		return nil
	}
	return []slackapi.Block{next("Several at once often have one cause", commands)}
}

// storyLines gives a line to each of the first ones, and counts the rest. It may mark those that are new.
func storyLines(g *wording.Group, stories []wording.Story, most int, mark bool) []string {
	var all []string
	total := 0
	for n := range stories {
		s := &stories[n]
		line := icon(s) + " " + escape(g.Line(s), maxLine)
		if mark && s.Fresh && !s.Ended() && !g.Started() {
			line += " (new)"
		}
		if total += size(line) + 1; n == most || total > maxList {
			return append(all, fmt.Sprintf("*+%d more*", len(stories)-n))
		}
		all = append(all, line)
	}
	return all
}

// endedList tells how long each was dark; those of one length together. All is how many there are.
func endedList(g *wording.Group, ended []wording.Story, all int) []slackapi.Block {
	if len(ended) == 0 {
		return nil
	}
	if len(ended) <= fewEnded && all == len(ended) {
		return []slackapi.Block{section("*Ended:*\n" + strings.Join(storyLines(g, ended, fewEnded, false), "\n"))}
	}
	limit := maxShort
	if g.Over() {
		limit = maxSection
	}
	ended = slices.Clone(ended)
	slices.SortStableFunc(ended, func(x, y wording.Story) int {
		return cmp.Compare(wording.Dark(&y.Change), wording.Dark(&x.Change))
	})
	var text strings.Builder
	text.WriteString("*Ended, by how long each lasted:*")
	before := ""
	for n := range ended {
		part, lasted := ", ", wording.Duration(wording.Dark(&ended[n].Change))
		if lasted != before {
			part = "\n*" + lasted + "* "
		}
		part += escape(wording.Short(&ended[n]), maxLine)
		if size(text.String())+size(part) > limit-maxMore {
			ended = ended[:n]
			break
		}
		text.WriteString(part)
		before = lasted
	}
	if rest := all - len(ended); rest > 0 {
		fmt.Fprintf(&text, "\n*+%d more*", rest)
	}
	return []slackapi.Block{section(text.String())}
}
