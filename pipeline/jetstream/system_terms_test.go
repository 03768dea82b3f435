package jetstream

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// pass has a stream's configuration, as it is remembered, grow older by d.
func pass(s *System, account, stream string, d time.Duration) {
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	e := s.streams.entries[pipeline.StreamKey{Connection: "sys", Account: account, Stream: stream}]
	e.configAt = e.configAt.Add(-d)
}

// linksOf are a sample's, by origin and filter.
func linksOf(x *pipeline.Sample) (all []string) {
	if x == nil {
		return nil
	}
	for _, l := range x.Links {
		all = append(all, l.Origin+" "+l.Filter)
	}
	return all
}

func TestAnotherSetOfSourcesIsNoticedByTheNextRound(t *testing.T) {
	srv, as := threeAccountServer(t)
	js := as("a")
	for _, name := range []string{"ONE", "TWO"} {
		pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: name, Subjects: []string{name + ".>"}})
	}
	source := func(name, filter string) jetstream.StreamConfig {
		return jetstream.StreamConfig{Name: "S", Sources: []*jetstream.StreamSource{{Name: name, FilterSubject: filter}}}
	}
	pipelinetest.CreateStream(t, js, source("ONE", ""))
	s, _ := openSystem(t, srv.URL(), Config{})
	if got := linksOf(round(t, s)["A/S"]); !slices.Equal(got, []string{"ONE "}) {
		t.Fatalf("%v", got)
	}
	for _, change := range []struct {
		origin, filter string
	}{{"TWO", ""}, {"TWO", "TWO.a"}, {"TWO", "TWO.b"}} {
		if _, err := js.UpdateStream(t.Context(), source(change.origin, change.filter)); err != nil {
			t.Fatal(err)
		}
		pass(s, "A", "S", configDoubt)
		if got := linksOf(round(t, s)["A/S"]); !slices.Equal(got, []string{change.origin + " " + change.filter}) {
			t.Errorf("links %v after a change to %s, filter %q", got, change.origin, change.filter)
		}
	}
}

func TestLinksThatFitAreNotAskedAboutAgain(t *testing.T) {
	l := pipelinetest.StartLeafnode(t)
	origin, js := l.Origin.JetStream(t), l.Mirror.JetStream(t)
	for _, name := range []string{"ONE", "TWO"} {
		pipelinetest.CreateStream(t, origin, jetstream.StreamConfig{Name: name, Subjects: []string{name + ".>"}})
	}
	filtered, mapped, other := l.Source("ONE"), l.Source("ONE"), l.Source("TWO")
	filtered.FilterSubject = "ONE.a"
	mapped.SubjectTransforms = []jetstream.SubjectTransformConfig{{Source: "ONE.b", Destination: "x.b"}, {Source: "ONE.a", Destination: "x.a"}}
	pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "M", Mirror: filtered})
	pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "S", Sources: []*jetstream.StreamSource{other, mapped}})
	s, _ := openSystem(t, l.Mirror.URL(), Config{})
	reported := func() (n int) {
		for _, x := range round(t, s) {
			for _, l := range x.Links {
				if l.Reported && l.Active >= 0 {
					n++
				}
			}
		}
		return n
	}
	pipelinetest.Eventually(t, 20*time.Second, "all links heard of their origins", func() bool { return reported() == 3 })
	s.streams.mu.Lock()
	for _, e := range s.streams.entries {
		e.configAt = e.configAt.Add(-configDoubt)
	}
	s.streams.mu.Unlock()
	before := s.conn.nc.Load().Stats().OutMsgs
	n := reported()
	if asked := s.conn.nc.Load().Stats().OutMsgs - before; asked != 1 || n != 3 {
		t.Errorf("a round put %d questions, and told of %d links", asked, n)
	}
}

// What cannot be seen without configurations is noticed by the sweep, and a configuration that no sweep read anew is not believed.
func TestAChangedLimitIsNoticed(t *testing.T) {
	srv, as := threeAccountServer(t)
	ordersAndMirror(t, as, 1, "a", "b", "c")
	s, _ := openSystem(t, srv.URL(), Config{})
	round(t, s)
	limit := func(user, value string) {
		t.Helper()
		_, err := as(user).UpdateStream(t.Context(), jetstream.StreamConfig{
			Name: "M", Mirror: &jetstream.StreamSource{Name: "ORDERS"}, Metadata: map[string]string{pipeline.MetadataPrefix + "seen-critical": value},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	told := func(account string) time.Duration {
		t.Helper()
		x := round(t, s)[account+"/M"]
		if x == nil || x.Fault.Kind != "" || x.Settings == nil {
			t.Fatalf("%+v", x)
		}
		return x.Settings.Policy.SeenCritical.Value
	}
	limit("b", "90")
	if got := told("B"); got != time.Minute {
		t.Fatalf("%v: the first round's configuration was to be used", got)
	}
	pass(s, "B", "M", configOldest)
	if got := told("B"); got != 90*time.Second {
		t.Errorf("%v: an old configuration is believed", got)
	}
	s.sweep.begin(time.Now().Add(-configEvery))
	for _, account := range []string{"A", "B", "C"} {
		limit(map[string]string{"A": "a", "B": "b", "C": "c"}[account], "120")
	}
	round(t, s) // after its looks, the sweep
	for _, account := range []string{"A", "B", "C"} {
		if got := told(account); got != 2*time.Minute {
			t.Errorf("%s: %v after a sweep", account, got)
		}
	}
}

func TestASweepTakesFiveMinutesHoweverManyAccounts(t *testing.T) {
	for _, accounts := range []int{1, 3, 7, 1000, 100_000} {
		began := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
		var w sweep
		w.begin(began)
		read, rounds := map[int]int{}, 0
		for now := began; now.Before(began.Add(2*configEvery + time.Second)); now = now.Add(time.Second) {
			offset, n := w.due(now, accounts, accountsPage)
			if n > 0 {
				rounds++
			}
			if offset+n > accounts {
				t.Fatalf("%d accounts: %d from %d", accounts, n, offset)
			}
			for i := range n {
				read[offset+i]++
			}
		}
		want := min(2, 2*int(configEvery/time.Second)*accountsPage/accounts)
		for i, n := range read {
			if n > want+1 || want == 2 && n < 2 {
				t.Fatalf("%d accounts: account %d was read %d times in two sweeps", accounts, i, n)
			}
		}
		if want == 2 && len(read) != accounts || rounds > 2*accounts+2 {
			t.Errorf("%d accounts: %d read, in %d rounds", accounts, len(read), rounds)
		}
	}
}

// The budget holds a look at everything back: a stream counts as a seventh of a look.
func TestARoundIsPaid(t *testing.T) {
	srv, as := threeAccountServer(t)
	ordersAndMirror(t, as, 1, "a")
	s, _ := openSystem(t, srv.URL(), Config{})
	round(t, s)
	s.streams.mu.Lock()
	s.streams.there = 1000 * bareLooks
	s.streams.mu.Unlock()
	s.pace = Pace{LooksPerSecond: 10, Interval: 50 * time.Second} // the second half of a thousand looks takes 100 s
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := s.Look(ctx, nil, func(x *pipeline.Sample) { t.Errorf("%v is told of", x.Key) })
	if err == nil || ctx.Err() != nil { // it is not waited for what cannot be
		t.Errorf("%v, %v", err, ctx.Err())
	}
	s.pace.Interval = 200 * time.Second
	if all := round(t, s); len(all) != 2 || s.Way() != "jsz" {
		t.Errorf("%d streams by %q", len(all), s.Way())
	}
}
