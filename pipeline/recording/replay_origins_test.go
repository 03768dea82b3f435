package recording_test

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/diagnosis"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/recording"
	"mirrorwatch/pipeline/rules"
)

// trouble is an incident that a recording leads to where its origins are looked at too.
type trouble struct {
	rule   string
	origin string           // of the link; empty: the only one
	begins string           // the phase in which it opens
	by     time.Duration    // after that phase's begin, or since the origin had what the mirror lacks; it opens no later
	from   time.Duration    // after that phase's begin; it opens no earlier
	lacks  bool             // by counts from when the origin had a message that the mirror has not to the end of the incident
	causes []pipeline.Cause // that it may be told with, from its opening on
	must   pipeline.Cause   // that it is told with at some time; empty: any of them does
	ends   string           // the phase in which it resolves, if it does
	within time.Duration    // of that phase's begin; 0: the recording may end before it
	maybe  bool             // whether it opens depends on when looks are made
}

// TestReplayWithOriginsNamesEveryTroubleAndItsCause plays every recording with its origins' views, with several starts and
// intervals of looks, and holds every rule and the diagnosis against what was done.
func TestReplayWithOriginsNamesEveryTroubleAndItsCause(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	all := troubles()
	if len(files) != len(all) {
		t.Fatalf("%d recordings, %d are described", len(files), len(all))
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%-26s %5s %5s  %-12s %-6s %-36s %8s %8s  %s\n", "recording", "start", "every", "rule", "origin", "opened in", "after", "lacking", "causes; resolved")
	for _, file := range files {
		rec, err := recording.Open(file, jetstream.Decode)
		if err != nil {
			t.Fatal(err)
		}
		want, known := all[rec.Name]
		if !known {
			t.Errorf("%s is not described", rec.Name)
		}
		for _, start := range []float64{0, 1.3, 2.6, 3.9} {
			for _, interval := range []float64{4.5, 5, 5.5} {
				p := playOrigins(rec, seconds(start), seconds(interval))
				p.t, p.table, p.name = t, &table, fmt.Sprintf("%-26s %5.1f %5.1f", rec.Name, start, interval)
				p.judge(want)
			}
		}
	}
	t.Log("\n" + table.String())
}

// originPlay is what a recording led to, played with its origins.
type originPlay struct {
	t     *testing.T
	table *strings.Builder
	name  string

	rec     *recording.Recording
	last    time.Time
	changes []pipeline.Change
}

func playOrigins(rec *recording.Recording, start, interval time.Duration) *originPlay {
	first, last := rec.Span()
	p := &originPlay{rec: rec, last: last}
	w := pipeline.NewWatch(first.Add(start), pipeline.WatchOptions{
		Connection: mirror.Connection,
		Rules: []pipeline.Rule{
			rules.Seen{},
			rules.SeenDefault{After: 5 * time.Minute},
			rules.Lag{},
			rules.NotCopying{},
			rules.Diverged{},
			rules.Leaderless{},
			rules.Sources{},
			rules.Peers{},
			rules.Messages{},
			rules.Subjects{},
			rules.Policy{},
			rules.Unobserved{Patience: rules.DefaultPatience},
		},
		Interval: interval, LooksPerSecond: 500, Origins: true, Diagnoser: diagnosis.Diagnoser{},
	}, pipeline.State{})
	r := pipeline.Rehearsal{Streams: rec.Streams(mirror.Connection), At: rec.At, Origin: rec.Origin}
	r.Run(w, first.Add(start), last, func(_ time.Time, changes []pipeline.Change) { p.changes = append(p.changes, changes...) })
	return p
}

// judge holds the changes against the troubles of the recording.
func (p *originPlay) judge(want []trouble) {
	p.t.Helper()
	left := p.changes
	for _, w := range want {
		i := slices.IndexFunc(left, func(c pipeline.Change) bool {
			return c.Incident.Rule == w.rule && (w.origin == "" || c.Incident.Subject.Origin == w.origin)
		})
		switch {
		case i >= 0:
			id := left[i].Incident.ID
			var life []pipeline.Change
			left = slices.DeleteFunc(slices.Clone(left), func(c pipeline.Change) bool {
				if c.Incident.ID == id {
					life = append(life, c)
				}
				return c.Incident.ID == id
			})
			p.judgeLife(w, life)
		case !w.maybe:
			p.t.Errorf("%s: no %s %s", p.name, w.rule, w.origin)
		}
	}
	for _, c := range left {
		p.t.Errorf("%s: at %s %s %s %s: %s (%s)", p.name, c.At.Format(clock), c.Incident.Rule, c.Incident.Subject.Origin, c.Kind, c.Incident.Reason, c.Incident.Cause)
	}
	if len(want) == 0 && len(left) == 0 {
		fmt.Fprintf(p.table, "%s  nothing\n", p.name)
	}
}

// judgeLife holds the changes of one incident against what they are to be.
func (p *originPlay) judgeLife(w trouble, life []pipeline.Change) {
	p.t.Helper()
	fault := func(format string, args ...any) {
		p.t.Helper()
		p.t.Errorf("%s: %s %s: %s", p.name, w.rule, w.origin, fmt.Sprintf(format, args...))
	}
	opened, end := life[0], life[len(life)-1]
	if w.ends == promotion {
		if len(life) != 1 || opened.Kind != pipeline.Closed || opened.Incident.Reason != pipeline.ReasonPromoted {
			fault("%d changes, the first one %s: %s", len(life), opened.Kind, opened.Incident.Reason)
		}
		fmt.Fprintf(p.table, "%s  %-12s closed: %s\n", p.name, w.rule, opened.Incident.Reason)
		return
	}
	begins := phase(p.t, p.rec, w.begins).From
	after, by, lacking := opened.At.Sub(begins), opened.At.Sub(begins), "-"
	if w.lacks {
		by = opened.At.Sub(p.lacking(opened.At))
		lacking = fmt.Sprintf("%.1fs", by.Seconds())
	}
	if opened.Kind != pipeline.Opened || after < w.from || by > w.by {
		fault("%s %s into %q, want it after %s and by %s (%s)", opened.Kind, after, w.begins, w.from, w.by, by)
	}
	var causes []string
	for _, c := range life {
		if !slices.Contains(w.causes, c.Incident.Cause) {
			fault("%s at %s with the cause %q, want one of %q", c.Kind, c.At.Format(clock), c.Incident.Cause, w.causes)
		}
		if cause := cmp.Or(string(c.Incident.Cause), "none"); len(causes) == 0 || causes[len(causes)-1] != cause {
			causes = append(causes, cause)
		}
	}
	if w.must != "" && !slices.Contains(causes, string(w.must)) {
		fault("told with the causes %q, want %q too", causes, w.must)
	}
	resolved := "open to the end"
	if end.Kind.Ends() {
		if back := phase(p.t, p.rec, cmp.Or(w.ends, w.begins)).From; w.ends == "" || end.At.Before(back) || end.Kind != pipeline.Resolved {
			fault("%s at %s, want it resolved in %q", end.Kind, end.At.Format(clock), w.ends)
		} else {
			resolved = fmt.Sprintf("resolved %.1fs into %s", end.At.Sub(back).Seconds(), w.ends)
		}
	}
	if w.within > 0 {
		if back := phase(p.t, p.rec, w.ends).From; !end.Kind.Ends() || end.At.Sub(back) > w.within {
			fault("%s, want that within %s", resolved, w.within)
		}
	}
	fmt.Fprintf(p.table, "%s  %-12s %-6s %-36s %7.1fs %8s  %s; %s\n", p.name, w.rule, opened.Incident.Subject.Origin, w.begins+": "+opened.Incident.Reason,
		after.Seconds(), lacking, strings.Join(causes, ", then "), resolved)
}

// lacking is when the origin first had a message that the mirror had not at some time.
func (p *originPlay) lacking(t time.Time) time.Time {
	s, _ := p.rec.At(p.rec.Streams(mirror.Connection)[0], t)
	for _, v := range p.rec.Samples(p.rec.Streams(recording.OriginView)[0]) {
		if v.State.LastSeq > s.State.LastSeq {
			return v.At
		}
	}
	return time.Time{}
}
