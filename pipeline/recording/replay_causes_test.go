package recording_test

import (
	"time"

	"mirrorwatch/pipeline"
)

// promotion stands for the phase in which a trouble ends that is none: the mirror is a mirror no longer.
const promotion = "promoted"

// troubles tells what each recording leads to. Nothing else is to be told of it.
//
// The views were taken beside the origin, over a connection of its own: while the mirror's link is cut they go on. So a
// cut, a blackhole and a server that waits before it tries again look alike from here, and any of those names is right.
func troubles() map[string][]trouble {
	const s = time.Second
	way := []pipeline.Cause{pipeline.CauseLinkDown, pipeline.CauseBlackhole, pipeline.CauseRetry}
	blocked := []pipeline.Cause{pipeline.CauseDelivery}
	back := []pipeline.Cause{pipeline.CauseNotObservable, pipeline.CauseSelfHealing, pipeline.CauseRetry, pipeline.CauseLinkDown}
	silent := func(begins, ends string, causes []pipeline.Cause) trouble {
		return trouble{rule: pipeline.RuleSeen, begins: begins, from: 24 * s, by: 32 * s, causes: causes, ends: ends}
	}
	of := func(origin string, t trouble) trouble {
		t.origin = origin
		return t
	}
	return map[string][]trouble{
		// Harmless, all along.
		"A-idle":            nil,
		"A-purge":           nil,
		"A-startseq-filter": nil,
		"B-srcstepdown":     nil,
		"B-stepdown-linkup": nil,
		"A-promote":         {{rule: pipeline.RuleSeen, ends: promotion}},

		// The silent deaths: heartbeats come, data does not.
		"A-mirrorfull": {{
			rule: pipeline.RuleNotCopying, begins: "fills", by: 30 * s, lacks: true, causes: []pipeline.Cause{pipeline.CauseFull},
		}},
		"C-fc-import-load": {{
			rule: pipeline.RuleNotCopying, begins: "removed-fc-import", by: 30 * s, lacks: true,
			causes: []pipeline.Cause{pipeline.CauseFlowControl}, ends: "restored", within: 12 * s,
		}},
		"A-srcrecreate-fast": {{
			rule: pipeline.RuleDiverged, begins: "recreated", by: 30 * s, causes: []pipeline.Cause{pipeline.CauseRecreated},
		}},

		// The origin is away.
		"A-nosuch": {{
			rule: pipeline.RuleSeen, begins: "nosuch-linkup", from: 29 * s, by: 36 * s, ends: "created-at-last",
			causes: []pipeline.Cause{pipeline.CauseDeleted, pipeline.CauseRetry},
		}},

		// The way is blocked for data, and open for questions.
		"A-leafperm2":       {silent("deny-deliver+blip", "back", blocked)},
		"C-deliver-import":  {silent("removed-deliver-import", "restored", blocked)},
		"CE-deliver-import": {silent("removed-deliver-import", "restored", blocked)},

		// There is no way.
		"A-backlog":                 {silent("cut-midway", "restored", way)},
		"A-blackhole":               {silent("fault", "restoring", way)},
		"A-cut":                     {silent("fault", "restoring", way)},
		"A-cut-short15s":            {silent("fault", "restoring", way)},
		"A-mirror-restart-linkdown": {silent("cut", "restored", way)},
		"B-stepdown-linkdown":       {silent("cut", "restored", way)},
		"BE-cut":                    {silent("cut", "restored", way)},
		"E-cut":                     {of("S1", silent("fault", "restoring", way)), of("S2", silent("fault", "restoring", way))},

		// The mirror itself is away. While its servers come back, its link is not up yet.
		"B-quorumloss": {
			{
				rule: pipeline.RuleLeaderless, begins: "kill-2-followers", from: 28 * s, by: 40 * s, ends: "restored",
				causes: []pipeline.Cause{pipeline.CauseLeaderless, pipeline.CauseNotObservable}, must: pipeline.CauseLeaderless,
			},
			{
				rule: pipeline.RuleSeen, begins: "kill-2-followers", from: 40 * s, by: 56 * s, ends: "restored",
				causes: append(back, pipeline.CauseLeaderless), must: pipeline.CauseLeaderless,
			},
			{ // it hears heartbeats for 20 s more, and can store nothing: the recording does not tell of its peers
				rule: pipeline.RuleNotCopying, begins: "kill-2-followers", by: 25 * s, ends: "restored", maybe: true,
				causes: append(back, pipeline.CauseLeaderless, pipeline.CauseFlowControl), must: pipeline.CauseLeaderless,
			},
			{
				rule: pipeline.RuleUnobserved, begins: "kill-last", by: 40 * s, ends: "restored",
				causes: []pipeline.Cause{pipeline.CauseNotObservable},
			},
		},
		"B-allpeersdown": {{
			rule: pipeline.RuleUnobserved, begins: "kill-all-3-peers", by: 32 * s, ends: "restored",
			causes: []pipeline.Cause{pipeline.CauseNotObservable},
		}},
	}
}
