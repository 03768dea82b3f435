package diagnosis

import "mirrorwatch/pipeline"

// sign is one thing that a view may show, and that speaks for a cause.
type sign struct {
	name   string
	cause  pipeline.Cause
	ofLink bool // it needs the incident's link

	// read says how sure the cause is by this sign alone, and why in a sentence; empty: the view does not show it.
	read func(c *scene) (pipeline.Sureness, string)
}

// signs returns what speaks for each cause, the weightiest first: of equally sure ones, the first names the cause.
func signs() []sign {
	return []sign{
		// The stream itself, as its own servers tell.
		{"stream offline", pipeline.CauseLeaderless, false, streamOffline},
		{"quorum lost", pipeline.CauseLeaderless, false, quorumLost},
		{"no leader found", pipeline.CauseLeaderless, false, noLeader},
		{"meta group without leader", pipeline.CauseLeaderless, false, unavailable},
		{"we may not ask", pipeline.CausePermission, false, streamDenied},

		// The origin is not what it was.
		{"another stream, or an older one", pipeline.CauseRecreated, true, diverged},
		{"the server finds no origin", pipeline.CauseDeleted, true, serverFindsNone},
		{"questions find no origin", pipeline.CauseDeleted, true, originNotFound},

		// In contact, and nothing is stored.
		{"sealed", pipeline.CauseFull, true, sealed},
		{"at its limit", pipeline.CauseFull, true, atLimit},
		{"flow control stalls, says the server", pipeline.CauseFlowControl, true, flowError},

		// Silent: made again and again.
		{"stamp begins anew", pipeline.CauseDelivery, true, sawTooth},

		// Silent: what lies between, as servers report it.
		{"route refused", pipeline.CausePermission, true, routeRefused},
		{"route finds no way", pipeline.CauseRoute, true, routeUnreachable},
		{"route found stale", pipeline.CauseBlackhole, true, routeStale},
		{"route down", pipeline.CauseLinkDown, true, routeDown},
		{"route up, and nothing comes", pipeline.CauseBlackhole, true, routeStands},

		// Silent: the origin, as it answers questions.
		{"origin in trouble", pipeline.CauseOriginDown, true, originTrouble},
		{"origin without leader", pipeline.CauseOriginDown, true, originLeaderless},
		{"origin seen by nobody", pipeline.CauseOriginDown, true, originSeenByNobody},
		{"origin well, seen from elsewhere", pipeline.CauseLinkDown, true, originSeenElsewhere},
		{"nobody listens", pipeline.CauseLinkDown, true, nobodyListens},
		{"questions vanish", pipeline.CauseBlackhole, true, questionsVanish},
		{"questions are not answered", pipeline.CauseLinkDown, true, notAnswered},

		{"subjects do not match", pipeline.CauseReconfigured, true, subjectsApart},
		{"lag rises", pipeline.CauseFull, true, lagRises},
		{"heartbeats without data", pipeline.CauseFlowControl, true, heartbeatsOnly},

		// Silent, and the origin is well.
		{"young silence", pipeline.CauseSelfHealing, true, youngSilence},
		{"next attempt", pipeline.CauseRetry, true, nextAttempt},

		// Weak ones.
		{"no way to the origin's API", pipeline.CausePermission, true, apiUnreachable},
		{"we may not ask about the origin", pipeline.CausePermission, true, originDenied},
		{"who leads does not report the link", pipeline.CauseLeaderless, true, unreported},
		{"cannot be seen", pipeline.CauseNotObservable, false, notSeen},
	}
}
