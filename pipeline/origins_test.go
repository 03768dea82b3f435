package pipeline_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// inquiry is a world whose origins are asked about, and what was asked.
type inquiry struct {
	*world
	slow map[string]time.Duration // origins that do not answer, and how long one waits for them
	at   map[string][]float64     // seconds at which each was asked about
	busy []span                   // questions under way
}

func newInquiry(t tester, mirrors ...*mirror) *inquiry {
	q := &inquiry{world: newWorld(t, mirrors...), slow: map[string]time.Duration{}, at: map[string][]float64{}}
	q.opt.Origins = true
	return q
}

// mirrorsOf returns so many mirrors of so many origins, O0, O1 and so on.
func mirrorsOf(mirrors, origins int) (all []*mirror) {
	for i := range mirrors {
		origin := fmt.Sprintf("O%d", i%origins)
		all = append(all, &mirror{key: key(fmt.Sprintf("M%d", i)), limit: 30 * time.Second, edit: func(_ time.Time, s *pipeline.Sample) {
			s.Links[0].Origin = origin
		}})
	}
	return all
}

func (q *inquiry) run(to float64) {
	q.start(0, nil, nil)
	r := pipeline.Rehearsal{
		Streams: q.keys,
		At: func(k pipeline.StreamKey, t time.Time) (pipeline.Sample, time.Duration) {
			q.asked = append(q.asked, asked{t, k})
			return q.mirrors[k].look(t)
		},
		Origin: func(k pipeline.OriginKey, _ bool, t time.Time) (pipeline.OriginView, time.Duration) {
			q.at[k.Stream] = append(q.at[k.Stream], t.Sub(epoch).Seconds())
			v := pipeline.OriginView{Key: k, Path: pipeline.PathOwn, Asked: t, At: t.Add(q.slow[k.Stream]), Created: epoch, Leader: "A"}
			if q.slow[k.Stream] > 0 {
				v.Fault.Kind = pipeline.FaultNoAnswer
			}
			q.busy = append(q.busy, span{t, v.At})
			return v, q.slow[k.Stream]
		},
	}
	r.Run(q.watch, epoch, at(to), func(_ time.Time, changes []pipeline.Change) { q.changes = append(q.changes, changes...) })
}

// apart returns the least and the most seconds between two questions about an origin, the end counted as one.
func (q *inquiry) apart(origin string, end float64) (least, most float64) {
	times := q.at[origin]
	if len(times) == 0 {
		return end, end
	}
	least, most = end, end-times[len(times)-1]
	for i := range times[1:] {
		d := times[i+1] - times[i]
		least, most = min(least, d), max(most, d)
	}
	return least, most
}

func TestAnOriginIsAskedAboutOnceForAllItsLinks(t *testing.T) {
	q := newInquiry(t, mirrorsOf(50, 2)...)
	q.run(60)
	for _, origin := range []string{"O0", "O1"} {
		if least, most := q.apart(origin, 60); least < 10 || most > 11 || q.at[origin][0] > 1 {
			t.Errorf("%s was asked about at %v, want one question each 10 s", origin, q.at[origin])
		}
	}
}

func TestOriginsAreAskedAboutAsOftenWhereRoundsAreFarApart(t *testing.T) {
	q := newInquiry(t, mirrorsOf(3, 1)...)
	q.opt.Interval = time.Minute
	for _, m := range q.mirrors {
		m.limit = 0
	}
	q.run(600)
	if least, most := q.apart("O0", 600); least < 10 || most > 11 {
		t.Errorf("asked at %v, want one question each 10 s", q.at["O0"])
	}
}

func TestAnOriginIsAskedAboutAtOnceWhenAnIncidentOpens(t *testing.T) {
	for begin := 40.0; begin < 50; begin++ {
		mirrors := mirrorsOf(1, 1)
		mirrors[0].cut = cut(begin, 200)
		q := newInquiry(t, mirrors...)
		q.run(120)
		if len(q.changes) == 0 || q.changes[0].Kind != pipeline.Opened {
			t.Fatalf("changes %+v", q.changes)
		}
		opened, soon := q.changes[0].At.Sub(epoch).Seconds(), false
		for _, asked := range q.at["O0"] {
			soon = soon || asked >= opened && asked <= opened+2
		}
		if least, _ := q.apart("O0", 120); !soon || least < 2 {
			t.Errorf("opened at %v, and asked at %v", opened, q.at["O0"])
		}
	}
}

func TestSilentOriginsTakeNoPlacesOfOthers(t *testing.T) {
	q := newInquiry(t, mirrorsOf(350, 350)...)
	for i := range 300 {
		q.slow[fmt.Sprintf("O%d", i)] = 4 * time.Second
	}
	q.run(200)
	for i := 300; i < 350; i++ {
		times := q.at[fmt.Sprintf("O%d", i)]
		for n, s := range times { // the first time nobody knows yet which ones are silent
			if n > 0 && s > 120 && s-times[n-1] > 12 {
				t.Errorf("O%d, which answers, was asked about at %v", i, times)
			}
		}
		if times[len(times)-1] < 188 {
			t.Errorf("O%d, which answers, was asked about at %v", i, times)
		}
	}
	for _, b := range q.busy {
		n := 0
		for _, other := range q.busy {
			if !other.from.After(b.from) && other.to.After(b.from) {
				n++
			}
		}
		if n > 32 {
			t.Fatalf("%d questions about origins were under way at %s", n, since(b.from))
		}
	}
	if len(q.changes) > 0 {
		t.Errorf("changes %+v", q.changes)
	}
}

