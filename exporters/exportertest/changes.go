package exportertest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// Start is when the first of the sample incidents opens.
func Start() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// Lost returns an incident of the rule seen on a mirror across a leafnode, open for nothing yet but its limit.
func Lost() pipeline.Incident {
	start := Start()
	return pipeline.Incident{
		ID: "mw-k3v5q2abcdefghij", Rule: pipeline.RuleSeen,
		Subject: pipeline.Subject{
			StreamKey: pipeline.StreamKey{Connection: "dr", Account: "PAY", Stream: "PAYMENTS_MIRROR"},
			Kind:      pipeline.KindMirror, Origin: "PAYMENTS", Via: "$JS.hub.API",
		},
		Level: pipeline.Critical, Opened: start, Since: start.Add(-time.Minute),
		Value: 60, Limit: 60, Unit: pipeline.UnitSeconds, Reason: pipeline.ReasonSilent,
		Changes: 1, Evidence: start.Add(-time.Minute), Changed: start, Told: start,
	}
}

// Of returns the incident's change of a kind, some time after it opened.
func Of(i pipeline.Incident, kind pipeline.ChangeKind, after time.Duration) pipeline.Change {
	c := pipeline.Change{Kind: kind, At: i.Opened.Add(after), From: i.Level, Incident: i}
	n := &c.Incident
	if kind != pipeline.Opened {
		n.Changes++
	}
	switch kind {
	case pipeline.Opened:
		c.From = pipeline.OK
	case pipeline.Escalated:
		c.From, n.Level, n.Shifted = pipeline.Warning, pipeline.Critical, true
	case pipeline.Eased:
		c.From, n.Level, n.Shifted = pipeline.Critical, pipeline.Warning, true
	case pipeline.Updated:
		n.Reason, n.Detail = pipeline.ReasonServerError, "stream not found (10059)"
	case pipeline.Resolved:
		n.Ended = c.At
	case pipeline.Closed:
		n.Ended, n.Reason = c.At, pipeline.ReasonDeleted
	}
	if i.Subject.IsLink() && !i.Since.IsZero() {
		c.Silent = c.At.Sub(i.Since)
	}
	if !kind.Ends() && n.Unit == pipeline.UnitSeconds && !i.Since.IsZero() {
		n.Value = c.At.Sub(i.Since).Seconds()
	}
	return c
}

// One returns a notification of changes of one incident, which is the whole group.
func One(changes ...pipeline.Change) pipeline.Notification {
	var l Life
	return l.Tell(changes...)
}

// Samples returns notifications by name: every kind of change, every rule with words of its own, and what batches
// look like.
func Samples() map[string]pipeline.Notification {
	lost := Lost()
	samples := map[string]pipeline.Notification{
		"opened":    One(Of(lost, pipeline.Opened, 0)),
		"escalated": One(Of(lost, pipeline.Escalated, 2*time.Minute)),
		"eased":     One(Of(lost, pipeline.Eased, 3*time.Minute)),
		"updated":   One(Of(lost, pipeline.Updated, 12*time.Second)),
		"reminded":  One(Of(lost, pipeline.Reminded, 4*time.Hour)),
		"resolved":  One(Of(lost, pipeline.Resolved, 132*time.Second)),
		"closed":    One(Of(lost, pipeline.Closed, 26*time.Hour)),
		"late":      One(Of(lost, pipeline.Opened, 0), Of(lost, pipeline.Resolved, 132*time.Second)),
		"batch":     Many(25),
	}
	for _, more := range []map[string]pipeline.Notification{diagnosed(), storm(), ofAgent(), odd()} {
		maps.Copy(samples, more)
	}
	for rule, i := range ofRules() {
		samples["rule-"+rule] = One(Of(i, pipeline.Opened, 0))
		resolved := Of(i, pipeline.Resolved, 10*time.Minute)
		if i.Risk.Failover != "" {
			resolved.Incident.Risk = pipeline.Risk{Failover: pipeline.FailoverReady, AsOf: resolved.At.Add(-2 * time.Second), Verified: true}
		}
		samples["rule-"+rule+"-resolved"] = One(resolved)
	}
	return samples
}

