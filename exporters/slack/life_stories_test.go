package slack

import (
	"fmt"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

// This file has the lives that are told.

func lives() map[string][]step {
	return map[string][]step{
		"link": linkLife(), "storm": stormLife(), "spread": spreadLife(), "flapping": flappingLife(), "reminded": remindedLife(),
		"deleted": deletedLife(), "test": testLife(), "late": lateLife(), "receiver": receiverLife(), "closed": closedLife(),
		"configuration": configurationLife(),
	}
}

func linkLife() []step {
	warning := exportertest.Deleted()
	cause := warning.Diagnosis
	warning.Diagnosis, warning.Level, warning.Rule = pipeline.Diagnosis{}, pipeline.Warning, pipeline.RuleSeenDefault
	warning.Limit, warning.Since = 300, warning.Opened.Add(-5*time.Minute)
	found := numbered(warning, 2)
	found.Diagnosis = cause
	worse := numbered(found, 3)
	worse.Level = pipeline.Critical
	named := exportertest.Of(found, pipeline.Updated, 40*time.Second)
	named.Found = true
	escalated := exportertest.Of(worse, pipeline.Escalated, 2*time.Minute)
	over := numbered(worse, 4)
	over.Risk = pipeline.Risk{Failover: pipeline.FailoverReady, AsOf: over.Opened.Add(12 * time.Minute), Verified: true}
	return []step{
		{what: "a mirror without a limit of its own opens as a warning", changes: only(exportertest.Of(warning, pipeline.Opened, 0))},
		{what: "its cause is found", changes: only(named)},
		{what: "it escalates", changes: only(escalated)},
		{what: "it resolves", changes: only(exportertest.Of(over, pipeline.Resolved, 12*time.Minute))},
	}
}

func stormLife() []step {
	const many = 400
	var opened, some, rest []pipeline.Change
	for k := range many {
		i := numbered(mirror(k), 1)
		i.Diagnosis = pipeline.Diagnosis{
			Cause: pipeline.CauseLinkDown, Sure: pipeline.Likely,
			Because: []string{"the leafnode connection to hub is down since 03:03:02 UTC, says the server dr-1"},
		}
		i.Risk = pipeline.Risk{Failover: pipeline.FailoverUnknown, Messages: uint64(k), AtLeast: true, AsOf: i.Since, Verified: true}
		opened = append(opened, exportertest.Of(i, pipeline.Opened, time.Duration(k)*time.Millisecond))
		i.Risk = pipeline.Risk{Failover: pipeline.FailoverReady, AsOf: i.Opened.Add(2 * time.Minute), Verified: true}
		if k < 250 {
			some = append(some, exportertest.Of(i, pipeline.Resolved, 2*time.Minute+time.Duration(k)*100*time.Millisecond))
		} else {
			rest = append(rest, exportertest.Of(i, pipeline.Resolved, 11*time.Minute+time.Duration(k)*100*time.Millisecond))
		}
	}
	return []step{
		{what: "400 mirrors behind one leafnode lose contact within a second", changes: opened},
		{what: "250 of them resolve", changes: some},
		{what: "the rest resolves", changes: rest},
	}
}

func spreadLife() []step {
	var first, more, worse []pipeline.Change
	for k := range 3 {
		i := mirror(k)
		if k == 2 {
			i.Level = pipeline.Warning
			worse = append(worse, exportertest.Of(numbered(i, 1), pipeline.Escalated, 3*time.Minute))
		}
		first = append(first, exportertest.Of(i, pipeline.Opened, 0))
	}
	for k := range 12 {
		more = append(more, exportertest.Of(mirror(k+3), pipeline.Opened, time.Minute))
	}
	warning := mirror(20)
	warning.Level = pipeline.Warning
	return []step{
		{what: "two mirrors are critical, one a warning", changes: first},
		{what: "twelve more become critical", changes: more},
		{what: "the warning becomes critical", changes: worse},
		{what: "another one opens as a warning", changes: only(exportertest.Of(warning, pipeline.Opened, 4*time.Minute))},
		{what: "one resolves: an edit, and nobody is disturbed", changes: only(exportertest.Of(mirror(1), pipeline.Resolved, 5*time.Minute))},
	}
}

func flappingLife() []step {
	i := exportertest.Lost()
	i.Flaps, i.Detail = 4, "comes and goes: 4 times in 30 min"
	calm := numbered(i, 1)
	calm.Flaps, calm.Detail = 7, "came and went 7 times in 30 min; dark for 9m0s in total, 3m0s at the longest"
	over := exportertest.Of(calm, pipeline.Resolved, 26*time.Minute)
	over.Silent = 9 * time.Minute
	return []step{
		{what: "an incident opens for the fourth time within half an hour", changes: only(exportertest.Of(i, pipeline.Opened, 0))},
		{what: "it was well for ten minutes", changes: only(over)},
	}
}

func remindedLife() []step {
	other := mirror(1)
	reminded := func(i pipeline.Incident) pipeline.Change {
		c := exportertest.Of(i, pipeline.Opened, 4*time.Hour) // as the outbox does it: a copy of the newest change
		c.Kind, c.Silent = pipeline.Reminded, time.Minute
		return c
	}
	return []step{
		{what: "two mirrors lose contact", changes: []pipeline.Change{exportertest.Of(mirror(0), pipeline.Opened, 0), exportertest.Of(other, pipeline.Opened, 0)}},
		{what: "four hours later", changes: []pipeline.Change{reminded(mirror(0)), reminded(other)}},
	}
}

func deletedLife() []step {
	i := exportertest.Lost()
	return []step{
		{what: "a mirror loses contact", changes: only(exportertest.Of(i, pipeline.Opened, 0))},
		{what: "a person deletes the message", do: func(f *fake) { f.remove(f.shown()[0].ts) }},
		{what: "it is reminded of", changes: only(exportertest.Of(i, pipeline.Reminded, 4*time.Hour))},
		{what: "it resolves", changes: only(exportertest.Of(numbered(i, 2), pipeline.Resolved, 5*time.Hour))},
	}
}

func testLife() []step {
	i := exportertest.Deleted()
	i.ID, i.Subject.Connection, i.Subject.Account, i.Subject.Stream = "mw-test", "example", "", "EXAMPLE_MIRROR"
	made := exportertest.Of(i, pipeline.Opened, 0)
	made.Test = true
	return []step{{what: "somebody runs mirrorwatch notify test", changes: only(made)}}
}

func lateLife() []step {
	i := exportertest.Lost()
	return []step{{
		what:    "an incident opened and resolved while Slack could not be reached",
		changes: []pipeline.Change{exportertest.Of(i, pipeline.Opened, 0), exportertest.Of(i, pipeline.Resolved, 3*time.Minute)},
	}}
}

func receiverLife() []step {
	all := exportertest.Samples()
	broken := all["rule-delivery-broken"].Changes[0]
	return []step{
		{what: "the receiver ops refuses its key", changes: only(broken)},
		{what: "it takes what is sent again", changes: only(exportertest.Of(broken.Incident, pipeline.Resolved, 20*time.Minute))},
	}
}

func configurationLife() []step {
	config := exportertest.Samples()["rule-configuration"].Changes[0]
	return []step{
		{what: "a bad configuration was written", changes: only(config)},
		{what: "it was mended", changes: only(exportertest.Of(config.Incident, pipeline.Resolved, 5*time.Minute))},
	}
}

func closedLife() []step {
	gone := exportertest.Of(mirror(1), pipeline.Closed, 10*time.Minute)
	return []step{
		{what: "two mirrors lose contact", changes: []pipeline.Change{exportertest.Of(mirror(0), pipeline.Opened, 0), exportertest.Of(mirror(1), pipeline.Opened, 0)}},
		{what: "one is deleted: no recovery, so the thread hears of it", changes: only(gone)},
		{what: "the other resolves", changes: only(exportertest.Of(mirror(0), pipeline.Resolved, 12*time.Minute))},
	}
}

func mirror(k int) pipeline.Incident {
	i := exportertest.Lost()
	i.ID = fmt.Sprintf("mw-%016d", k)
	i.Subject.Stream, i.Subject.Origin = fmt.Sprintf("ORDERS_%03d_MIRROR", k), fmt.Sprintf("ORDERS_%03d", k)
	return i
}

// numbered returns the incident after n changes; its next one is n+1.
func numbered(i pipeline.Incident, n int) pipeline.Incident {
	i.Changes = n
	return i
}

func only(c pipeline.Change) []pipeline.Change { return []pipeline.Change{c} }
