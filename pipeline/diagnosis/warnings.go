package diagnosis

import (
	"fmt"

	"mirrorwatch/pipeline"
)

// warnings is what not to do about a cause, where it would do harm.
func warnings(c *scene, cause pipeline.Cause) (all []string) {
	add := func(says string) {
		if says != "" {
			all = append(all, says)
		}
	}
	switch cause {
	case pipeline.CauseDeleted:
		add(lastCopy(c))
		add(wipes(c, cause))
	case pipeline.CauseRecreated:
		add("Do not fail over to " + c.self() + ": its sequences are not the origin's, so consumers would skip or repeat messages.")
		add(lastCopy(c))
	case pipeline.CauseReconfigured:
		add(lastCopy(c))
	case pipeline.CauseFull:
		add("Do not purge " + c.self() + " to make room before it is known that the origin still has what is purged.")
	case pipeline.CauseLeaderless:
		add("Do not remove peers that may come back: with them the stream may lose its last complete copy.")
	case pipeline.CauseLinkDown, pipeline.CauseBlackhole, pipeline.CauseDelivery, pipeline.CauseRoute, pipeline.CauseOriginDown,
		pipeline.CausePermission, pipeline.CauseRetry, pipeline.CauseSelfHealing, pipeline.CauseFlowControl, pipeline.CauseUnknown:
		add(wipes(c, cause))
	}
	return all
}

// wipes warns while the server still holds something that a new leader would not know. Where the way is well, a new leader is one of
// the steps.
func wipes(c *scene, cause pipeline.Cause) string {
	if c.link == nil || !c.link.Sample.Reported || c.link.Sample.Active < 0 {
		return ""
	}
	if !c.quiet() || cause == pipeline.CauseRetry {
		return "A step-down or restart of the stream's leader wipes the evidence (active, error): save nats stream info first."
	}
	says := "Do not step down or restart the stream's leader: it wipes the evidence (active, error) and, while nothing comes through, " +
		"the server's own “last seen” for good."
	if !c.link.Proof.IsZero() {
		says += " The agent keeps it: " + clock(c.now, c.link.Proof) + "."
	}
	return says
}

// lastCopy is for streams that hold something.
func lastCopy(c *scene) string {
	if w := c.stream.Whole; w != nil && w.State.Messages == 0 {
		return ""
	}
	says := "Do not delete, re-create or purge " + c.self() + " before it is saved: it may be the last copy"
	if w := c.stream.Whole; w != nil {
		says += fmt.Sprintf(" of %d messages (sequences %d to %d)", w.State.Messages, w.State.FirstSeq, w.State.LastSeq)
	}
	return says + "."
}
