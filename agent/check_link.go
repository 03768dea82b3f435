package agent

import (
	"fmt"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// checkedLink is a link with the words behind its reason. A critical link has been silent at least for as long as it says.
type checkedLink struct {
	LinkState
	Detail string `json:"detail"`
}

// checkedLinks returns every link on the board, the worst first, each with what its open incidents tell.
func checkedLinks(board *pipeline.Board, now time.Time) []checkedLink {
	incidents := board.Incidents()
	links := []checkedLink{}
	for _, l := range linksOf(board, now) {
		c := checkedLink{LinkState: l}
		for i := range incidents {
			c.explain(&incidents[i], now)
		}
		links = append(links, c)
	}
	slices.SortStableFunc(links, func(a, b checkedLink) int {
		switch {
		case a.Status.Worse(b.Status):
			return -1
		case b.Status.Worse(a.Status):
			return 1
		}
		return 0
	})
	return links
}

// explain takes in an incident if it is about the link, or about its stream.
func (c *checkedLink) explain(i *pipeline.Incident, now time.Time) {
	about := identityOf(i.Subject)
	stream := Identity{Connection: c.Connection, Account: c.Account, Domain: c.Domain, Stream: c.Stream}
	link := about == c.Identity
	if !link && about != stream {
		return
	}
	if link && c.Silent == nil && !i.Since.IsZero() {
		c.Silent = new(seconds(max(0, now.Sub(i.Since))))
	}
	if i.Reason == c.Reason {
		c.Detail = i.Detail
	}
}

// checkLine tells one link to a person.
func checkLine(l *checkedLink) string {
	where := l.Connection
	if l.Account != "" {
		where += "/" + l.Account
	}
	text := fmt.Sprintf("%-8s  %s/%s  %s of %s: ", l.Status, where, l.Stream, l.Kind, l.Origin)
	lag := "; the server reports lag %d"
	switch {
	case l.Proof != nil:
		text += fmt.Sprintf("contact proven %.1fs ago", *l.Silent)
		lag = ", reported lag %d"
	case l.Silent != nil:
		text += fmt.Sprintf("no contact for at least %.1fs", *l.Silent)
		lag = "; the server still reports lag %d"
	default:
		text += "contact not proven"
	}
	if l.Limit != nil {
		text += fmt.Sprintf(", limit %gs", *l.Limit)
	} else {
		text += ", no limit set"
	}
	if l.Lag != nil {
		text += fmt.Sprintf(lag, *l.Lag)
	}
	if l.Failover == pipeline.FailoverBehind && l.AtRisk != nil {
		text += fmt.Sprintf(", %d messages behind its origin", *l.AtRisk)
	}
	news := l.news()
	switch {
	case news != "" && l.Detail != "":
		news += ": " + l.Detail
	case news == "":
		news = l.Detail
	}
	if news != "" {
		text += "; " + news
	}
	return text
}

// news is what the link's reason adds to the words on its contact.
func (c *checkedLink) news() string {
	switch c.Reason {
	case pipeline.ReasonSilent, pipeline.ReasonUnproven:
		return ""
	case pipeline.ReasonServerError:
		return "the server reports an error"
	}
	return c.Reason
}
