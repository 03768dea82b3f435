package rules_test

import (
	"fmt"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/rules"
)

// receiver is a receiver that was delivered to, and lacks nothing.
func receiver(edit func(s *pipeline.ReceiverStats)) *pipeline.View {
	s := pipeline.ReceiverStats{Receiver: "ops", Delivered: 1}
	edit(&s)
	return &pipeline.View{Agent: &pipeline.AgentView{Receivers: []pipeline.ReceiverStats{s}}}
}

func TestDeliveryJudgesReceivers(t *testing.T) {
	rule := rules.Delivery{After: rules.DefaultUndelivered}
	waits := func(seconds float64, why string) func(s *pipeline.ReceiverStats) {
		return func(s *pipeline.ReceiverStats) { s.Pending, s.Oldest, s.Error = 3, ago(seconds), why }
	}
	check(t, rule, "delivery", map[string]ruled{
		"nothing waits":          {view: receiver(func(*pipeline.ReceiverStats) {}), level: pipeline.OK},
		"nothing was tried":      {view: receiver(func(s *pipeline.ReceiverStats) { s.Delivered = 0 }), level: pipeline.Unknown},
		"waits shortly":          {view: receiver(waits(299, "")), level: pipeline.OK, due: now.Add(time.Second)},
		"fails shortly":          {view: receiver(waits(299, "timeout")), level: pipeline.Unknown, due: now.Add(time.Second)},
		"waits for long":         {view: receiver(waits(300, "timeout")), level: pipeline.Critical, reason: pipeline.ReasonUndelivered},
		"gave up on the last":    {view: receiver(func(s *pipeline.ReceiverStats) { s.Error = "400" }), level: pipeline.Unknown},
		"refuses us":             {view: receiver(func(s *pipeline.ReceiverStats) { s.Broken, s.Error = ago(1), "401" }), level: pipeline.Critical, reason: pipeline.ReasonBroken},
		"a silence holds it all": {view: receiver(func(s *pipeline.ReceiverStats) { s.Held = 9 }), level: pipeline.OK},
	})
	v := verdicts(rule, receiver(waits(400, "timeout")))[0]
	if v.Subject.Receiver != "ops" || v.Value != 400 || v.Limit != 300 || v.Unit != pipeline.UnitSeconds || v.Detail != "timeout" {
		t.Errorf("%+v, want 400 s of 300 s, on ops, with the error", v)
	}
}

// walk lets a rule judge the agent once a minute, and returns what is told.
func walk(rule pipeline.Rule, tracker *pipeline.Tracker, steps ...*pipeline.View) (told []string) {
	for n, view := range steps {
		rule.Judge(now.Add(time.Duration(n)*time.Minute), view, func(v pipeline.Verdict) {
			if c, ok := tracker.Judge(now.Add(time.Duration(n)*time.Minute), v); ok {
				told = append(told, fmt.Sprint(n, " ", c.Kind, ": ", c.Incident.Subject, " ", c.Incident.Reason))
			}
		})
	}
	return told
}

func TestDeliveryEndsWithADeliveryOnly(t *testing.T) {
	broken := receiver(func(s *pipeline.ReceiverStats) { s.Broken, s.Error = now, "404" })
	gaveUp := receiver(func(s *pipeline.ReceiverStats) { s.Error = "given up" })
	restarted := receiver(func(s *pipeline.ReceiverStats) { s.Delivered = 0 })
	well := receiver(func(*pipeline.ReceiverStats) {})
	got := walk(rules.Delivery{After: time.Minute}, pipeline.NewTracker(nil, nil), broken, gaveUp, restarted, broken, well)
	if want := "[0 opened: receiver ops refuses us 4 resolved: receiver ops refuses us]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

func TestReceiversFailingTogetherAreTwoIncidents(t *testing.T) {
	view := receiver(func(s *pipeline.ReceiverStats) { s.Broken = now })
	other := view.Agent.Receivers[0]
	other.Receiver = "oncall"
	view.Agent.Receivers = append(view.Agent.Receivers, other)
	tracker := pipeline.NewTracker(nil, nil)
	walk(rules.Delivery{}, tracker, view)
	all := tracker.All()
	if len(all) != 2 || all[0].ID == all[1].ID {
		t.Fatalf("%+v, want two incidents", all)
	}
	closed := tracker.CloseRest(now, pipeline.StreamKey{}, pipeline.ReasonNoReceiver, func(_ string, s pipeline.Subject) bool { return s.Receiver == "ops" })
	if len(closed) != 1 || closed[0].Incident.Subject.Receiver != "oncall" || closed[0].Kind != pipeline.Closed {
		t.Errorf("%+v, want oncall closed", closed)
	}
}

func TestConfigurationThatIsRefusedWarnsUntilOneIsInForce(t *testing.T) {
	view := func(minute int, why string) *pipeline.View {
		return &pipeline.View{Agent: &pipeline.AgentView{ConfigError: why, ConfigSince: now.Add(time.Duration(minute) * time.Minute)}}
	}
	got := walk(rules.Configuration{}, pipeline.NewTracker(nil, nil),
		view(-9, ""), view(1, "line 3: unknown key"), view(1, "line 3: unknown key"), view(1, ""), view(4, ""))
	if want := "[1 opened: the agent " + pipeline.ReasonBadConfig + " 4 resolved: the agent " + pipeline.ReasonBadConfig + "]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}
