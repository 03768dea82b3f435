package wording_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

// group is the life of incidents that travel together.
type group struct{ life exportertest.Life }

func (g *group) tell(changes ...pipeline.Change) *wording.Group {
	n := g.life.Tell(changes...)
	return wording.GroupOf(&n)
}

func orders(k int) pipeline.Incident {
	i := exportertest.Lost()
	i.ID = fmt.Sprintf("mw-%04d", k)
	i.Subject.Stream, i.Subject.Origin = fmt.Sprintf("ORDERS_%d", k), fmt.Sprintf("ORDERS_%d_ORIGIN", k)
	return i
}

func all(n int, kind pipeline.ChangeKind, after time.Duration) []pipeline.Change {
	var changes []pipeline.Change
	for k := range n {
		changes = append(changes, exportertest.Of(orders(k), kind, after+time.Duration(k)*time.Minute))
	}
	return changes
}

func TestTitleOfAGroupSpeaksOfWhatIsOpen(t *testing.T) {
	const where = " via $JS.hub.API (connection dr)"
	var g group
	steps := []struct {
		changes []pipeline.Change
		want    string
	}{
		{all(4, pipeline.Opened, 0), "CRITICAL: 4 mirrors have no contact with their origins" + where},
		{all(1, pipeline.Eased, 0), "CRITICAL: 4 mirrors have no contact with their origins (3 critical, 1 warning)" + where},
		{all(2, pipeline.Resolved, 2*time.Minute), "CRITICAL: 2 mirrors have no contact with their origins" + where + "; 2 resolved"},
		{[]pipeline.Change{exportertest.Of(orders(2), pipeline.Closed, 5*time.Minute)}, "CRITICAL: mirror ORDERS_3 has had no contact with its origin ORDERS_3_ORIGIN for 6m; 3 ended"},
		{[]pipeline.Change{exportertest.Of(orders(3), pipeline.Resolved, 9*time.Minute)}, "ALL ENDED: 3 resolved, 1 without a recovery, dark for 3m to 10m, via $JS.hub.API (connection dr)"},
	}
	for n, step := range steps {
		if got := g.tell(step.changes...).Title(); got != step.want {
			t.Errorf("step %d: %q, want %q", n+1, got, step.want)
		}
	}
}

func TestGroupThatIsWellAgainSaysForHowLongItWasDark(t *testing.T) {
	var g group
	g.tell(all(10, pipeline.Opened, 0)...)
	got := g.tell(all(10, pipeline.Resolved, 2*time.Minute)...)
	if want := "RESOLVED: all 10 mirrors are in contact with their origins again, dark for 3m to 12m, via $JS.hub.API (connection dr)"; got.Title() != want {
		t.Errorf("%q, want %q", got.Title(), want)
	}
	if got.Brings() != "10 resolved" || !got.Over() {
		t.Errorf("brings %q", got.Brings())
	}
}

func TestWhatIsNotKnownOfAGroupIsNotClaimed(t *testing.T) {
	var g group
	g.tell(all(700, pipeline.Opened, 0)...)
	g.tell(all(699, pipeline.Resolved, time.Minute)...)
	got := g.tell(exportertest.Of(orders(699), pipeline.Resolved, time.Minute))
	if title := got.Title(); !strings.HasPrefix(title, "RESOLVED: all 700 incidents: the mirrors are in contact again") || !strings.Contains(title, "dark for up to 11h 40m") {
		t.Errorf("title is %q", title)
	}
}

func TestMirrorThatFailedTwiceIsCountedOnce(t *testing.T) {
	var g group
	again := orders(0)
	again.ID = "mw-again"
	g.tell(all(2, pipeline.Opened, 0)...)
	g.tell(exportertest.Of(orders(0), pipeline.Resolved, time.Minute), exportertest.Of(again, pipeline.Opened, 2*time.Minute))
	got := g.tell(exportertest.Of(again, pipeline.Resolved, 4*time.Minute), exportertest.Of(orders(1), pipeline.Resolved, 4*time.Minute))
	if title := got.Title(); !strings.HasPrefix(title, "RESOLVED: all 2 mirrors") {
		t.Errorf("title is %q", title)
	}
}

func TestGroupOfOneReadsAsItsIncident(t *testing.T) {
	for name, n := range exportertest.Samples() {
		if len(n.Changes) != 1 || n.Open+n.Ended > 1 {
			continue
		}
		g, story := wording.GroupOf(&n), only(n.Changes[0])
		if g.Title() != wording.Headline(&story) || fmt.Sprint(g.Facts()) != fmt.Sprint(wording.Facts(&story)) ||
			fmt.Sprint(g.Commands()) != fmt.Sprint(wording.Commands(&story)) {
			t.Errorf("%s: %q", name, g.Title())
		}
	}
}

