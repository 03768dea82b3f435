package diagnosis_test

import (
	"reflect"
	"strings"
	"testing"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/diagnosis"
)

func TestWhyAConnectionSeesNothing(t *testing.T) {
	var page strings.Builder
	for _, c := range []struct {
		reason string
		cause  pipeline.Cause
		sure   pipeline.Sureness
	}{
		{"authorization violation", pipeline.CausePermission, pipeline.Certain},
		{"Authentication Expired", pipeline.CausePermission, pipeline.Certain},
		{"permission denied: Permissions Violation for Publish to \"$JS.API.STREAM.LIST\"", pipeline.CausePermission, pipeline.Certain},
		{"tls: failed to verify certificate: x509: certificate has expired", pipeline.CausePermission, pipeline.Certain},
		{"dial tcp: lookup nats.dr: no such host", pipeline.CauseRoute, pipeline.Certain},
		{"dial tcp 127.0.0.1:4222: connect: connection refused", pipeline.CauseRoute, pipeline.Certain},
		{"dial tcp 10.0.0.1:4222: connect: no route to host", pipeline.CauseRoute, pipeline.Certain},
		{"dial tcp 10.0.0.1:4222: i/o timeout", pipeline.CauseRoute, pipeline.Likely},
		{"stale connection", pipeline.CauseRoute, pipeline.Likely},
		{"127.0.0.1:22 does not speak NATS", pipeline.CauseRoute, pipeline.Possible},
		{"the server closed the connection", pipeline.CauseNotObservable, pipeline.Certain},
		{"no answer", pipeline.CauseNotObservable, pipeline.Certain},
		{"", pipeline.CauseNotObservable, pipeline.Certain},
	} {
		v := &pipeline.View{Connection: &pipeline.ConnectionView{Name: "dr", Blind: true, BlindSince: ago(20), Reason: c.reason}}
		d := diagnosis.Diagnoser{}.Diagnose(now, v, &pipeline.Incident{Rule: pipeline.RuleUnobserved, Opened: ago(10)}, nil)
		if d.Cause != c.cause || d.Sure != c.sure {
			t.Errorf("%q: %q, %q; want %q, %q", c.reason, d.Cause, d.Sure, c.cause, c.sure)
		}
		write(&page, c.reason, d)
	}
	golden(t, "connection.txt", page.String())
}

func TestAConnectionThatSeesAgainKeepsItsCause(t *testing.T) {
	i := &pipeline.Incident{Rule: pipeline.RuleUnobserved, Diagnosis: pipeline.Diagnosis{Cause: pipeline.CauseRoute, Sure: pipeline.Certain, Because: []string{"x"}}}
	v := &pipeline.View{Connection: &pipeline.ConnectionView{Name: "dr", Uncovered: 1}}
	if d := (diagnosis.Diagnoser{}).Diagnose(now, v, i, nil); !reflect.DeepEqual(d, i.Diagnosis) {
		t.Errorf("%+v, want what was found before", d)
	}
	v.Connection.ListError = "permission denied"
	if d := (diagnosis.Diagnoser{}).Diagnose(now, v, i, nil); d.Cause != pipeline.CausePermission {
		t.Errorf("streams cannot be listed: %q", d.Cause)
	}
}

func TestWhatWasFoundStandsWhileNothingIsSeen(t *testing.T) {
	found := pipeline.Diagnosis{Cause: pipeline.CauseLinkDown, Sure: pipeline.Likely, Because: []string{"x"}}
	blind := with(healthy().silent(40), func(w *world) { w.stream.Blind, w.incident.Diagnosis = "no answer", found })
	lost := with(healthy().stalled(), func(w *world) {
		w.stream.Fault.Kind, w.incident.Diagnosis = pipeline.FaultNoAnswer, found
	})
	for name, w := range map[string]*world{"blind": blind, "a look without an answer": lost} {
		v, i := w.view()
		if d := (diagnosis.Diagnoser{}).Diagnose(now, v, i, nil); !reflect.DeepEqual(d, found) {
			t.Errorf("%s: %+v, want what was found before", name, d)
		}
	}
}
