package wording

import "mirrorwatch/pipeline"

// unseen tells whether the reason is that the stream could not be asked, rather than that its server hears nothing.
func unseen(reason string) bool {
	switch pipeline.FaultKind(reason) {
	case pipeline.FaultNoAnswer, pipeline.FaultNoResponders, pipeline.FaultDisconnected, pipeline.FaultDenied, pipeline.FaultMissing, pipeline.FaultOffline,
		pipeline.FaultNotFound, pipeline.FaultAPI, pipeline.FaultNonsense,
		pipeline.ReasonNoLeader, pipeline.ReasonNeverSeen, pipeline.ReasonUnproven:
		return true
	}
	return false
}

// why explains an open incident's reason. A reason without an explanation stands for itself.
func why(i *pipeline.Incident) string {
	end := otherEnd(i.Subject)
	switch i.Reason {
	case pipeline.ReasonSilent:
		return "no sign of life from the " + end + " is proven, not even its 1 s heartbeats. " +
			"Ignore a small Last Seen: the server resets it each time it retries, even when the " + end + " is dead"
	case pipeline.ReasonServerError:
		return "no sign of life from the " + end + " is proven, and the server reports an error (see Details)"
	case pipeline.ReasonNoContact:
		return "the server has heard nothing from the " + end + " since it started or changed its leader (Last Seen: never)"
	case pipeline.ReasonNoLeader:
		return "the stream has no leader that could report on the link; its quorum may be lost"
	case string(pipeline.FaultNoAnswer):
		return "the stream does not answer questions, while others on this connection may"
	case string(pipeline.FaultNoResponders):
		return "nobody answers where questions about the stream go"
	case string(pipeline.FaultDenied):
		return "the credentials of this connection may not ask about the stream"
	case string(pipeline.FaultMissing):
		return "the stream's leader does not answer its own cluster"
	case string(pipeline.FaultOffline):
		return "the server says that the stream is offline"
	case string(pipeline.FaultNonsense):
		return "the answer about the stream makes no sense"
	case string(pipeline.FaultAPI):
		return "the server answers with an error"
	case pipeline.ReasonNeverSeen:
		return "the stream was named by the server but could not be looked at even once"
	case pipeline.ReasonLag, pipeline.ReasonCommit, pipeline.ReasonLost, pipeline.ReasonMetadata, pipeline.ReasonSkew:
		return "" // the headline says it, and the details say more
	case pipeline.ReasonFewSources, pipeline.ReasonManySources, pipeline.ReasonPeerCount, pipeline.ReasonPeerLag, pipeline.ReasonPeerSeen,
		pipeline.ReasonFewCount, pipeline.ReasonManyCount:
		return ""
	case pipeline.ReasonStalled:
		return "heartbeats of the " + end + " arrive, and it has messages that are not stored here"
	case pipeline.ReasonFlowStalled:
		return "heartbeats of the " + end + " arrive, and the server says that flow control stalls (error 10228)"
	case pipeline.ReasonLagStalled:
		return "heartbeats of the " + end + " arrive, the lag that the server reports grows, and nothing is stored"
	case pipeline.ReasonRecreated:
		return "another stream has the name of the " + end + " now; what was copied is of the one before"
	case pipeline.ReasonRestored:
		return "the " + end + " ends before its copy does: it was restored from an older state, or lost data"
	case pipeline.ReasonNoGroup:
		return "the servers that hold it agree on no leader; its quorum may be lost"
	case pipeline.ReasonOffline:
		return "the server says that the stream is offline"
	case pipeline.ReasonBudget:
		return "the limits ask for more looks a second than looks_per_second allows"
	case pipeline.ReasonUnlisted:
		return "the server answers questions about single streams, but listing all of them fails"
	case pipeline.ReasonBroken, pipeline.ReasonUndelivered, pipeline.ReasonBadConfig:
		return "" // the same
	case pipeline.ReasonUnobserved:
		return "no server answers over this connection"
	}
	return Plain(i.Reason, maxDetail)
}

// meaning says what an open incident puts at risk.
func meaning(i *pipeline.Incident) string {
	switch i.Rule {
	case pipeline.RuleSeen, pipeline.RuleSeenDefault:
		if i.Subject.IsLink() {
			text := "what is published at the " + otherEnd(i.Subject) + " may not be reaching this copy"
			if Failover(i) == "" {
				text += ". Do not fail over to it before contact is back"
			}
			return text
		}
		return "whether it mirrors anything, and whether that works, is not known"
	case pipeline.RuleLag:
		return "a failover now would lose the messages that are not copied yet"
	case pipeline.RuleNotCopying:
		return "what is published at the " + otherEnd(i.Subject) + " is not stored here, though a healthy connection is shown"
	case pipeline.RuleDiverged:
		if i.Subject.Kind == pipeline.KindSource {
			return "it holds messages that its source does not have. Delete nothing before you know where they came from"
		}
		return "nothing new may be copied, and what it holds may be the last copy of it. Delete nothing before you know that"
	case pipeline.RuleLeaderless:
		return "nothing is copied into it until it has a leader"
	case pipeline.RulePolicy:
		return policyMeaning(i)
	case pipeline.RuleUnobserved:
		if i.Reason == pipeline.ReasonUnlisted {
			return "the mirrors that are known are still watched; new ones are not found"
		}
		return "this one incident stands for all mirrors on the connection: any of them may be down without being reported"
	case pipeline.RuleJournal:
		if lost(i.Reason) {
			return "incidents that were open may be told again as new, and changes that were not delivered are gone"
		}
		return "changes are still sent, from memory; those not delivered are lost if mirrorwatch restarts"
	case pipeline.RuleDelivery:
		return "whoever is to hear of trouble through it hears nothing now. What it was to be told is kept, and sent when it can be"
	case pipeline.RuleConfig:
		return "what was changed has no effect, and everything is watched as before. With that file mirrorwatch would not start again"
	}
	return countMeaning(i)
}

// meaningResolved says what an end proves, and what it does not.
func meaningResolved(i *pipeline.Incident) string {
	var well string
	switch {
	case i.Subject.IsLink() && (i.Rule == pipeline.RuleSeen || i.Rule == pipeline.RuleSeenDefault):
		well = "contact is proven again"
	case i.Rule == pipeline.RuleNotCopying:
		well = "messages are stored again"
	case i.Rule == pipeline.RuleDiverged:
		return "the " + otherEnd(i.Subject) + " is again what was copied"
	default:
		return ""
	}
	switch i.Risk.Failover {
	case pipeline.FailoverReady:
		return well + ", and nothing is missing"
	case pipeline.FailoverBehind:
		return well + "; not everything was copied yet"
	case "":
		return well + "; whether everything was copied cannot be told here"
	}
	return well + "; whether everything was copied, Failover says"
}

func otherEnd(s pipeline.Subject) string {
	if s.Kind == pipeline.KindSource {
		return "source"
	}
	return "origin"
}