func TestAnOriginThatNobodyTellsOfIsAskedAboutMoreAndMoreRarely(t *testing.T) {
	q := newInquiry(t, mirrorsOf(1, 1)...)
	q.slow["O0"] = time.Second
	q.run(2000)
	times := q.at["O0"]
	if n := len(times); n < 10 || n > 14 {
		t.Fatalf("asked at %v, want twice as long between questions each time, and 300 s at most", times)
	}
	for n := range times[1:] {
		if apart := times[n+1] - times[n]; apart > 301 || n > 1 && apart < 1.5*(times[n]-times[n-1]) && apart < 299 {
			t.Errorf("asked at %v, want twice as long between questions each time, and 300 s at most", times)
		}
	}
	q.watch.Signal(at(2000), pipeline.Signal{Kind: pipeline.SignalConnected})
	if !slices.ContainsFunc(q.watch.Turn(at(2000)), func(q pipeline.Question) bool { return q.Origin != nil }) {
		t.Error("it is not asked about after a connect")
	}
}

func TestOriginsTakeAFifthOfTheLooks(t *testing.T) {
	q := newInquiry(t, mirrorsOf(100, 100)...)
	q.opt.LooksPerSecond = 20
	q.run(100)
	if n := len(q.busy); n > 4*101 || n < 3*100 {
		t.Errorf("%d questions about origins in 100 s, want at most 4 a second", n)
	}
}

func TestNobodyAsksAboutOriginsInBlindness(t *testing.T) {
	mirrors := mirrorsOf(3, 3)
	for _, m := range mirrors {
		m.frozen = []span{{at(40), at(100)}}
	}
	q := newInquiry(t, mirrors...)
	q.run(130)
	for origin, times := range q.at {
		again := false
		for _, s := range times {
			if s > 52 && s < 100 {
				t.Errorf("%s was asked about %v s after the start, nothing answered since 40", origin, s)
			}
			again = again || s >= 100 && s < 115
		}
		if !again {
			t.Errorf("%s was asked about at %v, not soon after something answered", origin, times)
		}
	}
}

func TestAnOriginIsAskedAboutAgainForANewLinkThatCopiesSomeSubjectsOnly(t *testing.T) {
	for _, filter := range []string{"", "a.>"} {
		var seen float64 // when the new link was first seen
		m := &mirror{key: key("M"), limit: 30 * time.Second, edit: func(now time.Time, s *pipeline.Sample) {
			l := pipeline.LinkSample{Kind: pipeline.KindSource, Origin: "O", Reported: true, Active: time.Second}
			if s.Links = []pipeline.LinkSample{l}; now.Before(at(44)) {
				return
			}
			if l.Filter, l.Via = filter, ""; filter == "" {
				l.Origin = "P"
			}
			s.Links = append(s.Links, l)
			if seen == 0 {
				seen = now.Sub(epoch).Seconds()
			}
		}}
		q := newInquiry(t, m)
		q.run(80)
		soon := false
		for _, asked := range q.at["O"] {
			soon = soon || asked >= seen && asked <= seen+0.5
		}
		if soon != (filter != "") {
			t.Errorf("filter %q: seen at %v, and asked at %v", filter, seen, q.at["O"])
		}
	}
}

func TestAnOriginWithoutLinksIsForgotten(t *testing.T) {
	mirrors := mirrorsOf(2, 2)
	mirrors[0].fault = []faulty{{span{at(30), at(500)}, pipeline.FaultNotFound}}
	q := newInquiry(t, mirrors...)
	q.run(120)
	if times := q.at["O0"]; times[len(times)-1] > 45 {
		t.Errorf("asked about at %v, its mirror was deleted at 30", times)
	}
	if _, most := q.apart("O1", 120); most > 11 {
		t.Errorf("the other was asked about at %v", q.at["O1"])
	}
}

func TestNobodyIsAskedWhereNobodyCanTell(t *testing.T) {
	q := newInquiry(t, mirrorsOf(3, 3)...)
	q.opt.Origins = false
	q.run(60)
	if len(q.at) > 0 {
		t.Errorf("asked: %v", q.at)
	}
}

func TestTwoSourcesOfOneOriginAreTakenOutAtOnce(t *testing.T) {
	a := &mirror{key: key("A"), limit: 30 * time.Second, source: true, edit: func(now time.Time, s *pipeline.Sample) {
		first := s.Links[0]
		second, third := first, first
		first.Filter, second.Filter, third.Origin = "a", "b", "P"
		if s.Links = []pipeline.LinkSample{first, second, third}; !now.Before(at(30)) {
			s.Links = s.Links[2:]
		}
	}}
	q := newInquiry(t, a)
	q.run(60)
	if links := linksOn(q.board); len(links) != 1 || links[0].Subject.Origin != "P" {
		t.Errorf("left are %v", links)
	}
	if least, _ := q.apart("O", 60); least < 10 || slices.Max(q.at["O"]) > 36 {
		t.Errorf("O was asked about at %v, want none when no link comes from it any more", q.at["O"])
	}
}
