package history_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/history"
)

// The month is March 2026: 31 days, 744 hours.
var (
	from = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	to   = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
)

func at(hours float64) time.Time { return from.Add(time.Duration(hours * float64(time.Hour))) }

func link(stream string) pipeline.Subject {
	return pipeline.Subject{
		StreamKey: pipeline.StreamKey{Connection: "dr", Stream: stream}, Kind: pipeline.KindMirror, Origin: "ORDERS",
	}
}

// record is a stream with one link and a limit, watched since long before March.
func record(stream string, limit time.Duration) pipeline.StreamRecord {
	s := link(stream)
	r := pipeline.StreamRecord{
		Key: s.StreamKey, First: at(-1000), Links: []pipeline.LinkRecord{{Subject: s, First: at(-1000), Proof: to}},
	}
	if limit > 0 {
		r.Policy.SeenCritical = pipeline.Some(limit)
	}
	return r
}

// audit makes records.
type audit []pipeline.Record

func (a *audit) add(r pipeline.Record) {
	r.Number = uint64(len(*a) + 1)
	*a = append(*a, r)
}

func (a audit) records(yield func(pipeline.Record) error) error {
	for _, r := range a {
		if err := yield(r); err != nil {
			return err
		}
	}
	return nil
}

func (a *audit) event(e pipeline.Event) { a.add(pipeline.Record{Event: &e}) }

func (a *audit) change(kind pipeline.ChangeKind, when time.Time, i pipeline.Incident) {
	i.Changes++
	a.add(pipeline.Record{Change: &pipeline.Change{Kind: kind, At: when, Incident: i}})
}

// silent is an incident of a link that was silent from a time on, and is told of when the limit of one hour passed.
func silent(id string, s pipeline.Subject, since float64) pipeline.Incident {
	return pipeline.Incident{
		ID: id, Rule: pipeline.RuleSeen, Subject: s, Level: pipeline.Critical, Since: at(since), Opened: at(since + 1),
		Limit: 3600, Unit: pipeline.UnitSeconds,
	}
}

func (a *audit) opens(i pipeline.Incident) { a.change(pipeline.Opened, i.Opened, i) }

func (a *audit) ends(i pipeline.Incident, when float64) {
	i.Ended, i.Changes = at(when), 1
	a.change(pipeline.Resolved, at(when), i)
}

func (a *audit) told(id string, when time.Time) {
	a.add(pipeline.Record{Attempt: &pipeline.Attempt{Changes: []string{id + "/1"}, At: when, Outcome: pipeline.OutcomeDelivered}})
}

func report(t *testing.T, a audit, q history.Query) *history.Report {
	t.Helper()
	q.From, q.To, q.Records = from, to, a.records
	if q.Now.IsZero() {
		q.Now = to.Add(time.Hour)
	}
	r, err := history.MakeReport(q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// row is what of a link is compared, in hours.
func row(l history.Link) string {
	h := func(s history.Seconds) float64 { return time.Duration(s).Hours() }
	risk, tell, kept := "-", "-", "-"
	if l.AtRisk != nil {
		risk = fmt.Sprintf("%d %v", *l.AtRisk, l.AtRiskAtLeast)
	}
	if l.TimeToTell != nil {
		tell = l.TimeToTell.String()
	}
	if l.Compliance != nil {
		kept = fmt.Sprint(math.Round(*l.Compliance*1e4) / 1e4)
	}
	return fmt.Sprintf("limit %v of %v/%v: %d over %v (%v) dark %v (%v) still %v blind %v down %v risk %s tell %s untold %d silenced %d open %v: %s",
		h(l.Limit), h(l.Limited), h(l.Watched), l.Violations, h(l.OverLimit), h(l.LongestOverLimit), h(l.Dark), h(l.LongestDark),
		h(l.NotCopying), h(l.Unobserved), h(l.AgentDown), risk, tell, l.Untold, l.Silenced, l.Open, kept)
}

func expect(t *testing.T, r *history.Report, want ...string) {
	t.Helper()
	var got []string
	for _, l := range r.Links {
		got = append(got, row(l))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}
