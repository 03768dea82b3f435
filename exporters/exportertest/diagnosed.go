package exportertest

import (
	"time"

	"mirrorwatch/pipeline"
)

// Deleted returns an incident whose origin was deleted, with all that a diagnosis tells.
func Deleted() pipeline.Incident {
	i := Lost()
	i.Reason, i.Detail = pipeline.ReasonServerError, "stream not found (10059)"
	i.Risk = pipeline.Risk{
		Failover: pipeline.FailoverUnknown, Messages: 1204, AtLeast: true, Span: 123 * time.Second,
		AsOf: i.Opened.Add(-40 * time.Second), Verified: true,
	}
	i.Diagnosis = pipeline.Diagnosis{
		Cause: pipeline.CauseDeleted, Sure: pipeline.Certain,
		Because: []string{
			"the mirror's server says that the origin does not exist (error 10059)",
			"the origin answered until 03:03:25 UTC; since then its servers answer that there is no such stream",
		},
		Next: []pipeline.Step{
			{Do: "See whether the origin is there, under another name or in another account", Command: "nats --js-domain hub stream ls"},
			{Do: "Keep the mirror: it may be the last copy. Look at what it holds", Command: "nats stream info PAYMENTS_MIRROR"},
			{Do: "Save it before anything is changed", Command: "nats stream backup PAYMENTS_MIRROR ./PAYMENTS_MIRROR.backup"},
		},
		Warnings: []string{"Do not create an empty origin of the same name: the mirror would be no copy of it, and would not be told"},
	}
	return i
}

// diagnosed returns notifications by name in which the cause is told: at once, later, as a mere possibility, not at all, by
// the end, and for many incidents at once.
func diagnosed() map[string]pipeline.Notification {
	deleted, unknown, cut := Deleted(), Deleted(), Lost()
	unknown.Reason, unknown.Detail = pipeline.ReasonSilent, ""
	unknown.Diagnosis = pipeline.Diagnosis{Cause: pipeline.CauseUnknown}
	unknown.Risk = pipeline.Risk{Failover: pipeline.FailoverUnknown, Messages: 7, AtLeast: true}
	cut.Diagnosis = pipeline.Diagnosis{
		Cause: pipeline.CauseBlackhole, Sure: pipeline.Possible,
		Because: []string{"the origin does not answer through the mirror's own path since 03:03:10 UTC (no answer)"},
	}
	cut.Risk = pipeline.Risk{Failover: pipeline.FailoverUnknown, AtLeast: true, AsOf: cut.Opened.Add(-55 * time.Second), Verified: true}
	named := Of(deleted, pipeline.Updated, 40*time.Second)
	named.Found = true
	named.Incident.Reason, named.Incident.Detail = deleted.Reason, deleted.Detail
	supposed := Of(cut, pipeline.Updated, 40*time.Second)
	supposed.Found = true
	supposed.Incident.Reason, supposed.Incident.Detail = cut.Reason, ""
	resolved := Of(cut, pipeline.Resolved, 132*time.Second)
	resolved.Incident.Risk = pipeline.Risk{Failover: pipeline.FailoverReady, AsOf: resolved.At.Add(-time.Second), Verified: true}
	three := Many(3).Changes
	for n := range three {
		three[n].Incident.Diagnosis = pipeline.Diagnosis{Cause: pipeline.CauseLinkDown, Sure: pipeline.Certain}
	}
	return map[string]pipeline.Notification{
		"cause":          One(Of(deleted, pipeline.Opened, 0)),
		"cause-found":    One(named),
		"cause-possible": One(supposed),
		"cause-unknown":  One(Of(unknown, pipeline.Opened, 0)),
		"cause-reminded": One(Of(deleted, pipeline.Reminded, 4*time.Hour)),
		"cause-resolved": One(resolved),
		"cause-batch":    batch(three),
	}
}

func behind(messages uint64) pipeline.Risk {
	return pipeline.Risk{
		Failover: pipeline.FailoverBehind, Messages: messages, Span: 17 * time.Second, AsOf: Start().Add(-2 * time.Second), Verified: true,
	}
}

func flowControl() pipeline.Diagnosis {
	return pipeline.Diagnosis{
		Cause: pipeline.CauseFlowControl, Sure: pipeline.Likely,
		Because: []string{
			"contact was proven at 03:04:04 UTC, and nothing was stored since 03:03:48 UTC",
			"the origin stored 1204 messages meanwhile; the mirror is neither full nor sealed",
		},
		Next: []pipeline.Step{
			{Do: "See the server's own error", Command: "nats stream info PAYMENTS_MIRROR"},
			{Do: "See that the mirror's account imports $JS.FC.> and that no leafnode denies it"},
		},
		Warnings: []string{"A step-down of the mirror's leader moves data for a moment and wipes the evidence"},
	}
}
