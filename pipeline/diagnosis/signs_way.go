package diagnosis

import (
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// This file holds the signs of silent links that tell of the way between: how the server's stamp moves, and how the origin
// answers questions.

const (
	// resetsCertain is how many times a server makes its consumer in vain until nothing else explains it.
	resetsCertain = 3
	// sawToothEnd is more than the stamp of a link grows old while the server makes its consumer again and again (20 s, sources).
	sawToothEnd = 45 * time.Second
)

// sawTooth is of a server that makes its consumer with success, and hears nothing from it: had data a way, a heartbeat
// would come within a second.
func sawTooth(c *scene) (pipeline.Sureness, string) {
	l := c.link
	if !c.quiet() || l.Resets == 0 || l.Sample.Active < 0 {
		return "", ""
	}
	times := fmt.Sprintf("%d times", l.Resets)
	if l.Resets == 1 {
		times = "once"
	}
	said := fmt.Sprintf("The server made its consumer on the origin anew %s since contact was last proven, with success, and heard nothing from it: "+
		"questions get through, data does not.", times)
	switch {
	case l.Resets == 1 && (l.Sample.Active <= quietAfter || l.Sample.Active > sawToothEnd):
		return "", "" // contact may be back just now, or the way was cut after it
	case l.Sample.Active > sawToothEnd:
		return pipeline.Possible, said
	case l.Resets >= resetsCertain:
		return pipeline.Certain, said
	}
	return pipeline.Likely, said
}

// originSeenElsewhere does not speak where the origin itself was the trouble: then the server may just not have tried again.
func originSeenElsewhere(c *scene) (pipeline.Sureness, string) {
	if !c.quiet() || !c.answersElsewhere() || c.elected() || c.originBack() || c.selfBack() {
		return "", ""
	}
	return pipeline.Likely, "The origin is well, says connection " + words(c.link.Origin.Path) + ", and the link does not hear of it."
}

// originBack tells whether the origin was the trouble, and is well again.
func (c *scene) originBack() bool {
	switch c.incident.Cause {
	case pipeline.CauseDeleted, pipeline.CauseOriginDown, pipeline.CauseRetry:
		return c.answers() || c.answersElsewhere()
	}
	return false
}

// selfBack tells whether the stream itself was the trouble: its link needs a moment.
func (c *scene) selfBack() bool {
	return c.incident.Cause == pipeline.CauseLeaderless || c.incident.Cause == pipeline.CauseNotObservable
}

func nobodyListens(c *scene) (pipeline.Sureness, string) {
	if !c.quiet() || !c.lost(pipeline.FaultNoResponders) {
		return "", ""
	}
	return pipeline.Likely, "Since " + clock(c.now, c.link.UnseenFor) + " nobody listens where questions about the origin go: " +
		"the servers have lost the way to it, or its JetStream is away."
}

// questionsVanish is of other domains: when a link goes down, its servers know at once that nobody listens there.
func questionsVanish(c *scene) (pipeline.Sureness, string) {
	if c.link.Subject.Via == "" || !c.quiet() || !c.lost(pipeline.FaultNoAnswer) {
		return "", ""
	}
	return pipeline.Possible, "Since " + clock(c.now, c.link.UnseenFor) + " questions about the origin are not answered, " +
		"though the servers still believe that somebody listens there."
}

// notAnswered is likely within one domain, where our own side listens too, and says nothing when it is cut off.
func notAnswered(c *scene) (pipeline.Sureness, string) {
	if !c.quiet() || !c.lost(pipeline.FaultNoAnswer) {
		return "", ""
	}
	sure := pipeline.Likely
	if c.link.Subject.Via != "" {
		sure = pipeline.Possible
	}
	return sure, "Since " + clock(c.now, c.link.UnseenFor) + " questions about the origin through the link's own path are not answered."
}

// elected tells whether the stream's leader changed lately: the new one begins to count anew.
func (c *scene) elected() bool {
	for _, a := range c.stream.Advisories {
		if a.Kind == pipeline.AdvisoryLeader && c.now.Sub(a.At) < lately {
			return true
		}
	}
	return false
}

// youngSilence is of one that servers end by themselves as a rule (52.4 s were measured).
func youngSilence(c *scene) (pipeline.Sureness, string) {
	l := c.link
	young := c.now.Sub(l.Since()) < pipeline.SelfHealing
	switch {
	case !c.quiet() || l.Resets > 0:
	case l.Sample.Active < 0 && c.elected() && !c.unwell():
		return pipeline.Likely, "The stream elected a leader lately, and a new one begins to count anew: it makes its consumer on the origin first."
	case young && c.answers():
		return pipeline.Likely, "The origin answers through the link's own path, and servers mend silences of less than 60 s by themselves; this one began at " +
			clock(c.now, l.Since()) + "."
	}
	return "", ""
}

// nextAttempt is of a way that is well again, or never was the trouble, and a server that has not tried it yet. When the way came back
// is not told; since when this is the incident's cause is.
func nextAttempt(c *scene) (pipeline.Sureness, string) {
	l := c.link
	if !c.quiet() || !c.answers() && !c.originBack() || l.Resets > 0 || c.now.Sub(l.Since()) < pipeline.SelfHealing {
		return "", ""
	}
	through := "through the link's own path"
	if !c.answers() {
		through = "over connection " + words(l.Origin.Path)
	}
	said := "The origin answers " + through + " since the link is silent, and the server has not made its consumer anew: it waits for its " +
		"next attempt, up to about 150 s, which a gateway's return does not bring forward."
	switch cause := c.incident.Cause; {
	case cause == pipeline.CauseRetry && c.now.Sub(c.incident.Changed) > retryWithin:
		return pipeline.Possible, said
	case wayBroke(cause) || cause == pipeline.CauseRetry && c.incident.Sure == pipeline.Likely, c.now.Sub(l.Since()) <= retryWithin:
		return pipeline.Likely, said
	}
	return pipeline.Possible, said
}

// wayBroke tells whether a cause is one after whose end a server may still wait.
func wayBroke(cause pipeline.Cause) bool {
	switch cause {
	case pipeline.CauseLinkDown, pipeline.CauseBlackhole, pipeline.CauseRoute, pipeline.CauseOriginDown, pipeline.CauseDeleted, pipeline.CauseSelfHealing:
		return true
	}
	return false
}