// ofRules returns one incident a rule, by the rule's name.
func ofRules() map[string]pipeline.Incident {
	set := func(rule string, edit func(*pipeline.Incident)) pipeline.Incident {
		i := Lost()
		i.ID, i.Rule = "mw-"+rule, rule
		edit(&i)
		return i
	}
	stream := pipeline.Subject{StreamKey: pipeline.StreamKey{Connection: "dr", Stream: "PAYMENTS_MIRROR"}}
	return map[string]pipeline.Incident{
		pipeline.RuleSeenDefault: set(pipeline.RuleSeenDefault, func(i *pipeline.Incident) {
			i.Level, i.Reason = pipeline.Warning, pipeline.ReasonNoContact
			i.Subject.Kind, i.Subject.Stream, i.Subject.Via = pipeline.KindSource, "ORDERS_ALL", ""
			i.Since, i.Limit = i.Opened.Add(-5*time.Minute), 300
		}),
		pipeline.RuleLag: set(pipeline.RuleLag, func(i *pipeline.Incident) {
			i.Value, i.Limit, i.Unit, i.Reason = 12345, 10000, pipeline.UnitMessages, pipeline.ReasonLag
		}),
		pipeline.RulePolicy: set(pipeline.RulePolicy, func(i *pipeline.Incident) {
			i.Subject, i.Level, i.Reason, i.Since = stream, pipeline.Warning, pipeline.ReasonMetadata, time.Time{}
			i.Value, i.Limit, i.Unit = 1, 0, pipeline.UnitNone
			i.Detail = `io.nats.monitor.seen-critical: "5M": "M" is refused, a month is never meant; write "m" for minutes or "30d" for days`
		}),
		pipeline.RuleUnobserved: set(pipeline.RuleUnobserved, func(i *pipeline.Incident) {
			i.Subject, i.Limit = pipeline.Subject{StreamKey: pipeline.StreamKey{Connection: "dr"}}, 0
			i.Reason, i.Detail = pipeline.ReasonUnobserved, "not connected: dial tcp 10.0.0.7:4222: i/o timeout"
		}),
		pipeline.RuleJournal: set(pipeline.RuleJournal, func(i *pipeline.Incident) {
			i.Subject, i.Since, i.Unit, i.Limit = pipeline.Subject{}, time.Time{}, pipeline.UnitNone, 0
			i.Reason, i.Detail = pipeline.ReasonCommit, "write data/mirrorwatch.db: no space left on device"
		}),
		pipeline.RuleNotCopying: set(pipeline.RuleNotCopying, func(i *pipeline.Incident) {
			i.Reason, i.Value, i.Unit, i.Limit, i.Since = pipeline.ReasonStalled, 1204, pipeline.UnitMessages, 0, i.Opened.Add(-time.Second)
			i.Detail = "the origin's last sequence is 51204, the mirror stands at 50000 since 03:03:48 UTC"
			i.Risk = behind(1204)
			i.Diagnosis = flowControl()
		}),
		pipeline.RuleDiverged: set(pipeline.RuleDiverged, func(i *pipeline.Incident) {
			i.Reason, i.Value, i.Unit, i.Limit, i.Since = pipeline.ReasonRecreated, 0, pipeline.UnitNone, 0, i.Opened.Add(-time.Second)
			i.Detail = "the origin was created anew on 2026-01-02 at 03:03:20 UTC, its last sequence was 12, the mirror's 480"
			i.Risk = pipeline.Risk{Failover: pipeline.FailoverDiverged, AtLeast: true, AsOf: i.Opened, Verified: true}
			i.Diagnosis = pipeline.Diagnosis{Cause: pipeline.CauseRecreated, Sure: pipeline.Certain}
		}),
		pipeline.RuleLeaderless: set(pipeline.RuleLeaderless, func(i *pipeline.Incident) {
			i.Subject, i.Reason, i.Value, i.Limit, i.Since = stream, pipeline.ReasonNoGroup, 10.5, 10, time.Time{}
			i.Detail = "since 03:03:54 UTC"
			i.Diagnosis = pipeline.Diagnosis{
				Cause: pipeline.CauseLeaderless, Sure: pipeline.Certain,
				Because: []string{"a server told at 03:03:55 UTC that the stream's quorum is lost"},
			}
		}),
		pipeline.RuleSources: set(pipeline.RuleSources, func(i *pipeline.Incident) {
			i.Subject, i.Reason, i.Value, i.Limit, i.Unit, i.Since = stream, pipeline.ReasonFewSources, 2, 3, pipeline.UnitNone, time.Time{}
		}),
		pipeline.RulePeers: set(pipeline.RulePeers, func(i *pipeline.Incident) {
			i.Subject, i.Reason, i.Value, i.Limit, i.Unit, i.Since = stream, pipeline.ReasonPeerCount, 2, 3, pipeline.UnitNone, time.Time{}
			i.Detail = "2 in the group, 3 expected"
		}),
		pipeline.RuleMessages: set(pipeline.RuleMessages, func(i *pipeline.Incident) {
			i.Subject, i.Level, i.Reason, i.Since = stream, pipeline.Warning, pipeline.ReasonFewCount, time.Time{}
			i.Value, i.Limit, i.Unit = 100, 1000, pipeline.UnitMessages
		}),
		pipeline.RuleSubjects: set(pipeline.RuleSubjects, func(i *pipeline.Incident) {
			i.Subject, i.Reason, i.Value, i.Limit, i.Unit, i.Since = stream, pipeline.ReasonManyCount, 120000, 100000, pipeline.UnitNone, time.Time{}
		}),
	}
}

