package diagnosis

import (
	"cmp"
	"strings"

	"mirrorwatch/pipeline"
)

// This file holds the signs that the stream itself gives.

func streamOffline(c *scene) (pipeline.Sureness, string) {
	if c.stream.Fault.Kind != pipeline.FaultOffline {
		return "", ""
	}
	return pipeline.Certain, "The server says that the stream is offline: " + words(cmp.Or(c.stream.Fault.Text, "all its servers are away")) + "."
}

// quorumLost speaks until somebody is elected, or a look finds a leader.
func quorumLost(c *scene) (pipeline.Sureness, string) {
	if c.stream.Leaderless.IsZero() && !headless(c) {
		return "", ""
	}
	for n := len(c.stream.Advisories) - 1; n >= 0; n-- {
		switch a := &c.stream.Advisories[n]; a.Kind {
		case pipeline.AdvisoryLeader:
			return "", ""
		case pipeline.AdvisoryQuorum:
			if a.At.Before(c.incident.Opened.Add(-retryWithin)) {
				return "", "" // of an earlier time
			}
			return pipeline.Certain, "The stream's group lost its quorum, its server told at " + clock(c.now, a.At) + "."
		}
	}
	return "", ""
}

// headless tells whether the newest look that saw the stream found no leader.
func headless(c *scene) bool { return c.stream.Whole != nil && c.stream.Whole.Leader == "" }

func noLeader(c *scene) (pipeline.Sureness, string) {
	since := c.stream.Leaderless
	switch {
	case c.stream.Fault.Kind == pipeline.FaultOffline || since.IsZero() && !headless(c):
		return "", ""
	case since.IsZero():
		since = c.stream.Whole.At
	}
	return pipeline.Likely, "Since " + clock(c.now, since) + " looks find the stream without a leader."
}

func unavailable(c *scene) (pipeline.Sureness, string) {
	if c.stream.Fault.Kind != pipeline.FaultAPI || !temporarily(c.stream.Fault.Text) {
		return "", ""
	}
	return pipeline.Likely, "Asked about the stream, a server answers that JetStream is temporarily unavailable (10008): " +
		"neither the stream nor the meta group has a leader."
}

// temporarily tells whether words are those of a server whose meta group has no leader.
func temporarily(text string) bool {
	return strings.Contains(text, "10008") || strings.Contains(strings.ToLower(text), "temporarily unavailable")
}

func unreported(c *scene) (pipeline.Sureness, string) {
	if c.stream.Whole == nil || c.stream.Whole.Leader == "" || c.link.Sample.Reported {
		return "", ""
	}
	return pipeline.Possible, "Who answers for the stream, under leader " + words(c.stream.Whole.Leader) + ", does not report the link: it does not lead."
}

func streamDenied(c *scene) (pipeline.Sureness, string) {
	if c.stream.Fault.Kind != pipeline.FaultDenied {
		return "", ""
	}
	return pipeline.Certain, "The agent may not ask about the stream: " + words(cmp.Or(c.stream.Fault.Text, "permission denied")) + "."
}

// notSeen speaks weakly where the link was silent already while the stream could be seen.
func notSeen(c *scene) (pipeline.Sureness, string) {
	sure := pipeline.Certain
	switch {
	case c.link != nil && c.quiet():
		sure = pipeline.Possible
	case !c.stream.Leaderless.IsZero():
		sure = pipeline.Likely
	}
	fault := &c.stream.Fault
	switch fault.Kind {
	case pipeline.FaultNone:
	case pipeline.FaultOffline, pipeline.FaultDenied:
		return "", "" // say more by themselves
	case pipeline.FaultNotFound:
		return sure, "The server says that there is no stream of this name."
	default:
		return sure, "Looks at the stream see nothing: " + words(fault.String()) + "."
	}
	switch {
	case c.stream.Blind != "":
		return pipeline.Certain, "Nothing can be seen over the connection: " + words(c.stream.Blind) + "."
	case c.stream.Whole == nil:
		return sure, "The stream was not seen since the agent knows of it, " + clock(c.now, c.stream.First) + "."
	}
	return "", ""
}
