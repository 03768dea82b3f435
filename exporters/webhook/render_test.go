package webhook

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

func TestGolden(t *testing.T) {
	for name, n := range exportertest.Samples() {
		t.Run(name, func(t *testing.T) {
			exportertest.Golden(t, name, body(t, Config{}, n))
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
func only(t *testing.T, changes ...pipeline.Change) oneAlert {
	t.Helper()
	m := read[message](t, body(t, Config{}, exportertest.One(changes...)))
	if len(m.Alerts) != 1 {
		t.Fatalf("%d alerts", len(m.Alerts))
	}
	return m.Alerts[0]
}

// body renders as the receiver "ops" does.
func body(t *testing.T, c Config, n pipeline.Notification) []byte {
	t.Helper()
	c.Name, c.URL = "ops", pipeline.NewSecret("http://127.0.0.1:1")
	if c.Body == BodyPagerDuty {
		c.RoutingKey = pipeline.NewSecret("R0SECRETSECRET0")
	}
	text, err := open(t, c).Render(n)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func read[T any](t *testing.T, text []byte) T {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var v T
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
