package alertmanager

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

const token = "T0SECRETSECRET0"

func TestSuite(t *testing.T) {
	exportertest.Run(t, exportertest.Setup{
		New: func(t *testing.T, url string) pipeline.Notifier {
			return open(t, Config{URLs: []string{url}, Token: pipeline.NewSecret(token)})
		},
		Accept: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) },
		Key:    func(r *http.Request, _ []byte) string { return r.Header.Get("webhook-id") },
		Check:  checkBody,
		Secret: token,
	})
}

// checkBody holds what is sent of a frozen body against what Alertmanager takes.
func checkBody(t *testing.T, text []byte) {
	t.Helper()
	b, err := decode(text)
	if err != nil || len(b.Alerts) == 0 {
		t.Fatalf("%d alerts, %v", len(b.Alerts), err)
	}
	for _, a := range b.at(exportertest.Start().Add(48*time.Hour), DefaultLapse) {
		if a.StartsAt.IsZero() || a.EndsAt.Before(a.StartsAt) || a.Labels["alertname"] == "" {
			t.Errorf("alert is %+v", a)
		}
		for name, value := range a.Labels {
			if value == "" || len([]rune(value)) > maxFilter || strings.ContainsAny(value, "\n\x00\x1b") {
				t.Errorf("label %s is %q", name, value)
			}
		}
		if a.Labels["closed"] != "" {
			t.Error("an end that is a label makes another alert")
		}
	}
	if len(text) > 8<<20 {
		t.Errorf("body has %d bytes", len(text))
	}
}

func TestWhatIsOpenLapsesLateAndWhatEndedHasItsEnd(t *testing.T) {
	am := serve(t)
	a := open(t, Config{URLs: []string{am.url}})
	lost := exportertest.Lost()
	am.tell(t, a, exportertest.Of(lost, pipeline.Opened, 0))
	one := am.only(t)
	if left := time.Until(one.EndsAt); left < DefaultLapse-time.Minute || left > DefaultLapse || !one.StartsAt.Equal(lost.Opened) {
		t.Errorf("starts at %v, lapses in %v", one.StartsAt, left)
	}
	end := exportertest.Of(lost, pipeline.Resolved, time.Minute)
	am.tell(t, a, end)
	if again := am.only(t); !again.EndsAt.Equal(end.Incident.Ended) || labelsText(again) != labelsText(one) {
		t.Errorf("alert is %+v", again)
	}
}

func TestEscalationEndsTheAlertOfTheOldSeverity(t *testing.T) {
	am := serve(t)
	a := open(t, Config{URLs: []string{am.url}})
	lost := exportertest.Lost()
	lost.Level = pipeline.Warning
	escalated := exportertest.Of(lost, pipeline.Escalated, time.Minute)
	eased := exportertest.Of(escalated.Incident, pipeline.Eased, 2*time.Minute)
	ended := exportertest.Of(eased.Incident, pipeline.Resolved, 3*time.Minute)
	for _, step := range []struct {
		changes []pipeline.Change
		firing  []string
	}{
		{[]pipeline.Change{exportertest.Of(lost, pipeline.Opened, 0)}, []string{"warning"}},
		{[]pipeline.Change{escalated}, []string{"critical"}},
		{[]pipeline.Change{eased}, []string{"warning"}},
		{[]pipeline.Change{escalated, eased}, []string{"warning"}}, // joined while Alertmanager was away
		{[]pipeline.Change{escalated, ended}, nil},
		{[]pipeline.Change{escalated}, []string{"critical"}},
		{[]pipeline.Change{ended}, nil}, // the easing was given up on
	} {
		am.tell(t, a, step.changes...)
		if got := am.firing(); !slices.Equal(got, step.firing) {
			t.Errorf("after %s: firing are %v, want %v", step.changes[len(step.changes)-1].Kind, got, step.firing)
		}
	}
}

func TestLabelsTellLinksApartAndStayForLife(t *testing.T) {
	lost := exportertest.Lost()
	lost.Subject.Filter = "eu.>"
	opened := exportertest.Of(lost, pipeline.Opened, 0)
	want := labels(&opened)
	if want["via"] == "" || want["filter"] == "" || want["severity"] != "critical" {
		t.Errorf("labels are %v", want)
	}
	for _, kind := range []pipeline.ChangeKind{pipeline.Updated, pipeline.Reminded, pipeline.Resolved, pipeline.Closed} {
		c := exportertest.Of(lost, kind, time.Minute)
		c.Incident.Cause, c.Incident.Flaps, c.Incident.Metadata = pipeline.CauseDeleted, 4, map[string]string{"owner": "x"}
		if got := labels(&c); !maps.Equal(got, want) {
			t.Errorf("%s: labels are %v, want %v", kind, got, want)
		}
	}
}

func TestWhatCameAndWentFiresForAWhile(t *testing.T) {
	am := serve(t)
	lost := exportertest.Lost()
	am.tell(t, open(t, Config{URLs: []string{am.url}}), exportertest.Of(lost, pipeline.Opened, 0), exportertest.Of(lost, pipeline.Resolved, time.Minute))
	one := am.only(t)
	if left := time.Until(one.EndsAt); left < lateFor-time.Minute || left > lateFor || one.Annotations["told"] != "late" || !strings.HasPrefix(one.Annotations["summary"], "RESOLVED") {
		t.Errorf("alert is %+v", one)
	}
}

func TestRefreshRepeatsAllInParts(t *testing.T) {
	am := serve(t)
	a := open(t, Config{URLs: []string{am.url}})
	if err := a.Refresh(t.Context(), exportertest.Storm(2500)[0].Members); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(am.sizes, []int{1000, 1000, 500}) || len(am.alerts) != 2500 || am.largest > 4<<20 {
		t.Errorf("%v alerts a request, %d alerts, at most %d bytes", am.sizes, len(am.alerts), am.largest)
	}
}

func TestAccessIsReadAtEachAttempt(t *testing.T) {
	am := serve(t)
	file := filepath.Join(t.TempDir(), "password")
	a := open(t, Config{URLs: []string{am.url}, Username: "me", PasswordFile: file})
	n := rendered(t, a, exportertest.Of(exportertest.Lost(), pipeline.Opened, 0))
	if _, err := a.Notify(t.Context(), n); err == nil || pipeline.IsPermanent(err) {
		t.Errorf("a missing file is to be worth a retry: %v", err)
	}
	for _, want := range []string{"first", "second"} {
		if err := os.WriteFile(file, []byte(want+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Notify(t.Context(), n); err != nil || am.password != want {
			t.Errorf("password %q arrived, want %q: %v", am.password, want, err)
		}
	}
}

func TestATestIsSeenAndLapses(t *testing.T) {
	am := serve(t)
	a := open(t, Config{URLs: []string{am.url}})
	lost := exportertest.Lost()
	for _, kind := range []pipeline.ChangeKind{pipeline.Opened, pipeline.Resolved} {
		c := exportertest.Of(lost, kind, time.Second)
		c.Test = true
		am.tell(t, a, c)
		one := am.only(t)
		if left := time.Until(one.EndsAt); left < testFor-time.Minute || left > testFor || one.Labels["test"] != "true" {
			t.Errorf("%s: alert is %+v", kind, one)
		}
	}
}
