package exportertest

import (
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// Storm returns the life of a group of n mirrors behind one gateway: all open at once, the cause is found and a third of
// them resolves, and the rest does, one by being deleted.
func Storm(n int) []pipeline.Notification {
	var opened, some, rest []pipeline.Change
	for k := range n {
		i := Lost()
		i.ID = fmt.Sprintf("mw-storm%011d", k)
		i.Subject.Stream, i.Subject.Origin = fmt.Sprintf("ORDERS_%03d_MIRROR", k), fmt.Sprintf("ORDERS_%03d", k)
		i.Subject.Via = ""
		opened = append(opened, Of(i, pipeline.Opened, time.Duration(k)*time.Millisecond))
		i.Cause, i.Sure, i.Because = pipeline.CauseLinkDown, pipeline.Certain, []string{"the gateway to hub is down since 03:03:20 UTC, says dr-1"}
		switch {
		case k == 0:
			found := Of(i, pipeline.Updated, 40*time.Second)
			found.Found, found.Incident.Reason, found.Incident.Detail = true, i.Reason, ""
			some = append(some, found)
			i.Changes = 2
			rest = append(rest, Of(i, pipeline.Closed, 20*time.Minute))
		case k%3 == 1:
			some = append(some, Of(i, pipeline.Resolved, time.Duration(60+k)*time.Second))
		default:
			rest = append(rest, Of(i, pipeline.Resolved, time.Duration(600+k)*time.Second))
		}
	}
	var l Life
	return []pipeline.Notification{l.Tell(opened...), l.Tell(some...), l.Tell(rest...)}
}

func storm() map[string]pipeline.Notification {
	life := Storm(6)
	return map[string]pipeline.Notification{"storm-opened": life[0], "storm-partly": life[1], "storm-over": life[2]}
}

// ofAgent returns what the agent tells of itself: a receiver that refuses, one that cannot be reached, and a configuration
// that is not in force.
func ofAgent() map[string]pipeline.Notification {
	about := func(rule, receiver, reason, detail string, level pipeline.Level) pipeline.Incident {
		i := Lost()
		i.ID, i.Rule, i.Level, i.Reason, i.Detail = "mw-"+rule+receiver, rule, level, reason, detail
		i.Subject, i.Since, i.Value, i.Limit, i.Unit = pipeline.Subject{Receiver: receiver}, time.Time{}, 0, 0, pipeline.UnitNone
		return i
	}
	refuses := about(pipeline.RuleDelivery, "ops", pipeline.ReasonBroken,
		"post to https://hooks.example.com: answered 404 Not Found: no such hook", pipeline.Critical)
	away := about(pipeline.RuleDelivery, "oncall", pipeline.ReasonUndelivered, "post to https://hooks.example.com: no answer in time", pipeline.Critical)
	away.Value, away.Limit, away.Unit = 300, 300, pipeline.UnitSeconds
	config := about(pipeline.RuleConfig, "", pipeline.ReasonBadConfig, `config.yaml:7: exporter: unknown key; did you mean "exporters"?`, pipeline.Warning)
	return map[string]pipeline.Notification{
		"rule-delivery-broken":          One(Of(refuses, pipeline.Opened, 0)),
		"rule-delivery-broken-resolved": One(Of(refuses, pipeline.Resolved, 10*time.Minute)),
		"rule-delivery":                 One(Of(away, pipeline.Opened, 0)),
		"rule-delivery-resolved":        One(Of(away, pipeline.Resolved, 10*time.Minute)),
		"rule-configuration":            One(Of(config, pipeline.Opened, 0)),
		"rule-configuration-resolved":   One(Of(config, pipeline.Resolved, 10*time.Minute)),
	}
}

// odd returns what is rare: an incident that comes and goes, one with metadata, and changes that are made up.
func odd() map[string]pipeline.Notification {
	flapping, owned, test := Lost(), Lost(), Lost()
	flapping.Flaps, flapping.Detail = 4, "comes and goes: 4 times in 30 min"
	owned.Metadata = map[string]string{"owner": "payments"}
	test.ID, test.Subject.Connection, test.Subject.Stream = "mw-test", "test", "MIRRORWATCH_TEST"
	made, over := Of(test, pipeline.Opened, 0), Of(test, pipeline.Resolved, time.Minute)
	made.Test, over.Test = true, true
	return map[string]pipeline.Notification{
		"flapping": One(Of(flapping, pipeline.Opened, 0)), "metadata": One(Of(owned, pipeline.Opened, 0)),
		"test": One(made), "test-resolved": One(over),
	}
}
