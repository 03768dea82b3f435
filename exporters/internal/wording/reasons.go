package wording

import (
	"strings"

	"mirrorwatch/pipeline"
)

// unseen tells whether the reason is that the stream could not be asked, rather than that its server hears nothing.
func unseen(reason string) bool {
	switch reason {
	case "no answer", "disconnected", "permission denied", "missing", "offline", "not found", "API error", "unreadable answer",
		"no leader reports the link", "never seen", "not proven yet":
		return true
	}
	return false
}

// why explains an open incident's reason. A reason without an explanation stands for itself.
func why(i *pipeline.Incident) string {
	end := otherEnd(i.Subject)
	switch i.Reason {
	case "silent":
		return "no sign of life from the " + end + " is proven, not even its 1 s heartbeats. " +
			"A small Last Seen is no proof: the server resets it whenever it creates its consumer anew"
	case "silent, and the server reports an error":
		return "no sign of life from the " + end + " is proven, and the server reports an error"
	case "no contact since the server began to count":
		return "the server has heard nothing from the " + end + " since it started or changed its leader (Last Seen: never)"
	case "no leader reports the link":
		return "the stream has no leader that could report on the link; its quorum may be lost"
	case "no answer":
		return "the stream does not answer questions, while others on this connection may"
	case "permission denied":
		return "the credentials of this connection may not ask about the stream"
	case "missing":
		return "the stream's leader does not answer its own cluster"
	case "offline":
		return "the server says that the stream is offline"
	case "unreadable answer":
		return "the answer about the stream makes no sense"
	case "API error":
		return "the server answers with an error"
	case "never seen":
		return "the stream was named by the server but could not be looked at even once"
	case "metadata not understood":
		return "the value is not understood or cannot be met, so the check that it asks for does not run as written"
	case "limits cannot be proven within looks_per_second":
		return "the limits ask for more looks a second than looks_per_second allows"
	case "nothing can be seen over this connection":
		return "no server answers over this connection"
	}
	return Plain(i.Reason, maxDetail)
}

// meaning says what an open incident puts at risk.
func meaning(i *pipeline.Incident) string {
	switch i.Rule {
	case ruleSeen, ruleSeenDefault:
		if i.Subject.IsLink() {
			return "what is published at the " + otherEnd(i.Subject) + " may not be reaching this copy. Do not fail over to it before contact is back"
		}
		return "whether it mirrors anything, and whether that works, is not known"
	case ruleLag:
		return "a failover now would lose the messages that are not copied yet"
	case ruleUnobserved:
		return "this one incident stands for all mirrors on the connection: any of them may be down without being reported"
	case ruleJournal:
		if lost(i.Reason) {
			return "incidents that were open may be told again as new, and changes that were not delivered are gone"
		}
		return "changes are still sent, from memory; those not delivered are lost if mirrorwatch restarts"
	}
	return ""
}

// whyClosed explains why watching ended.
func whyClosed(reason string) string {
	switch {
	case strings.Contains(reason, "deleted"):
		return Plain(reason, maxDetail) + ": the server says that it does not exist any more"
	case strings.Contains(reason, "promoted"):
		return "promoted: it is a mirror no longer, and takes writes itself"
	case strings.Contains(reason, "disabled"):
		return Plain(reason, maxDetail) + ": its metadata has " + pipeline.MetadataPrefix + "enabled=false"
	case strings.Contains(reason, "limit"):
		return Plain(reason, maxDetail) + ": its limit is not in force any more"
	}
	return Plain(reason, maxDetail)
}

// meaningClosed says what the end of watching does not tell.
func meaningClosed(reason string) string {
	if strings.Contains(reason, "limit changed") {
		return "it is within the new limit, but nothing new has proven it well"
	}
	return "this is no recovery: nothing proved it well, and this check watches it no longer"
}

func otherEnd(s pipeline.Subject) string {
	if s.Kind == pipeline.KindSource {
		return "source"
	}
	return "origin"
}
