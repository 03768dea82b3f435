package wording

import (
	"fmt"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

const testTag = "TEST, nothing is broken: "

// Title is the one line that a phone shows of a group: "CRITICAL: 400 mirrors have no contact with their origins via
// $JS.hub.API (connection dr)".
func (g *Group) Title() string {
	if s := g.Only(); s != nil {
		return Headline(s)
	}
	if len(g.Members) == 0 {
		return "No changes"
	}
	if g.Over() {
		return g.marked(g.overTitle())
	}
	return g.marked(g.openTitle())
}

// marked says first of all that a group is made up.
func (g *Group) marked(title string) string {
	if g.Test {
		return testTag + title
	}
	return title
}

// openTitle speaks of what is open; what ended is counted after it.
func (g *Group) openTitle() string {
	tag := g.openTag()
	if _, since := silentSince(g.open()); !since.IsZero() && strings.HasPrefix(tag, "STILL") {
		tag += " after " + Duration(g.at.Sub(since))
	}
	text := tag + ": " + symptoms(g.open()) + levels(g.open()) + place(g.open()) + causesTail(g.open()) + flapping(g.open())
	if g.Open == 1 {
		s := g.Members[0]
		s.Change.Test = false
		text = Headline(&s)
	}
	if g.Ended > 0 {
		text += fmt.Sprintf("; %s %s", Count(float64(g.Ended)), g.howEnded())
	}
	return text
}

// openTag is how bad the worst is; STILL where a batch only reminds of it.
func (g *Group) openTag() string {
	tag := strings.ToUpper(g.Level().String())
	if familyOf(g.open()) != "" {
		tag = alarm(&g.Members[0].Change.Incident)
	}
	reminds := false
	for k := range g.News {
		switch s := &g.News[k]; {
		case s.Paged:
			return tag
		case s.Change.Kind == pipeline.Reminded:
			reminds = true
		}
	}
	if reminds {
		return "STILL " + tag
	}
	return tag
}

// overTitle speaks of a group of which nothing is open any more.
func (g *Group) overTitle() string {
	ended := g.ended()
	closed, tag := 0, ""
	for k := range ended {
		if ended[k].Change.Kind != pipeline.Closed {
			continue
		}
		closed++
		if word := Severity(&ended[k]); tag == "" || tag == word {
			tag = word
		} else {
			tag = "NO LONGER OPEN"
		}
	}
	all := Count(float64(g.Ended))
	switch {
	case closed == 0 && g.whole():
		return fmt.Sprintf("RESOLVED: all %s, %s%s", reliefs(ended), g.darkness(), where(ended))
	case closed == 0: // then the others were resolved too
		return fmt.Sprintf("RESOLVED: all %s incidents: %s, %s%s", all, reliefOfAll(ended), g.darkness(), where(ended))
	case closed == g.Ended:
		return fmt.Sprintf("%s: %s incidents%s%s (this is not a recovery)", tag, all, closedFor(ended), where(ended))
	case g.whole():
		return fmt.Sprintf("ALL ENDED: %d resolved, %d without a recovery, %s%s", g.Ended-closed, closed, g.darkness(), where(ended))
	}
	atLeast := ""
	if closed == len(ended) {
		atLeast = "at least "
	}
	return fmt.Sprintf("ALL ENDED: %s incidents, %s%d without a recovery, %s%s", all, atLeast, closed, g.darkness(), where(ended))
}

// reliefOfAll is what is true of a group that was proven well, of which the ends at hand are some.
func reliefOfAll(ended []Story) string {
	if things := noun(ended); familyOf(ended) == pipeline.RuleSeen && things != "streams" {
		return "the " + things + " are in contact again"
	}
	return "nothing is open any more"
}

// howEnded is "resolved" where every end is one with proof: those without come first (pipeline.Notification).
func (g *Group) howEnded() string {
	for _, s := range g.ended() {
		if s.Change.Kind == pipeline.Closed {
			return "ended"
		}
	}
	return "resolved"
}

// closedFor is the reason that all ends share.
func closedFor(ended []Story) string {
	reason := ended[0].Change.Incident.Reason
	for k := range ended {
		if ended[k].Change.Incident.Reason != reason {
			return ""
		}
	}
	return ": " + Plain(reason, maxName)
}

// darkness is "dark for 3m to 12m". The shortest is not known where not all ended ones are.
func (g *Group) darkness() string {
	ended := g.ended()
	word := "dark for "
	if familyOf(ended) != pipeline.RuleSeen || noun(ended) == "streams" {
		word = "lasting "
	}
	short, long := span(ended)
	switch {
	case !g.whole():
		return word + "up to " + Duration(long)
	case Duration(short) == Duration(long):
		return word + Duration(long)
	}
	return word + Duration(short) + " to " + Duration(long)
}

func span(stories []Story) (short, long time.Duration) {
	for k := range stories {
		dark := Dark(&stories[k].Change)
		if k == 0 || dark < short {
			short = dark
		}
		long = max(long, dark)
	}
	return short, long
}

// levels is " (16 critical, 4 warning)" where there are several.
func levels(stories []Story) string {
	counts := map[pipeline.Level]int{}
	for k := range stories {
		counts[stories[k].Change.Incident.Level]++
	}
	if len(counts) < 2 {
		return ""
	}
	var parts []string
	for _, level := range []pipeline.Level{pipeline.Critical, pipeline.Unknown, pipeline.Warning, pipeline.OK} {
		if n := counts[level]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, level))
		}
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// where is place, its way after a comma.
func where(stories []Story) string {
	text := place(stories)
	if strings.HasPrefix(text, " via") {
		return "," + text
	}
	return text
}

// place is what the subjects have in common: " via $JS.hub.API (connection dr)".
func place(stories []Story) string {
	first := stories[0].Change.Incident.Subject
	connections, via := map[string]bool{}, first.Via
	for k := range stories {
		s := stories[k].Change.Incident.Subject
		if s.Stream == "" {
			return ""
		}
		connections[s.Connection] = true
		if s.Via != via {
			via = ""
		}
	}
	text := ""
	if via != "" {
		text = " via " + Plain(via, maxName)
	}
	if len(connections) > 1 {
		return fmt.Sprintf("%s (%d connections)", text, len(connections))
	}
	return text + " (connection " + Plain(first.Connection, maxName) + ")"
}

// causesTail ends a title with the cause that all share, where it is likely.
func causesTail(stories []Story) string {
	common := commonCause(stories)
	if common == nil {
		return ""
	}
	c := pipeline.Change{Kind: pipeline.Opened, Incident: *common}
	return causeTail(&c)
}

// flapping is "; 3 of them come and go".
func flapping(stories []Story) string {
	n := 0
	for k := range stories {
		if stories[k].Change.Incident.Flaps > 0 {
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case len(stories):
		return "; they come and go"
	}
	return fmt.Sprintf("; %d of them come and go", n)
}
