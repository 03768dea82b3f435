package diagnosis

import (
	"slices"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

const (
	// quietAfter is more than contact lies before an answer on a healthy link: heartbeats come each second (3.0 s old were seen).
	quietAfter = 4 * time.Second
	// settled is how long after a silence began a question tells of the time since: a proof may be that much older than the
	// true last contact.
	settled = 3 * time.Second
	// aboutThen is how long before a link's silence the origin may have stopped answering for both to be one event: it is asked
	// about each 10 s.
	aboutThen = 20 * time.Second
	// retryWithin is the longest that a server waits for its next attempt, in its code.
	retryWithin = 150 * time.Second
	// lately is how old an election may be that explains a wiped stamp.
	lately = time.Minute
)

// pipeline.PathSystem is the path of views that system credentials gave: like a link's own path, it leads through what lies between.

// scene is all that the signs of one incident are read from.
type scene struct {
	now      time.Time
	stream   *pipeline.StreamView
	link     *pipeline.LinkView // nil: the incident is on the whole stream, or its link is gone
	incident *pipeline.Incident
	routes   []pipeline.Trunk
}

func newScene(now time.Time, s *pipeline.StreamView, i *pipeline.Incident, routes []pipeline.Trunk) *scene {
	return &scene{now: now, stream: s, link: s.Link(i.Subject), incident: i, routes: routes}
}

// unseen tells whether nothing is to be had from the stream by which the incident's cause was found. An incident on silence is about
// just that.
func (c *scene) unseen() bool {
	rule := c.incident.Rule
	copying := rule == pipeline.RuleNotCopying || rule == pipeline.RuleLag || rule == pipeline.RuleDiverged
	return c.stream.Blind != "" || copying && c.stream.Fault.Kind != pipeline.FaultNone
}

// quiet tells whether the newest complete sample, told by who knows, shows the link without contact.
func (c *scene) quiet() bool {
	if c.stream.Whole == nil || !c.link.Sample.Reported {
		return false
	}
	return c.link.Sample.Active < 0 || c.stream.Whole.At.Sub(c.link.Since()) > quietAfter
}

// inContact tells whether the newest look saw the stream, and the link in contact.
func (c *scene) inContact() bool {
	return c.stream.Whole != nil && c.stream.Fault.Kind == pipeline.FaultNone && c.link.Sample.Reported && !c.quiet()
}

// sinceSilence tells whether the newest question about the origin told of it, and was asked since the link is silent.
func (c *scene) sinceSilence() bool {
	l := c.link
	return l.Origin != nil && l.Unseen.Kind == pipeline.FaultNone && l.Origin.Asked.After(l.Since().Add(settled))
}

// answers tells whether the origin, asked through the link's own path since the link is silent, is well.
func (c *scene) answers() bool {
	return c.sinceSilence() && c.link.Origin.Path == pipeline.PathOwn && c.link.Origin.Leader != ""
}

// answersElsewhere is the same for one who sees the origin without what lies between.
func (c *scene) answersElsewhere() bool {
	return c.sinceSilence() && elsewhere(c.link.Origin) && c.link.Origin.Leader != ""
}

func elsewhere(v *pipeline.OriginView) bool {
	return v != nil && v.Path != pipeline.PathOwn && v.Path != pipeline.PathSystem && v.Path != ""
}

// lost tells whether questions about the origin end like this since about when the link fell silent.
func (c *scene) lost(kinds ...pipeline.FaultKind) bool {
	l := c.link
	return slices.Contains(kinds, l.Unseen.Kind) && !l.UnseenFor.Before(l.Since().Add(-aboutThen))
}

// unwell tells whether the origin has not been seen since about when the link fell silent, whatever the answer was.
func (c *scene) unwell() bool {
	return c.lost(pipeline.FaultNoResponders, pipeline.FaultNoAnswer, pipeline.FaultAPI, pipeline.FaultOffline, pipeline.FaultMissing,
		pipeline.FaultNonsense)
}

// known tells whether the origin was ever seen, by this process or an earlier one.
func (c *scene) known() bool {
	return c.link.Origin != nil || c.link.Progress.Known()
}

// self is what the stream is called in sentences.
func (c *scene) self() string {
	if c.link != nil && c.link.Subject.Kind == pipeline.KindSource {
		return "the stream"
	}
	return "the mirror"
}

// silence says since when the link is silent.
func (c *scene) silence() string {
	l := c.link
	said := "The link was never proven in contact since it was first seen at " + clock(c.now, l.First) + "."
	if !l.Proof.IsZero() {
		said = "The link was last proven in contact at " + clock(c.now, l.Proof) + "."
	}
	if l.Sample.Active < 0 {
		said += " The server itself tells of no contact at all since it began to count (active is -1)."
	}
	return said
}

// clock writes a time for people, in UTC; with its date where that is another day.
func clock(now, t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	if y, m, d := now.UTC().Date(); t.UTC().Before(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)) && now.Sub(t) > 12*time.Hour {
		return t.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	return t.UTC().Format("15:04:05 UTC")
}

// maxWords bounds a server's words within a sentence.
const maxWords = 200

// words makes others' words fit into a sentence.
func words(text string) string {
	text = strings.TrimRight(strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " "), ".")
	if r := []rune(text); len(r) > maxWords {
		return string(r[:maxWords-1]) + "…"
	}
	return text
}
