package diagnosis_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/diagnosis"
)

// told is a world, and what is to be said of it.
type told struct {
	name  string
	world *world
	cause pipeline.Cause
	sure  pipeline.Sureness
}

func with(w *world, edit func(w *world)) *world {
	edit(w)
	return w
}

func leafnode(up bool, edit func(r *pipeline.Trunk)) []pipeline.Trunk {
	r := pipeline.Trunk{Connection: "sys", Kind: pipeline.TrunkLeafnode, Server: "n1", Remote: "h1", Up: up, Since: ago(40), Moved: ago(41)}
	if up {
		r.Since = ago(9000)
	}
	if edit != nil {
		edit(&r)
	}
	return []pipeline.Trunk{r}
}

func cases() []told {
	const certain, likely, possible = pipeline.Certain, pipeline.Likely, pipeline.Possible
	return []told{
		{"leafnode cut", healthy().silent(40).unseen(35, pipeline.FaultNoResponders, ""), pipeline.CauseLinkDown, likely},
		{"leafnode cut, its server says so", with(healthy().silent(40).unseen(35, pipeline.FaultNoResponders, ""), func(w *world) {
			w.routes = leafnode(false, nil)
		}), pipeline.CauseLinkDown, certain},
		{"another account's leafnode went down", with(healthy().silent(40), func(w *world) {
			w.link.Subject.Account = "ACC"
			w.link.Origin = w.origin(45, 480)
			w.routes = leafnode(false, func(r *pipeline.Trunk) { r.Account = "OTHER" })
		}), pipeline.CauseUnknown, ""},
		{"a leafnode went down long before", with(healthy().silent(40), func(w *world) {
			w.link.Origin = w.origin(45, 480)
			w.routes = leafnode(false, func(r *pipeline.Trunk) { r.Since = ago(900) })
		}), pipeline.CauseUnknown, ""},
		{"gateway cut", healthy().inside().silent(40).unseen(35, pipeline.FaultNoAnswer, "within 4s"), pipeline.CauseLinkDown, likely},
		{"leafnode cut, leader stepped down", with(healthy().silent(40).unseen(35, pipeline.FaultNoResponders, ""), func(w *world) {
			w.link.Sample.Active, w.link.Bound = -1, time.Time{}
			w.stream.Advisories = []pipeline.Advisory{{At: ago(15), Kind: pipeline.AdvisoryLeader}}
		}), pipeline.CauseLinkDown, likely},
		{"cut, and the origin is well elsewhere", with(healthy().silent(40), func(w *world) { w.link.Origin.Path = "hub" }), pipeline.CauseLinkDown, likely},
		{"leafnode blackholed", healthy().silent(40).unseen(35, pipeline.FaultNoAnswer, "within 4s"), pipeline.CauseBlackhole, possible},
		{"leafnode blackholed, and nothing comes over it", with(healthy().silent(40).unseen(35, pipeline.FaultNoAnswer, "within 4s"), func(w *world) {
			w.routes = leafnode(true, nil)
		}), pipeline.CauseBlackhole, likely},
		{"gateway blackholed, and found stale", with(healthy().inside().silent(60).unseen(35, pipeline.FaultNoAnswer, ""), func(w *world) {
			w.routes = leafnode(false, func(r *pipeline.Trunk) {
				r.Kind, r.Remote, r.Since, r.Detail = pipeline.TrunkGateway, "east", ago(21), "Stale Connection"
			})
		}), pipeline.CauseBlackhole, certain},
		{"leafnode's user revoked", with(healthy().silent(40).unseen(35, pipeline.FaultNoResponders, ""), func(w *world) {
			w.routes = leafnode(false, func(r *pipeline.Trunk) { r.Detail = "Authorization Violation" })
		}), pipeline.CausePermission, certain},
		{"leafnode's name does not resolve", with(healthy().silent(40).unseen(35, pipeline.FaultNoResponders, ""), func(w *world) {
			w.routes = leafnode(false, func(r *pipeline.Trunk) { r.Detail = "dial tcp: lookup hub: no such host" })
		}), pipeline.CauseRoute, certain},

		{"delivery blocked, at first", with(healthy().silent(20), func(w *world) {
			w.link.Resets, w.link.Sample.Active = 1, 6*time.Second
		}), pipeline.CauseDelivery, likely},
		{"delivery blocked", with(healthy().silent(90), func(w *world) {
			w.link.Resets, w.link.Sample.Active, w.link.Bound = 4, 3*time.Second, ago(5)
		}), pipeline.CauseDelivery, certain},
		{"self-healing", healthy().silent(20), pipeline.CauseSelfHealing, likely},
		{"retry after a cut", with(healthy().silent(200), func(w *world) {
			w.incident.Diagnosis = pipeline.Diagnosis{Cause: pipeline.CauseLinkDown, Sure: likely}
		}), pipeline.CauseRetry, likely},
		{"retry after the origin was created at last", with(healthy().silent(200), func(w *world) {
			w.link.Origin.Path = "hub"
			w.incident.Diagnosis = pipeline.Diagnosis{Cause: pipeline.CauseDeleted, Sure: certain}
		}), pipeline.CauseRetry, likely},
		{"made anew a moment ago", with(healthy().silent(100), func(w *world) {
			w.link.Resets, w.link.Sample.Active, w.link.Origin.Path = 1, time.Second, "hub"
		}), pipeline.CauseLinkDown, likely},
		{"retry that lasts", with(healthy().silent(600), func(w *world) {
			w.incident.Diagnosis, w.incident.Changed = pipeline.Diagnosis{Cause: pipeline.CauseRetry, Sure: likely}, ago(151)
		}), pipeline.CauseRetry, possible},
		{"API import was removed before", with(healthy().silent(40).unseen(600, pipeline.FaultNoResponders, ""), func(*world) {}), pipeline.CausePermission, likely},

		{"origin deleted, standalone", with(healthy().silent(40).unseen(35, pipeline.FaultNotFound, "stream not found"), func(w *world) {
			w.link.Sample.Error, w.link.Sample.ErrCode = "stream not found", 10059
		}), pipeline.CauseDeleted, certain},
		{"origin deleted, clustered", healthy().silent(40).unseen(35, pipeline.FaultNotFound, "stream not found"), pipeline.CauseDeleted, certain},
		{"origin deleted while the agent was away", with(healthy().silent(40).unseen(35, pipeline.FaultNotFound, "stream not found"), func(w *world) {
			w.link.Origin, w.link.Progress = nil, pipeline.NewProgress(pipeline.OriginRecord{Seen: [4]pipeline.OriginSeen{{Path: pipeline.PathOwn, Created: ago(90000)}}})
		}), pipeline.CauseDeleted, certain},
		{"origin never there", with(healthy().silent(40).unseen(35, pipeline.FaultNotFound, "stream not found"), func(w *world) {
			w.link.Origin, w.link.Sample.Active, w.link.Proof, w.link.Bound, w.link.First = nil, -1, time.Time{}, time.Time{}, ago(40)
		}), pipeline.CauseDeleted, likely},
		{"origin recreated", healthy().replaced(ago(35)), pipeline.CauseRecreated, certain},
		{"origin restored older", healthy().replaced(ago(90000)), pipeline.CauseRecreated, certain},
		{"origin's subjects changed", with(healthy().strayed(), func(w *world) { w.rule = pipeline.RuleDiverged }), pipeline.CauseReconfigured, certain},
		{"origin's subjects changed, and the link is silent", healthy().strayed().silent(90), pipeline.CauseReconfigured, likely},
		{"origin's subjects never matched", with(healthy().silent(90), func(w *world) {
			w.link.Sample.Filter, w.link.Subject.Filter = "orders.eu.>", "orders.eu.>"
			w.link.Origin.Subjects = []string{"orders.us.*"}
		}), pipeline.CauseReconfigured, likely},
		{"origin's cluster down", healthy().silent(40).unseen(35, pipeline.FaultAPI, "503/10008 JetStream system temporarily unavailable"), pipeline.CauseOriginDown, likely},
		{"origin offline, within one domain", healthy().inside().silent(40).unseen(35, pipeline.FaultOffline, "stream is offline"), pipeline.CauseOriginDown, possible},
		{"origin without leader", with(healthy().silent(40), func(w *world) { w.link.Origin.Leader = "" }), pipeline.CauseOriginDown, likely},
		{"origin seen by nobody", with(healthy().silent(40).unseen(35, pipeline.FaultNoAnswer, ""), func(w *world) { w.link.Origin.Path = "hub" }), pipeline.CauseOriginDown, likely},
		{"may not ask about the origin any more", healthy().silent(40).unseen(35, pipeline.FaultDenied, "publish to x"), pipeline.CausePermission, possible},

		{"flow control, server tells", with(healthy().stalled(), func(w *world) {
			w.link.Sample.Error, w.link.Sample.ErrCode = "flow control stalled", 10228
		}), pipeline.CauseFlowControl, certain},
		{"flow control, server does not tell", healthy().stalled(), pipeline.CauseFlowControl, possible},
		{"mirror sealed", with(healthy().stalled(), func(w *world) { w.stream.Whole.Bounds.Sealed = true }), pipeline.CauseFull, certain},
		{"mirror full of messages", with(healthy().stalled(), func(w *world) {
			w.stream.Whole.Bounds = pipeline.Bounds{Messages: 480, DiscardNew: true}
		}), pipeline.CauseFull, certain},
		{"mirror full of bytes", with(healthy().stalled(), func(w *world) {
			w.stream.Whole.Bounds = pipeline.Bounds{Bytes: 48050, DiscardNew: true}
		}), pipeline.CauseFull, certain},
		{"lag rises, and nothing is stored", with(healthy(), func(w *world) {
			w.rule = pipeline.RuleNotCopying
			for _, seconds := range []float64{40, 30, 20, 10, 2} {
				s := *w.stream.Whole
				s.Asked, s.At, w.link.Sample.Lag = ago(seconds), ago(seconds), uint64(1000-seconds*10)
				w.link.Progress.Observe(&s, &w.link.Sample, ago(seconds+0.5))
			}
		}), pipeline.CauseFull, possible},
		{"at its limit, discards old", with(healthy().stalled(), func(w *world) {
			w.stream.Whole.Bounds = pipeline.Bounds{Messages: 480}
		}), pipeline.CauseFlowControl, possible},
		{"behind, and it copies", with(healthy(), func(w *world) { w.rule, w.link.Sample.Lag = pipeline.RuleLag, 5000 }), "", ""},

		{"no leader", with(healthy(), func(w *world) {
			w.rule, w.whole, w.stream.Leaderless, w.stream.Whole.Leader = pipeline.RuleLeaderless, true, ago(15), ""
			w.link.Sample.Reported = false
		}), pipeline.CauseLeaderless, likely},
		{"quorum lost", with(healthy(), func(w *world) {
			w.stream.Leaderless, w.stream.Whole.Leader, w.link.Sample.Reported = ago(15), "", false
			w.stream.Advisories = []pipeline.Advisory{{At: ago(70), Kind: pipeline.AdvisoryLeader}, {At: ago(14), Kind: pipeline.AdvisoryQuorum}}
		}), pipeline.CauseLeaderless, certain},
		{"offline", with(healthy(), func(w *world) {
			w.rule, w.whole, w.stream.Fault = pipeline.RuleLeaderless, true, pipeline.Fault{Kind: pipeline.FaultOffline, Text: "stream is offline"}
		}), pipeline.CauseLeaderless, certain},
		{"all peers killed", with(healthy(), func(w *world) {
			w.stream.Fault = pipeline.Fault{Kind: pipeline.FaultAPI, Text: "503/10008 JetStream system temporarily unavailable"}
			w.stream.Leaderless = ago(15)
		}), pipeline.CauseLeaderless, likely},
		{"leader frozen", with(healthy(), func(w *world) { w.stream.Fault = pipeline.Fault{Kind: pipeline.FaultNoAnswer, Text: "within 2s"} }), pipeline.CauseNotObservable, certain},
		{"we may not ask", with(healthy(), func(w *world) { w.stream.Fault = pipeline.Fault{Kind: pipeline.FaultDenied} }), pipeline.CausePermission, certain},
		{"named and never seen", with(healthy(), func(w *world) {
			w.rule, w.whole, w.stream.Whole, w.link = pipeline.RuleSeenDefault, true, nil, pipeline.LinkView{}
			w.stream.Key = pipeline.StreamKey{Connection: "dr", Stream: "TYPO"}
		}), pipeline.CauseNotObservable, certain},
		{"silent, and nobody asks about origins", with(healthy().silent(40), func(w *world) { w.link.Origin = nil }), pipeline.CauseUnknown, ""},
		{"peers", with(healthy(), func(w *world) { w.rule, w.whole = pipeline.RulePeers, true }), "", ""},
	}
}

