package diagnosis

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// This file holds the signs that the origin gives, and what is known of its copying.

// codeNotFound is the server's own error of a link whose origin is not there.
const codeNotFound = 10059

func diverged(c *scene) (pipeline.Sureness, string) {
	d := c.link.Progress.Divergence()
	if d.Kind == "" {
		return "", ""
	}
	said := fmt.Sprintf("At %s the origin ended at sequence %d, and %s stood at %d: it was restored from an older state, or lost data.",
		clock(c.now, d.Since), d.Last, c.self(), d.Position)
	if d.Kind == pipeline.Recreated {
		said = fmt.Sprintf("Another stream has the origin's name: it was created at %s, the one that was copied at %s. When that was found, "+
			"at %s, it ended at sequence %d, and %s stood at %d.", stamp(d.Replaced), stamp(d.Created), clock(c.now, d.Since), d.Last, c.self(), d.Position)
	}
	silent := c.incident.Rule == pipeline.RuleSeen || c.incident.Rule == pipeline.RuleSeenDefault
	if silent && d.Since.Sub(c.link.Since()).Abs() > pipeline.SelfHealing {
		return pipeline.Possible, said // it explains a silence of some seconds when it happens
	}
	return pipeline.Certain, said
}

// stamp writes a time with its date.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

func serverFindsNone(c *scene) (pipeline.Sureness, string) {
	if c.link.Sample.ErrCode != codeNotFound || !c.quiet() || c.answers() {
		return "", ""
	}
	return pipeline.Certain, "The server that copies says of the link: " + words(cmp.Or(c.link.Sample.Error, "stream not found")) + " (10059)."
}

func originNotFound(c *scene) (pipeline.Sureness, string) {
	l := c.link
	if l.Unseen.Kind != pipeline.FaultNotFound || !c.quiet() {
		return "", ""
	}
	asked := "Since " + clock(c.now, l.UnseenFor) + " questions about the origin are answered with: no stream of this name"
	switch {
	case l.Origin != nil:
		return pipeline.Certain, fmt.Sprintf("%s. At %s it was still there and ended at sequence %d.", asked, clock(c.now, l.Origin.At), l.Origin.State.LastSeq)
	case c.known():
		return pipeline.Certain, asked + ". It was seen before."
	}
	return pipeline.Likely, asked + ". It was not seen since the agent started, and nothing is known from before: its name or its API prefix may be wrong."
}

// originTrouble is told apart from a cut by where the answer comes from: another domain's answer came over the link; within one
// domain the answer is our side's, and a cut looks the same to it.
func originTrouble(c *scene) (pipeline.Sureness, string) {
	l := c.link
	if !c.quiet() || !c.lost(pipeline.FaultAPI, pipeline.FaultOffline, pipeline.FaultMissing) {
		return "", ""
	}
	said := "Since " + clock(c.now, l.UnseenFor) + " questions about the origin are answered with: " + words(cmp.Or(l.Unseen.Text, string(l.Unseen.Kind)))
	ill := l.Unseen.Kind != pipeline.FaultAPI || temporarily(l.Unseen.Text) || strings.Contains(strings.ToLower(l.Unseen.Text), "offline")
	switch {
	case !ill:
		return pipeline.Possible, said + "."
	case l.Subject.Via == "" && !c.routesWell():
		return pipeline.Possible, said + ". A cut between the clusters would look the same from here."
	}
	return pipeline.Likely, said + "."
}

func originLeaderless(c *scene) (pipeline.Sureness, string) {
	if !c.quiet() || !c.sinceSilence() || c.link.Origin.Leader != "" {
		return "", ""
	}
	return pipeline.Likely, "The origin was seen since the link is silent, through " + words(c.link.Origin.Path) + ", and has no leader."
}

// originSeenByNobody needs somebody who saw the origin without what lies between, and sees it no more.
func originSeenByNobody(c *scene) (pipeline.Sureness, string) {
	l := c.link
	if !c.quiet() || !elsewhere(l.Origin) || !c.lost(pipeline.FaultNoAnswer, pipeline.FaultNoResponders) {
		return "", ""
	}
	return pipeline.Likely, fmt.Sprintf("Since %s the origin answers neither through the link's own path nor over connection %s, which saw it at %s.",
		clock(c.now, l.UnseenFor), words(l.Origin.Path), clock(c.now, l.Origin.At))
}

// subjectsApart is certain where the subjects were seen to match before. A silent link may have its own trouble all the same.
func subjectsApart(c *scene) (pipeline.Sureness, string) {
	l := c.link
	o := l.Origin
	if !l.Sample.Partial() || o == nil || l.Unseen.Kind != pipeline.FaultNone || o.Feeds(l.Sample.Filter) {
		return "", ""
	}
	said := fmt.Sprintf("The origin takes in %s, and the link copies %s only: nothing new can match.",
		words(strings.Join(o.Subjects, ", ")), words(l.Sample.Filter))
	strayed := l.Progress.Strayed()
	if strayed.IsZero() {
		return pipeline.Likely, said
	}
	said += " It was found at " + clock(c.now, strayed) + "; before, some did."
	if c.quiet() {
		return pipeline.Likely, said
	}
	return pipeline.Certain, said
}

// apiUnreachable is of a link whose consumer cannot be made anew, which shows only when it must be.
func apiUnreachable(c *scene) (pipeline.Sureness, string) {
	l := c.link
	if !c.quiet() || l.Unseen.Kind != pipeline.FaultNoResponders || c.lost(pipeline.FaultNoResponders) {
		return "", ""
	}
	sure := pipeline.Possible
	if l.Origin != nil {
		sure = pipeline.Likely
	}
	return sure, "Since " + clock(c.now, l.UnseenFor) + ", before the link fell silent, nobody listens where questions about the origin go: " +
		"an import or export of its API may be missing, and then its consumer cannot be made anew."
}

func originDenied(c *scene) (pipeline.Sureness, string) {
	if !c.quiet() || !c.lost(pipeline.FaultDenied) {
		return "", ""
	}
	return pipeline.Possible, "Since " + clock(c.now, c.link.UnseenFor) + " the agent may not ask about the origin any more: " +
		words(cmp.Or(c.link.Unseen.Text, "permission denied")) + "."
}
