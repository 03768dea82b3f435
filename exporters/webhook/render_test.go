package webhook

import (
	"encoding/json"
	"testing"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

func TestGolden(t *testing.T) {
	for name, n := range exportertest.Samples() {
		t.Run(name, func(t *testing.T) {
			body, err := render("ops", n)
			if err != nil {
				t.Fatal(err)
			}
			exportertest.Golden(t, name, body)
		})
	}
}

func TestFingerprintOutlivesEscalationAndEnd(t *testing.T) {
	lost := exportertest.Lost()
	want := only(t, exportertest.Of(lost, pipeline.Opened, 0)).Fingerprint
	for _, kind := range []pipeline.ChangeKind{pipeline.Escalated, pipeline.Eased, pipeline.Resolved, pipeline.Closed} {
		if got := only(t, exportertest.Of(lost, kind, time.Minute)).Fingerprint; got != want {
			t.Errorf("%s: fingerprint %s, want %s", kind, got, want)
		}
	}
	lost.Subject.Filter = "eu.>"
	if got := only(t, exportertest.Of(lost, pipeline.Opened, 0)).Fingerprint; got == want {
		t.Error("another filter is another link, but the fingerprint is the same")
	}
}

func TestClosedIsResolvedWithItsReasonAsLabel(t *testing.T) {
	a := only(t, exportertest.Of(exportertest.Lost(), pipeline.Closed, time.Hour))
	if a.Status != resolved || a.Labels["closed"] != "deleted" {
		t.Errorf("status %s, labels %v", a.Status, a.Labels)
	}
}

func TestIncidentThatCameAndWentIsToldLate(t *testing.T) {
	lost := exportertest.Lost()
	end := exportertest.Of(lost, pipeline.Resolved, time.Minute)
	a := only(t, exportertest.Of(lost, pipeline.Opened, 0), end)
	if a.Status != resolved || !a.StartsAt.Equal(lost.Opened) || !a.EndsAt.Equal(end.At) || a.Annotations["told"] != "late" {
		t.Errorf("alert is %+v", a)
	}
}

func TestChangesOfOneIncidentMakeOneAlertInItsNewestState(t *testing.T) {
	lost := exportertest.Lost()
	lost.Level = pipeline.Warning
	a := only(t, exportertest.Of(lost, pipeline.Opened, 0), exportertest.Of(lost, pipeline.Escalated, time.Minute))
	if a.Labels["severity"] != "critical" || a.Annotations["change"] != "escalated" {
		t.Errorf("alert is %+v", a)
	}
}

// only renders changes of one incident and returns its alert.
func only(t *testing.T, changes ...pipeline.Change) alert {
	t.Helper()
	body, err := render("ops", exportertest.One(changes...))
	if err != nil {
		t.Fatal(err)
	}
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Alerts) != 1 {
		t.Fatalf("%d alerts", len(m.Alerts))
	}
	return m.Alerts[0]
}
