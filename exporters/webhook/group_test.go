package webhook

import (
	"slices"
	"testing"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

func TestMessageFiresWhileAnyOfTheGroupIsOpen(t *testing.T) {
	life := exportertest.Storm(6)
	var statuses []string
	for _, n := range life {
		statuses = append(statuses, read[message](t, body(t, Config{}, n)).Status)
	}
	if want := []string{firing, firing, resolved}; !slices.Equal(statuses, want) {
		t.Errorf("statuses are %v, want %v", statuses, want)
	}
	// Only ends are new, and the group goes on.
	n := life[1]
	n.Changes = slices.DeleteFunc(n.Changes, func(c pipeline.Change) bool { return !c.Kind.Ends() })
	m := read[message](t, body(t, Config{}, n))
	if m.Status != firing || m.Alerts[0].Status != resolved || m.Alerts[len(m.Alerts)-1].Status != firing {
		t.Errorf("status is %s; first alert %s, last %s", m.Status, m.Alerts[0].Status, m.Alerts[len(m.Alerts)-1].Status)
	}
}

func TestMessageHoldsEveryChangeAndTheWorstOfTheOthers(t *testing.T) {
	var l exportertest.Life
	storm := exportertest.Storm(400)[0].Changes
	storm[399].Incident.Level = pipeline.Warning
	m := read[message](t, body(t, Config{}, l.Tell(storm...)))
	if len(m.Alerts) != 400 || m.TruncatedAlerts != 0 {
		t.Errorf("%d alerts, %d left out", len(m.Alerts), m.TruncatedAlerts)
	}
	m = read[message](t, body(t, Config{}, l.Tell(exportertest.Of(storm[0].Incident, pipeline.Resolved, time.Hour))))
	if len(m.Alerts) != 101 || m.TruncatedAlerts != 299 {
		t.Errorf("%d alerts, %d left out; want 101 and 299", len(m.Alerts), m.TruncatedAlerts)
	}
	for _, a := range m.Alerts[1:] {
		if a.Labels["severity"] != "critical" {
			t.Errorf("a warning is told before a critical one: %v", a.Labels)
		}
	}
}

func TestMessageOfManyStaysSmall(t *testing.T) {
	storm := exportertest.Storm(MostIncidents)[1]
	for n := range storm.Changes {
		storm.Changes[n].Incident.Diagnosis = exportertest.Deleted().Diagnosis
	}
	for _, kind := range Bodies() {
		text := body(t, Config{Body: kind}, storm)
		t.Logf("%s: %d incidents, %d bytes", kind, MostIncidents, len(text))
		if len(text) > 4<<20 || kind == BodyPagerDuty && len(text) > 512<<10 {
			t.Errorf("%s: %d bytes", kind, len(text))
		}
	}
}

func TestGroupLabelsAreNamedAsAlertsNameThem(t *testing.T) {
	n := exportertest.One(exportertest.Of(exportertest.Lost(), pipeline.Opened, 0))
	n.Labels = map[string]string{"level": "critical", "rule": "seen", "metadata.owner": "payments"}
	got := read[message](t, body(t, Config{}, n)).GroupLabels
	want := map[string]string{"severity": "critical", "rule": "seen", "alertname": "seen", "metadata_owner": "payments"}
	if len(got) != len(want) {
		t.Errorf("labels are %v", got)
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
}