func TestCallAsksForAttentionWhereItIsNeeded(t *testing.T) {
	warning := orders(7)
	warning.Level = pipeline.Warning
	later := func(k int, kind pipeline.ChangeKind) pipeline.Change {
		return exportertest.Of(orders(k), kind, time.Hour)
	}
	for name, test := range map[string]struct {
		changes     []pipeline.Change
		begin       string // of the title; empty: no call
		aloud, page bool
	}{
		"spread":            {[]pipeline.Change{later(8, pipeline.Opened), later(9, pipeline.Opened)}, "CRITICAL, spreading: 2 more mirrors", true, true},
		"escalated":         {[]pipeline.Change{later(0, pipeline.Escalated)}, "CRITICAL (was warning): mirror ORDERS_0 ", true, true},
		"reminded":          {[]pipeline.Change{later(0, pipeline.Reminded), later(1, pipeline.Reminded)}, "STILL CRITICAL after 1h 1m: 2 mirrors", true, false},
		"another warning":   {[]pipeline.Change{exportertest.Of(warning, pipeline.Opened, time.Hour)}, "WARNING, spreading: mirror ORDERS_7 ", false, false},
		"came and went":     {[]pipeline.Change{exportertest.Of(warning, pipeline.Opened, 0), exportertest.Of(warning, pipeline.Resolved, time.Minute)}, "TOLD LATE: 1 incident ", false, false},
		"all over":          {all(2, pipeline.Resolved, time.Hour), "RESOLVED: all 2 mirrors", false, false},
		"partly over":       {all(1, pipeline.Resolved, time.Hour), "", false, false},
		"one deleted":       {all(1, pipeline.Closed, time.Hour), "NO LONGER WATCHED: mirror ORDERS_0 was deleted", false, false},
		"eased":             {all(1, pipeline.Eased, time.Hour), "", false, false},
		"updated":           {all(1, pipeline.Updated, time.Hour), "", false, false},
		"critical and over": {[]pipeline.Change{later(0, pipeline.Escalated), numbered(later(0, pipeline.Resolved), 3)}, "", false, false},
	} {
		var g group
		g.tell(all(2, pipeline.Opened, 0)...)
		call := g.tell(test.changes...).Call()
		switch {
		case call == nil && test.begin == "":
		case call == nil || test.begin == "":
			t.Errorf("%s: call is %v", name, call)
		case !strings.HasPrefix(call.Title, test.begin) || call.Aloud != test.aloud || call.Page != test.page:
			t.Errorf("%s: %q, aloud %v, page %v", name, call.Title, call.Aloud, call.Page)
		}
	}
}

func TestTestChangeSaysSoFirst(t *testing.T) {
	for _, n := range []int{1, 3} {
		var g group
		changes := all(n, pipeline.Opened, 0)
		for k := range changes {
			changes[k].Test = true
		}
		got := g.tell(changes...)
		if !strings.HasPrefix(got.Title(), "TEST, nothing is broken: CRITICAL: ") || len(got.Commands()) > 0 {
			t.Errorf("%q, %q", got.Title(), got.Commands())
		}
	}
}

func TestSilenceOfAMemberWithoutNewsGoesOn(t *testing.T) {
	var g group
	g.tell(all(1, pipeline.Opened, 0)...)
	got := g.tell(exportertest.Of(orders(5), pipeline.Opened, 9*time.Minute))
	if line := got.Line(&got.Members[0]); line != "mirror ORDERS_0: no contact with its origin ORDERS_0_ORIGIN for 10m" {
		t.Errorf("%q", line)
	}
}

func TestIncidentThatComesAndGoesIsCalledFlapping(t *testing.T) {
	flapping := exportertest.Lost()
	flapping.Flaps = 5
	story := only(exportertest.Of(flapping, pipeline.Opened, 0))
	want := "FLAPPING, CRITICAL: mirror PAYMENTS_MIRROR: contact with its origin PAYMENTS came and went 5 times in 30m; held open"
	if got := wording.Headline(&story); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestGroupThatComesAndGoesTellsOfNoSilenceSinceItBegan(t *testing.T) {
	var g group
	changes := all(2, pipeline.Opened, 0)
	for n := range changes {
		changes[n].Incident.Flaps = 4
	}
	got := g.tell(changes...)
	for _, f := range got.Facts() {
		if f.Label == "No proven contact for" || f.Label == "Since, the longest" {
			t.Errorf("%s: %s", f.Label, f.Text)
		}
	}
}

func TestAddressesAreFilledInEscaped(t *testing.T) {
	i := exportertest.Deleted()
	i.Subject.Stream = "A/B ?&<x>"
	got := wording.Expand("https://wiki.example/{rule}/{stream}?c={cause}&o={connection}", &i)
	if want := "https://wiki.example/seen/A%2FB%20%3F%26%3Cx%3E?c=origin%20deleted&o=dr"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// numbered is the change as the incident's n-th.
func numbered(c pipeline.Change, n int) pipeline.Change {
	c.Incident.Changes = n
	return c
}
