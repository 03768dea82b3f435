package diagnosis_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/diagnosis"
)

// caused are the rules whose incidents always have a cause.
var caused = []string{
	pipeline.RuleSeen, pipeline.RuleSeenDefault, pipeline.RuleNotCopying, pipeline.RuleDiverged, pipeline.RuleLeaderless,
}

func causes() []pipeline.Cause {
	return []pipeline.Cause{
		pipeline.CauseLinkDown, pipeline.CauseBlackhole, pipeline.CauseDelivery, pipeline.CauseFlowControl, pipeline.CauseRoute,
		pipeline.CauseDeleted, pipeline.CauseRecreated, pipeline.CauseReconfigured, pipeline.CauseOriginDown, pipeline.CausePermission,
		pipeline.CauseLeaderless, pipeline.CauseFull, pipeline.CauseRetry, pipeline.CauseSelfHealing, pipeline.CauseNotObservable,
		pipeline.CauseUnknown,
	}
}

func faults() []pipeline.FaultKind {
	return []pipeline.FaultKind{
		pipeline.FaultNone, pipeline.FaultNone, pipeline.FaultNoAnswer, pipeline.FaultNoResponders, pipeline.FaultDisconnected, pipeline.FaultDenied,
		pipeline.FaultMissing, pipeline.FaultOffline, pipeline.FaultNotFound, pipeline.FaultAPI, pipeline.FaultNonsense,
	}
}

// TestEveryIncidentGetsACauseOfTheSet draws views without regard to what servers do: none makes the diagnosis panic, and the same
// question has the same answer.
func TestEveryIncidentGetsACauseOfTheSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, i, routes := drawView(t)
		before := *i
		d := diagnosis.Diagnoser{}.Diagnose(now, v, i, routes)
		if again := (diagnosis.Diagnoser{}).Diagnose(now, v, i, routes); !reflect.DeepEqual(d, again) {
			t.Fatalf("twice the same question: %+v, %+v", d, again)
		}
		if !reflect.DeepEqual(before, *i) {
			t.Fatal("the incident was changed")
		}
		must := slices.Contains(caused, i.Rule) && v.Stream != nil || i.Rule == pipeline.RuleUnobserved && v.Connection != nil
		switch {
		case d.Cause == "" && must:
			t.Fatalf("no cause for %s", i.Rule)
		case d.Cause == "":
			if !reflect.DeepEqual(d, pipeline.Diagnosis{}) {
				t.Fatalf("no cause, and evidence: %+v", d)
			}
		case !slices.Contains(causes(), d.Cause):
			t.Fatalf("cause %q", d.Cause)
		case d.Cause != pipeline.CauseUnknown && d.Sure == "":
			t.Fatalf("%q: how sure is not told", d.Cause)
		case len(d.Because) == 0 || len(d.Next) == 0 || slices.Contains(d.Because, ""):
			t.Fatalf("%q without evidence, or without a step: %+v", d.Cause, d)
		}
	})
}

func drawView(t *rapid.T) (*pipeline.View, *pipeline.Incident, []pipeline.Trunk) {
	w := healthy()
	i := func(name string, most int) int { return rapid.IntRange(0, most).Draw(t, name) }
	is := func(name string) bool { return rapid.Bool().Draw(t, name) }
	at := func(name string) time.Time {
		if is("no " + name) {
			return time.Time{}
		}
		return ago(float64(i(name, 700)))
	}
	text := func(name string) string {
		return rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"10008", "i/o timeout", "Stale Connection", "authorization violation"})).Draw(t, name)
	}
	fault := func(name string) pipeline.Fault {
		return pipeline.Fault{Kind: rapid.SampledFrom(faults()).Draw(t, name), Text: text(name + " text")}
	}
	switch i("progress", 3) {
	case 0:
		w.stalled()
	case 1:
		w.replaced(ago(float64(i("created", 90000))))
	}
	w.rule = rapid.SampledFrom(append([]string{pipeline.RuleLag, pipeline.RulePeers, pipeline.RuleUnobserved}, caused...)).Draw(t, "rule")
	w.whole = is("on the whole stream")
	l := &w.link
	l.Proof, l.Bound, l.First, l.UnseenFor = at("proof"), at("bound"), at("first"), at("unseen for")
	l.Resets, l.Unseen = i("resets", 4), fault("unseen")
	l.Sample.Active = time.Duration(i("active", 90)-1) * time.Second
	l.Sample.Reported, l.Sample.Error = is("reported"), text("error")
	l.Sample.ErrCode = rapid.SampledFrom([]int{0, 10059, 10228, 1}).Draw(t, "code")
	l.Sample.Filter = rapid.SampledFrom([]string{"", "a.*", "orders.>,b", ">"}).Draw(t, "filter")
	l.Subject = l.Sample.Subject(w.stream.Key)
	if is("no origin") {
		l.Origin = nil
	} else {
		v := *l.Origin
		v.Path, v.Leader = rapid.SampledFrom([]string{pipeline.PathOwn, "hub", ""}).Draw(t, "path"), rapid.SampledFrom([]string{"h1", ""}).Draw(t, "origin's leader")
		l.Origin = &v
	}
	s := &w.stream
	s.Fault, s.Leaderless = fault("fault"), at("leaderless")
	s.Whole.Bounds = pipeline.Bounds{Messages: int64(i("messages", 500)), Bytes: int64(i("bytes", 50000)), DiscardNew: is("discard new"), Sealed: is("sealed")}
	s.Whole.Leader = rapid.SampledFrom([]string{"n1", ""}).Draw(t, "leader")
	if is("never whole") {
		s.Whole = nil
	}
	if i("blind", 4) == 0 {
		s.Blind = "no answer"
	}
	for range i("advisories", 3) {
		kind := rapid.SampledFrom([]pipeline.AdvisoryKind{pipeline.AdvisoryLeader, pipeline.AdvisoryQuorum, pipeline.AdvisoryUpdated}).Draw(t, "advisory")
		s.Advisories = append(s.Advisories, pipeline.Advisory{At: at("advised"), Kind: kind})
	}
	for range i("routes", 3) {
		w.routes = append(w.routes, pipeline.Trunk{
			Kind: rapid.SampledFrom([]pipeline.TrunkKind{pipeline.TrunkGateway, pipeline.TrunkLeafnode}).Draw(t, "kind"),
			Up:   is("up"), Outbound: is("outbound"), Since: at("since"), Moved: at("moved"), Detail: text("detail"),
		})
	}
	v, incident := w.view()
	switch i("view", 9) {
	case 0:
		v = &pipeline.View{Connection: &pipeline.ConnectionView{Name: "dr", Blind: is("blind"), BlindSince: at("blind since"), Reason: text("reason"), ListError: text("list error")}}
	case 1:
		v = &pipeline.View{Agent: &pipeline.AgentView{}}
	case 2:
		v.Stream.Links = nil
	}
	return v, incident, w.routes
}
