package diagnosis

import (
	"cmp"
	"fmt"

	"mirrorwatch/pipeline"
)

// This file holds the signs of links in contact that copy nothing, or too little.

// codeFlowControl is the server's own error of a link whose flow control stalls.
const codeFlowControl = 10228

// behind tells whether the link is in contact and does not keep up.
func behind(c *scene) bool {
	rule := c.incident.Rule
	return c.inContact() && (rule == pipeline.RuleNotCopying || rule == pipeline.RuleLag || c.link.Progress.Stall().Kind != pipeline.StallNone)
}

func sealed(c *scene) (pipeline.Sureness, string) {
	if !behind(c) || !c.stream.Whole.Bounds.Sealed {
		return "", ""
	}
	return pipeline.Certain, fmt.Sprintf("The stream is sealed at sequence %d: nothing can be stored any more.", c.stream.Whole.State.LastSeq)
}

// atLimit reads the bounds that make a stream refuse what is new.
func atLimit(c *scene) (pipeline.Sureness, string) {
	if !behind(c) || !c.stream.Whole.Bounds.DiscardNew {
		return "", ""
	}
	b, s := &c.stream.Whole.Bounds, &c.stream.Whole.State
	sure := pipeline.Likely
	if c.link.Progress.Stall().Kind != pipeline.StallNone {
		sure = pipeline.Certain
	}
	if b.Messages > 0 && s.Messages >= uint64(b.Messages) {
		return sure, fmt.Sprintf("The stream holds %d of at most %d messages, and refuses new ones (discard: new).", s.Messages, b.Messages)
	}
	if b.Bytes > 0 && bytesFull(s, uint64(b.Bytes)) {
		if s.Bytes < uint64(b.Bytes)/100*99 {
			sure = pipeline.Likely
		}
		return sure, fmt.Sprintf("The stream holds %d of at most %d bytes, and refuses what does not fit (discard: new).", s.Bytes, b.Bytes)
	}
	return "", ""
}

// bytesFull tells whether a stream is so close to its limit that the next message may not fit: within a twentieth, or two
// messages of the middle size.
func bytesFull(s *pipeline.StreamState, limit uint64) bool {
	if s.Bytes >= limit {
		return true
	}
	room := limit - s.Bytes
	return room < limit/20 || s.Messages > 0 && room/2 < s.Bytes/s.Messages
}

func flowError(c *scene) (pipeline.Sureness, string) {
	l := &c.link.Sample
	stall := c.link.Progress.Stall()
	switch {
	case l.Reported && l.ErrCode == codeFlowControl:
		return pipeline.Certain, "The server that copies says of the link: " + words(cmp.Or(l.Error, "flow control stalled")) + " (10228)."
	case stall.Kind == pipeline.StallFlow && c.inContact():
		return pipeline.Certain, "At " + clock(c.now, stall.Since) + " the server that copies said that flow control stalls (10228), and nothing was copied since."
	}
	return "", ""
}

// heartbeatsOnly is of a link that hears its origin and copies nothing. Two faults of servers look the same: a consumer that is
// stuck, and flow control on servers before 2.15.2, which do not tell.
func heartbeatsOnly(c *scene) (pipeline.Sureness, string) {
	stall := c.link.Progress.Stall()
	if stall.Kind != pipeline.StallOrigin || !c.inContact() || c.link.Sample.Active > quietAfter || c.link.Progress.Divergence().Kind != "" ||
		c.minority() {
		return "", ""
	}
	missing, _ := c.link.Progress.Missing()
	at, _ := c.link.Progress.Position()
	return pipeline.Possible, fmt.Sprintf("Since %s heartbeats come and data does not: %s stands at sequence %d, and the origin has %d messages more.",
		clock(c.now, stall.Since), c.self(), at, missing)
}

// minority tells whether the leader hears of fewer members of its group than it needs.
func (c *scene) minority() bool {
	lost := 0
	for _, p := range c.stream.Whole.Peers {
		if p.Offline || p.Active > quietAfter {
			lost++
		}
	}
	return 2*lost > len(c.stream.Whole.Peers)
}

// lagRises is of a link that is told of new data and stores none: limits of the account or the server show like that.
func lagRises(c *scene) (pipeline.Sureness, string) {
	stall := c.link.Progress.Stall()
	if !c.link.Progress.Shows(pipeline.StallLag) || !c.inContact() {
		return "", ""
	}
	at, _ := c.link.Progress.Position()
	return pipeline.Possible, fmt.Sprintf("Since %s the reported lag rises (it is %d) while %s stands at sequence %d: data comes and is not stored, "+
		"as where a storage limit of the account or the server is reached.", clock(c.now, stall.Since), c.link.Sample.Lag, c.self(), at)
}
