package slack

import (
	"fmt"
	"slices"
	"strings"

	slackapi "github.com/slack-go/slack"

	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

// Slack's limits are 150 characters a header, 3000 a section, and about 9500 in all blocks of a message.
const (
	maxText     = 300
	maxHeader   = 140
	maxSection  = 2900
	maxFact     = 700
	maxEvidence = 1200 // characters of a list among the facts
	maxLine     = 300
	maxBrief    = 1500
	maxPicture  = 2000 // characters of the facts about a group
	maxList     = 2000 // characters of a list of incidents
	maxLines    = 20
	maxShort    = 1500 // characters of a list of names; maxSection where nothing is open
	maxContext  = 400
	maxCommands = 1200
	maxSteps    = 2000
	maxWarnings = 800
	maxBlockID  = 255
	maxAddress  = 3000
)

// renderer makes bodies. It keeps nothing between them.
type renderer struct {
	pages   pipeline.Pages
	mention string // Slack's markup
	hook    bool   // for an incoming webhook, where each batch is a message of its own
}

// body makes what is sent of a batch: the picture of the whole group, and where it asks for attention a reply besides.
func (r *renderer) body(n pipeline.Notification) ([]byte, error) {
	g := wording.GroupOf(&n)
	mention := ""
	if g.Paging() && !g.Test {
		mention = r.mention
	}
	var b body
	var m message
	switch s := g.Only(); {
	case len(g.Members) == 0:
		m = message{Text: "No changes"}
	case s != nil:
		m = one(s)
	case r.hook && !g.Started():
		m = batch(g)
	default:
		m = picture(g)
	}
	m.add(r.buttons(g)...)
	m.add(contextBlock(&n, g)) // the key also goes where an incoming webhook, which has no metadata, keeps it
	if r.hook {
		m = m.calling(mention)
	} else {
		b.Mention = mention
		if !g.Started() {
			b.Reply = r.reply(g, g.Call())
		}
	}
	var err error
	if b.Post, err = encode(m); err != nil {
		return nil, err
	}
	return encode(b)
}

// one tells of one incident in full.
func one(s *wording.Story) message {
	m := titled(icon(s) + " " + wording.Headline(s))
	m.add(section(facts(wording.Facts(s), maxSection)))
	m.add(doNext(s)...)
	return m
}

// doNext says what to do about one incident, and what not.
func doNext(s *wording.Story) []slackapi.Block {
	var blocks []slackapi.Block
	if do := wording.Steps(s); len(do) > 0 {
		blocks = append(blocks, steps(wording.Hint(s), do))
	} else if commands := wording.Commands(s); len(commands) > 0 {
		blocks = append(blocks, next(wording.Hint(s), commands))
	}
	if not := wording.Warnings(s); len(not) > 0 {
		blocks = append(blocks, warnings(not))
	}
	return blocks
}

func titled(title string) message {
	m := message{Text: escape(title, maxText)}
	m.add(header(title))
	return m
}

func (m *message) add(blocks ...slackapi.Block) {
	m.Blocks.BlockSet = append(m.Blocks.BlockSet, blocks...)
}

// reply is short, and can be read without the message that it belongs to. Without a call there is none.
func (r *renderer) reply(g *wording.Group, call *wording.Call) *reply {
	if call == nil {
		return nil
	}
	title := callIcon(g, call) + " " + call.Title
	text := "*" + escape(title, maxLine) + "*"
	switch s := g.Only(); {
	case s != nil:
		text += "\n" + facts(wording.Brief(s), maxBrief)
	case len(call.Stories) == 1:
		text += "\n" + facts(wording.Brief(&call.Stories[0]), maxBrief)
	case len(call.Stories) > 0:
		text += "\n" + strings.Join(storyLines(g, call.Stories, maxReply, false), "\n")
	}
	out := &reply{message: message{Text: escape(title, maxText)}, Broadcast: call.Aloud}
	out.add(section(strings.TrimRight(text, "\n")))
	if call.Page && !g.Test {
		out.message = out.calling(r.mention)
	}
	return out
}

const maxReply = 5 // incidents that a reply names

// buttons lead to the pages that are configured.
func (r *renderer) buttons(g *wording.Group) []slackapi.Block {
	if len(g.Members) == 0 {
		return nil
	}
	var all []slackapi.BlockElement
	add := func(id, text, address string) {
		address = wording.Expand(address, &g.Members[0].Change.Incident)
		if address == "" || size(address) > maxAddress {
			return
		}
		label := slackapi.NewTextBlockObject(slackapi.PlainTextType, text, false, false)
		all = append(all, slackapi.NewButtonBlockElement(id, "", label).WithURL(address))
	}
	add("runbook", "Runbook", r.pages.Runbook)
	add("status", "Status page", r.pages.Status)
	if len(all) == 0 {
		return nil
	}
	return []slackapi.Block{slackapi.NewActionBlock("", all...)}
}

func contextBlock(n *pipeline.Notification, g *wording.Group) slackapi.Block {
	var parts []string
	if s := g.Only(); s != nil {
		i := &s.Change.Incident
		parts = append(parts, "Incident "+escape(i.ID, maxContext), "check "+escape(i.Rule, maxContext))
	} else if len(g.Members) > 0 {
		parts = append(parts, fmt.Sprintf("Group %s, %d incidents", escape(n.Group, maxContext), g.Open+g.Ended))
	}
	if name, ok := connectionOf(g.Members); ok {
		parts = append(parts, "connection "+escape(name, maxContext))
	}
	text := strings.Join(append(parts, "mirrorwatch"), " · ")
	return slackapi.NewContextBlock(wording.Plain(n.Key, maxBlockID), mrkdwn(text))
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

func icon(s *wording.Story) string {
	c := &s.Change
	switch {
	case c.Test:
		return "🧪"
	case c.Kind == pipeline.Resolved:
		return "✅"
	case c.Kind == pipeline.Closed:
		return "⚪"
	case c.Incident.Level == pipeline.Critical:
		return "🔴"
	}
	return "🟡"
}

// groupIcon is that of the worst that is open; of a group that is over, that of an end without a recovery, if there is one.
func groupIcon(g *wording.Group) string {
	closed := func(s wording.Story) bool { return s.Change.Kind == pipeline.Closed }
	if at := slices.IndexFunc(g.Members, closed); g.Over() && at >= 0 {
		return icon(&g.Members[at])
	}
	return icon(&g.Members[0])
}

// callIcon is that of what the call is about.
func callIcon(g *wording.Group, call *wording.Call) string {
	if len(call.Stories) > 0 {
		return icon(&call.Stories[0])
	}
	return groupIcon(g)
}
