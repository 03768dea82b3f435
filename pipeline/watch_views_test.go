package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/diagnosis"
)

// aggregateOf is a stream of so many sources, of which the last hears nothing from 60 s on.
func aggregateOf(name string, sources int) *mirror {
	const cut = 60
	return &mirror{key: key(name), limit: 30 * time.Second, source: true, edit: func(now time.Time, s *pipeline.Sample) {
		one := s.Links[0]
		s.Links = nil
		for i := range sources {
			one.Origin = fmt.Sprint("O", i)
			l := one
			if i == sources-1 && now.After(at(cut)) {
				l.Active = now.Sub(at(cut))
			}
			s.Links = append(s.Links, l)
		}
	}}
}

// seeing lets a world's origins be asked about, each of which answers in 5 ms.
func seeing(w *world, view func(name string, v *pipeline.OriginView)) {
	w.opt.Origins, w.opt.Diagnoser = true, diagnosis.Diagnoser{}
	w.origin = func(k pipeline.OriginKey, _ bool, now time.Time) (pipeline.OriginView, time.Duration) {
		const took = 5 * time.Millisecond
		v := pipeline.OriginView{Key: k, Path: pipeline.PathOwn, Asked: now, At: now.Add(took), Created: epoch, Leader: "A"}
		view(k.Stream, &v)
		return v, took
	}
}

// What was seen of an origin shortly before a deadline is in the page, however many sources the stream has; and in that of a mirror which
// shares the origin with it.
func TestAPageHoldsWhatWasSeenOfTheOriginBefore(t *testing.T) {
	for _, sources := range []int{4, 40} {
		last := fmt.Sprint("O", sources-1)
		for _, gone := range []float64{85.2, 86.8, 87.6} {
			beside := &mirror{key: key("M"), limit: 30 * time.Second, cut: cut(60, 500), edit: func(_ time.Time, s *pipeline.Sample) {
				s.Links[0].Origin = last
			}}
			w := newWorld(t, aggregateOf("ALL", sources), beside)
			seeing(w, func(name string, v *pipeline.OriginView) {
				if name == last && !v.Asked.Before(at(gone)) {
					v.Fault.Kind = pipeline.FaultNotFound
				}
			})
			w.run(0, 95)
			pages := 0
			for _, c := range w.changes {
				if c.Kind == pipeline.Opened && c.Incident.Rule == pipeline.RuleSeen {
					pages++
					if c.Incident.Cause != pipeline.CauseDeleted {
						t.Errorf("%d sources, origin deleted at %g s: the page at %s about %s says %q", sources, gone, since(c.At), c.Incident.Subject, c.Incident.Cause)
					}
				}
			}
			if pages != 2 {
				t.Errorf("%d sources, origin deleted at %g s: %d pages, want one about each stream", sources, gone, pages)
			}
		}
	}
}

// Streams that share many origins are judged once in a second each for what is seen of these, while an incident is open.
func TestManySharedOriginsAreJudgedTogether(t *testing.T) {
	judged := judgements{}
	w := newWorld(t, aggregateOf("A", 300), aggregateOf("B", 300))
	seeing(w, func(string, *pipeline.OriginView) {})
	w.opt.Rules = append(allRules(), judged)
	w.run(0, 157)
	if len(w.changes) == 0 || len(judged) != 2 {
		t.Fatalf("%d changes, %d streams were judged", len(w.changes), len(judged))
	}
	for stream, at := range judged {
		worst := 0
		for from := range at {
			n := 0
			for n < len(at)-from && at[from+n].Before(at[from].Add(10*time.Second)) {
				n++
			}
			worst = max(worst, n)
		}
		if worst > 20 { // ten for views, the others for samples and deadlines
			t.Errorf("%s was judged %d times in 10 s", stream, worst)
		}
	}
}

// judgements is a rule that notes when streams are judged.
type judgements map[string][]time.Time

func (judgements) Name() string { return "judgements" }

func (j judgements) Judge(now time.Time, v *pipeline.View, _ func(pipeline.Verdict)) {
	if v.Stream != nil {
		j[v.Stream.Key.Stream] = append(j[v.Stream.Key.Stream], now)
	}
}

// That an origin was made anew is believed of two views: the second one, wanted at once, is never asked too early to count.
func TestTwoViewsTellThatAnOriginWasMadeAnew(t *testing.T) {
	const anew = 63
	mirrors := mirrorsOf(100, 100)
	for _, m := range mirrors {
		m.data = true
		edit := m.edit
		m.edit = func(now time.Time, s *pipeline.Sample) {
			edit(now, s)
			s.State.Messages, s.State.FirstSeq = 10, 1
		}
	}
	q := newInquiry(t, mirrors...)
	views, opened := map[string]int{}, map[string]bool{}
	seeing(q.world, func(name string, v *pipeline.OriginView) {
		var n int
		if _, err := fmt.Sscanf(name, "O%d", &n); err != nil {
			t.Fatal(err)
		}
		v.At = v.Asked.Add(time.Duration(n%30) * time.Millisecond) // answers overtake each other
		v.State.LastSeq, v.State.Messages, v.State.FirstSeq = uint64(v.Asked.Unix()+10), 10, 1
		if from := at(anew + float64(n)*0.1); !v.Asked.Before(from) {
			v.Created = from
			if !opened[name] {
				views[name]++
			}
		}
	})
	q.watching = func(time.Time) {
		for _, c := range q.changes[len(opened):] {
			opened[c.Incident.Subject.Origin] = c.Kind == pipeline.Opened && c.Incident.Rule == pipeline.RuleDiverged
		}
	}
	q.world.run(0, 120)
	if len(opened) != len(mirrors) {
		t.Fatalf("%d incidents, want one on each of %d mirrors", len(opened), len(mirrors))
	}
	for name, n := range views {
		if n > 2 || !opened[name] {
			t.Errorf("%s: %d views, incident of divergence opened: %t", name, n, opened[name])
		}
	}
}

// Views that waited are all there before anything is judged on one of them: a stream with an incident is judged for each.
func TestAPageHoldsAllThatWaited(t *testing.T) {
	for _, gone := range []float64{86.8, 87.4, 87.8} {
		const alive, dead = "O38", "O39"
		beside := &mirror{key: key("T"), limit: 30 * time.Second, source: true, edit: func(now time.Time, s *pipeline.Sample) {
			settings(s).Policy.LagCritical = pipeline.Some(uint64(10))
			one, other := s.Links[0], s.Links[0]
			one.Origin, one.Lag, other.Origin = alive, 1000, dead
			if now.After(at(60)) {
				other.Active = now.Sub(at(60))
			}
			s.Links = []pipeline.LinkSample{one, other}
		}}
		w := newWorld(t, aggregateOf("ALL", 40), beside)
		seeing(w, func(name string, v *pipeline.OriginView) {
			if name == dead && !v.Asked.Before(at(gone)) {
				v.Fault.Kind = pipeline.FaultNotFound
			}
		})
		w.run(0, 95)
		pages := 0
		for _, c := range w.changes {
			if c.Kind == pipeline.Opened && c.Incident.Rule == pipeline.RuleSeen && c.Incident.Subject.Stream == "T" {
				if pages++; c.Incident.Cause != pipeline.CauseDeleted {
					t.Errorf("origin deleted at %g s: the page at %s says %q", gone, since(c.At), c.Incident.Cause)
				}
			}
		}
		if pages != 1 {
			t.Errorf("origin deleted at %g s: %d pages, want one", gone, pages)
		}
	}
}
