package wording

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// Group is what one notification tells: what is new, and the whole picture after it.
type Group struct {
	Labels  map[string]string // what its incidents have in common, as its route groups by
	News    []Story           // the incidents that have changes in the batch, as Stories sorts them
	Members []Story           // the whole group: open ones first, the worst first, then ended ones, the longest dark first
	Open    int
	Ended   int  // more than Members has where there are many
	Test    bool // made up

	at time.Time // newest change of the batch
}

// GroupOf reads a notification. One without members is about its changes alone.
func GroupOf(n *pipeline.Notification) *Group {
	g := &Group{Labels: n.Labels, News: Stories(n.Changes)}
	told := make(map[string]int, len(g.News))
	for k := range g.News {
		c := &g.News[k].Change
		told[c.Incident.ID] = k
		g.Test = g.Test || c.Test
		if c.At.After(g.at) {
			g.at = c.At
		}
	}
	for k := range g.News {
		g.grow(&g.News[k])
	}
	g.Members = append(make([]Story, 0, max(len(g.News), len(n.Members))), g.News...)
	for _, m := range n.Members {
		if _, new := told[m.Incident.ID]; !new {
			s := Story{Change: *m}
			g.grow(&s)
			g.Members = append(g.Members, s)
		}
	}
	slices.SortStableFunc(g.Members, func(x, y Story) int {
		if x.Ended() && y.Ended() {
			return cmp.Or(cmp.Compare(Dark(&y.Change), Dark(&x.Change)), x.compare(&y))
		}
		return x.compare(&y)
	})
	for k := range g.Members {
		if !g.Members[k].Ended() {
			g.Open++
		}
	}
	g.Ended = max(n.Ended, len(g.Members)-g.Open)
	return g
}

// grow tells a silence that goes on as it is by the batch's newest change, so that all of a picture is of one time.
func (g *Group) grow(s *Story) {
	c := &s.Change
	if !s.Ended() && c.Silent > 0 && c.Incident.Flaps == 0 && g.at.After(c.At) {
		c.Silent += g.at.Sub(c.At)
		c.At = g.at
	}
}

// Only returns the group's one incident; nil where it is about several, or none.
func (g *Group) Only() *Story {
	if len(g.Members) != 1 || g.Open+g.Ended != 1 {
		return nil
	}
	return &g.Members[0]
}

// Over tells whether nothing of the group is open.
func (g *Group) Over() bool { return g.Open == 0 }

// Level is the worst level that is open; of a group that is over the worst that was.
func (g *Group) Level() pipeline.Level {
	worst := pipeline.OK
	for k := range g.Members {
		if g.Members[k].Ended() == g.Over() && g.Members[k].Change.Incident.Level.Worse(worst) {
			worst = g.Members[k].Change.Incident.Level
		}
	}
	return worst
}

// Paging tells whether something that is open became critical in the batch.
func (g *Group) Paging() bool {
	return slices.ContainsFunc(g.News, func(s Story) bool { return s.Paged })
}

// Started tells whether the batch is the first that tells of the group.
func (g *Group) Started() bool {
	return len(g.News) == g.Open+g.Ended && !slices.ContainsFunc(g.News, func(s Story) bool { return !s.Fresh })
}

// open and ended are parts of Members.
func (g *Group) open() []Story  { return g.Members[:g.Open] }
func (g *Group) ended() []Story { return g.Members[g.Open:] }

// whole tells whether every incident that ended is among Members.
func (g *Group) whole() bool { return g.Ended == len(g.Members)-g.Open }

// Expand puts an incident's names, escaped, into an address with {rule}, {cause}, {stream} or {connection} in it.
func Expand(address string, i *pipeline.Incident) string {
	return strings.NewReplacer(
		"{rule}", inAddress(i.Rule), "{cause}", inAddress(string(i.Cause)),
		"{stream}", inAddress(i.Subject.Stream), "{connection}", inAddress(i.Subject.Connection),
	).Replace(address)
}

// inAddress escapes for a path and for a query alike.
func inAddress(name string) string {
	return strings.ReplaceAll(url.QueryEscape(strings.ToValidUTF8(name, "\uFFFD")), "+", "%20")
}