// Many returns a notification of n incidents, all of different streams; some resolved, some warnings.
func Many(n int) pipeline.Notification {
	var changes []pipeline.Change
	for k := range n {
		i := Lost()
		i.ID = fmt.Sprintf("mw-%016d", k)
		i.Subject.Stream = fmt.Sprintf("ORDERS_%03d_MIRROR", k)
		i.Subject.Origin = fmt.Sprintf("ORDERS_%03d", k)
		i.Opened = i.Opened.Add(time.Duration(k) * time.Second)
		i.Since = i.Since.Add(time.Duration(k) * time.Second)
		kind := pipeline.Opened
		switch {
		case k%5 == 3:
			i.Level = pipeline.Warning
		case k%5 == 4:
			kind = pipeline.Resolved
		}
		changes = append(changes, Of(i, kind, 90*time.Second))
	}
	return batch(changes)
}

// batch tells the changes as one group, by a name that says how many they are.
func batch(changes []pipeline.Change) pipeline.Notification {
	var l Life
	n := l.Tell(changes...)
	n.Key = fmt.Sprintf("batch-of-%d", len(changes))
	n.Group = n.Key
	return n
}

// Hostile returns notifications with data that wants to be markup, to be a command or to be too much.
func Hostile() map[string]pipeline.Notification {
	texts := map[string]string{
		"markup":   "<!channel> <@U1|x> &amp; *b* `c` <https://evil.example|ok> @here",
		"controls": "a\x00b\x1b[31m\r\nc\u202Ed\u2028e",
		"broken":   "a\xff\xfe\xc3(b",
		"long":     strings.Repeat("<&>", 3400),
		"shell":    "-x; rm -rf $(HOME) ` '",
		"json":     `","text":"\u0000`,
	}
	all := map[string]pipeline.Notification{}
	for name, text := range texts {
		i := Lost()
		i.Subject = pipeline.Subject{
			StreamKey: pipeline.StreamKey{Connection: text, Account: text, Domain: text, Stream: text},
			Kind:      pipeline.KindMirror, Origin: text, Via: text, Filter: text,
		}
		i.Reason, i.Detail, i.Risk = text, text, behind(1<<63)
		i.Diagnosis = pipeline.Diagnosis{
			Cause: pipeline.Cause(text), Sure: pipeline.Sureness(text),
			Because: slices.Repeat([]string{text}, 20), Warnings: slices.Repeat([]string{text}, 20),
			Next: slices.Repeat([]pipeline.Step{{Do: text, Command: text}}, 20),
		}
		for _, kind := range kinds() {
			all[name+"-"+string(kind)] = One(Of(i, kind, time.Minute))
		}
		many := Many(30)
		for k := range many.Changes {
			many.Changes[k].Incident.Subject = i.Subject
			many.Changes[k].Incident.Reason = text
			many.Changes[k].Incident.Diagnosis = i.Diagnosis
		}
		all[name+"-batch"] = batch(many.Changes)
	}
	return all
}

func kinds() []pipeline.ChangeKind {
	return []pipeline.ChangeKind{
		pipeline.Opened, pipeline.Escalated, pipeline.Eased, pipeline.Updated,
		pipeline.Reminded, pipeline.Resolved, pipeline.Closed,
	}
}
