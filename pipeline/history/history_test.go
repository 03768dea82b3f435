package history_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/history"
)

func TestIncidentsAreFiltered(t *testing.T) {
	var a audit
	one, two, three := silent("one", link("A"), 1), silent("two", link("B"), 2), silent("three", link("A"), 3)
	three.Rule = pipeline.RuleLag
	a.opens(one)
	a.opens(two)
	a.event(pipeline.Event{At: at(2), Kind: pipeline.EventWithheld, Changes: []string{"two/1"}})
	a.ends(one, 3)
	a.opens(three)
	a.add(pipeline.Record{Change: &pipeline.Change{Kind: pipeline.Opened, Test: true, Incident: silent("test", link("A"), 9)}})
	a.ends(three, 20)
	matcher, err := pipeline.ParseMatcher("stream=A")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		history.Filter
		want []string
	}{
		"all":    {history.Filter{}, []string{"one 2", "two 1 silenced", "three 2"}},
		"from":   {history.Filter{From: at(5)}, []string{"two 1 silenced", "three 2"}},
		"to":     {history.Filter{To: at(4)}, []string{"one 2", "two 1 silenced"}},
		"match":  {history.Filter{Match: pipeline.Match{matcher}}, []string{"one 2", "three 2"}},
		"rule":   {history.Filter{Rule: pipeline.RuleLag}, []string{"three 2"}},
		"open":   {history.Filter{Open: true}, []string{"two 1 silenced"}},
		"newest": {history.Filter{Limit: 2}, []string{"two 1 silenced", "three 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := history.Incidents(a.records, c.Filter)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, i := range all {
				got = append(got, fmt.Sprintf("%s %d", i.ID, len(i.History)))
				if i.Silenced {
					got[len(got)-1] += " silenced"
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheNewestOfManyAreKept(t *testing.T) {
	var a audit
	for n := range 500 {
		i := silent(fmt.Sprintf("mw-%03d", n), link("A"), float64(n))
		a.opens(i)
		a.ends(i, float64(n)+2)
	}
	all, err := history.Incidents(a.records, history.Filter{Limit: 3})
	if err != nil || len(all) != 3 || all[0].ID != "mw-497" || all[2].ID != "mw-499" || all[2].Ended.Sub(at(501)) != 0 {
		t.Errorf("%+v %v", all, err)
	}
}

func TestAnErrorOfTheRecordsIsReturned(t *testing.T) {
	broken := errors.New("read journal: damaged")
	fails := func(func(pipeline.Record) error) error { return broken }
	if _, err := history.Incidents(fails, history.Filter{}); !errors.Is(err, broken) {
		t.Error(err)
	}
	if _, err := history.MakeReport(history.Query{Records: fails, From: from, To: to, Now: time.Now()}); !errors.Is(err, broken) {
		t.Error(err)
	}
}
