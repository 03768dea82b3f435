package wording

import (
	"fmt"
	"strings"

	"mirrorwatch/pipeline"
)

// Call is what of a batch asks for attention beside the picture: a short message, complete in itself.
type Call struct {
	Title   string
	Stories []Story // that it is about; none where the title says all
	Aloud   bool    // everybody is to hear of it, not only who follows the group already
	Page    bool    // something became critical
}

// Call tells what asks for attention when the group was told of before; nil: the picture is enough.
func (g *Group) Call() *Call {
	if g.Over() {
		return &Call{Title: g.Title()}
	}
	pages, fresh, late, reminded := g.news(func(s *Story) bool { return s.Paged }),
		g.news(func(s *Story) bool { return s.Fresh && !s.Paged && !s.Ended() }),
		g.news(func(s *Story) bool { return s.Late }),
		g.news(func(s *Story) bool { return s.Change.Kind == pipeline.Reminded })
	lost := g.news(func(s *Story) bool { return s.Change.Kind == pipeline.Closed && Severity(s) == unwatched })
	switch {
	case len(pages) > 0:
		return &Call{Title: g.pageTitle(pages), Stories: pages, Aloud: true, Page: true}
	case len(reminded) > 0:
		return &Call{Title: g.Title(), Stories: reminded, Aloud: true}
	case len(fresh) > 0:
		title := g.Title()
		if len(fresh) < g.Open {
			title = g.spreadTitle("WARNING", fresh)
		}
		return &Call{Title: title, Stories: fresh}
	case len(late) > 0:
		return &Call{Title: g.marked(fmt.Sprintf("TOLD LATE: %s opened and ended before this could be told", countOf(len(late), "incident"))) + g.openNow(), Stories: late}
	case len(lost) == 1:
		return &Call{Title: Headline(&lost[0]) + g.openNow(), Stories: lost}
	case len(lost) > 1:
		title := fmt.Sprintf("%s: %s ended (this is not a recovery)", unwatched, countOf(len(lost), "incident"))
		return &Call{Title: g.marked(title) + g.openNow(), Stories: lost}
	}
	return nil
}

// pageTitle tells of incidents that became critical: by opening, by growing worse, or both.
func (g *Group) pageTitle(pages []Story) string {
	if s := g.Only(); s != nil {
		return Headline(s)
	}
	var fresh, worse []Story
	for _, s := range pages {
		if s.Fresh {
			fresh = append(fresh, s)
		} else {
			worse = append(worse, s)
		}
	}
	switch {
	case len(fresh) == 0 && len(worse) == 1:
		return Headline(&worse[0])
	case len(fresh) == 0:
		return g.marked("CRITICAL (was warning): " + symptoms(worse) + place(worse))
	case len(pages) == g.Open:
		return g.Title()
	}
	text := g.spreadTitle(alarm(&fresh[0].Change.Incident), fresh)
	if len(worse) > 0 {
		text += fmt.Sprintf("; %s from warning to critical", Count(float64(len(worse))))
	}
	return text
}

// spreadTitle is "CRITICAL, spreading: 12 more mirrors have no contact with their origins …: 412 open".
func (g *Group) spreadTitle(tag string, fresh []Story) string {
	text := fmt.Sprintf("%s, spreading: %s more %s%s", tag, Count(float64(len(fresh))), troubled(fresh), place(fresh))
	if len(fresh) == 1 {
		text = tag + ", spreading: " + symptom(&fresh[0].Change) + causeTail(&fresh[0].Change)
	}
	return g.marked(text) + g.openNow()
}

func (g *Group) openNow() string { return fmt.Sprintf("; %s open now", Count(float64(g.Open))) }

func (g *Group) news(that func(*Story) bool) []Story {
	var all []Story
	for k := range g.News {
		if that(&g.News[k]) {
			all = append(all, g.News[k])
		}
	}
	return all
}

// Brings says what is new in the batch: "12 opened, 3 grew worse, 40 resolved".
func (g *Group) Brings() string {
	order := []string{
		"opened", "grew worse", "reminded of", "came and went, told late", "resolved", "ended without a recovery",
		"eased", "with a cause found", "updated",
	}
	counts := map[string]int{}
	for k := range g.News {
		counts[newsOf(&g.News[k])]++
	}
	var parts []string
	for _, word := range order {
		if n := counts[word]; n > 0 {
			parts = append(parts, Count(float64(n))+" "+word)
		}
	}
	return strings.Join(parts, ", ")
}

func newsOf(s *Story) string {
	switch kind := s.Change.Kind; {
	case s.Late:
		return "came and went, told late"
	case kind == pipeline.Resolved:
		return "resolved"
	case kind == pipeline.Closed:
		return "ended without a recovery"
	case s.Fresh:
		return "opened"
	case s.Paged || kind == pipeline.Escalated:
		return "grew worse"
	case kind == pipeline.Reminded:
		return "reminded of"
	case kind == pipeline.Eased:
		return "eased"
	case found(&s.Change):
		return "with a cause found"
	}
	return "updated"
}

func countOf(n int, noun string) string { return counted(float64(n), noun) }