func TestCauses(t *testing.T) {
	var page strings.Builder
	for _, c := range cases() {
		v, i := c.world.view()
		d := diagnosis.Diagnoser{}.Diagnose(now, v, i, c.world.routes)
		if d.Cause != c.cause || d.Sure != c.sure {
			t.Errorf("%s: %q, %q because %q; want %q, %q", c.name, d.Cause, d.Sure, d.Because, c.cause, c.sure)
		}
		later := diagnosis.Diagnoser{}.Diagnose(now.Add(time.Second), v, i, c.world.routes)
		if fmt.Sprint(later.Because, later.Next, later.Warnings) != fmt.Sprint(d.Because, d.Next, d.Warnings) {
			t.Errorf("%s: the texts change though nothing does:\n%q\n%q", c.name, d.Because, later.Because)
		}
		write(&page, c.name, d)
	}
	golden(t, "causes.txt", page.String())
}

func write(b *strings.Builder, name string, d pipeline.Diagnosis) {
	fmt.Fprintf(b, "== %s: %s (%s)\n", name, d.Cause, d.Sure)
	for _, s := range d.Because {
		fmt.Fprintf(b, "   %s\n", s)
	}
	for _, s := range d.Next {
		fmt.Fprintf(b, " > %s\n", s.Do)
		if s.Command != "" {
			fmt.Fprintf(b, "   $ %s\n", s.Command)
		}
	}
	for _, s := range d.Warnings {
		fmt.Fprintf(b, " ! %s\n", s)
	}
}

// golden compares a text with a file; UPDATE_GOLDEN=1 writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; UPDATE_GOLDEN=1 go test ./pipeline/diagnosis writes it anew", path)
	}
}
