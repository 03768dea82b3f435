package main

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"mirrorwatch/agent/internal/measure"
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"
)

// stageFleet serves a fleet on a server in this process until the test ends.
func stageFleet(t *testing.T, links int) (f *fleet, url string) {
	t.Helper()
	running, err := startServer(-1, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		running.Shutdown()
		running.WaitForShutdown()
	})
	flags := &fleetFlags{likeness: usual(), System: true}
	f, err = serveFleet(running.ClientURL(), links, flags)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.close)
	return f, running.ClientURL()
}

// opener opens a source of either scope.
type opener func(context.Context, jetstream.Config, jetstream.Pace, *slog.Logger) (source, error)

type source interface {
	pipeline.Source
	Close() error
}

func openAccount(ctx context.Context, c jetstream.Config, p jetstream.Pace, log *slog.Logger) (source, error) {
	c.User = userWhole
	return jetstream.Open(ctx, c, p, log)
}

func openSystem(ctx context.Context, c jetstream.Config, p jetstream.Pace, log *slog.Logger) (source, error) {
	c.User, c.Scope = userSystem, "system"
	return jetstream.OpenSystem(ctx, c, p, log)
}

func openFleet(t *testing.T, open opener, url string) source {
	t.Helper()
	s, err := open(t.Context(), jetstream.Config{Name: "scale", URL: jetstream.URLs(url), Password: pipeline.NewSecret(password)}, jetstream.Pace{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	connected, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for signals := s.(pipeline.Signaler).Signals(); ; {
		select {
		case signal := <-signals:
			if signal.Kind == pipeline.SignalConnected {
				return s
			}
		case <-connected.Done():
			t.Fatal("it is not connected after 10 s")
		}
	}
}

// lookAt returns every stream that a look brings, in copies.
func lookAt(t *testing.T, s source, scope []pipeline.StreamKey) map[string]pipeline.Sample {
	t.Helper()
	samples := map[string]pipeline.Sample{}
	err := s.Look(t.Context(), scope, func(x *pipeline.Sample) {
		c := *x
		c.Links = slices.Clone(x.Links)
		samples[x.Key.Stream] = c
	})
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

func TestAgentsSeeEveryLinkOfAFleet(t *testing.T) {
	const links = 600 // on three pages
	f, url := stageFleet(t, links)
	for name, open := range map[string]opener{"account": openAccount, "system": openSystem} {
		t.Run(name, func(t *testing.T) {
			samples := lookAt(t, openFleet(t, open, url), nil)
			if len(samples) != len(f.streams) {
				t.Fatalf("%d streams came, want %d", len(samples), len(f.streams))
			}
			seen, aggregates := 0, 0
			for n := range f.streams {
				s := &f.streams[n]
				x := samples[s.name]
				if x.Fault.Kind != pipeline.FaultNone || len(x.Links) != len(s.origins) {
					t.Fatalf("%s: fault %v, %d links, want %d", s.name, x.Fault, len(x.Links), len(s.origins))
				}
				for _, l := range x.Links {
					if !l.Reported || l.Active < 0 || l.Active > beat {
						t.Errorf("%s: reported %t, active %s, want at most %s", s.name, l.Reported, l.Active, beat)
					}
				}
				if x.Settings == nil || x.Settings.Policy.SeenCritical.Value != s.limit {
					t.Errorf("%s: settings %v, want a limit of %s", s.name, x.Settings, s.limit)
				}
				seen += len(x.Links)
				if s.kind == kindAggregate {
					aggregates++
				}
			}
			if seen != links || aggregates*10 < links*9/10 || aggregates*10 > links*11/10 {
				t.Errorf("%d links of %d aggregates, want %d of about %d", seen, aggregates, links, links/10)
			}
		})
	}
}

func TestDocumentsAreAsLargeAsRealOnes(t *testing.T) {
	f, err := newFleet(1000, new(usual()))
	if err != nil {
		t.Fatal(err)
	}
	h := f.hello()
	if each := h.Bytes / h.Streams; each < 900 || each > 1080 {
		t.Errorf("%d bytes a stream, want about 990, as real ones have", each)
	}
}

func TestCutLinksGrowSilent(t *testing.T) {
	f, url := stageFleet(t, 100)
	s := openFleet(t, openAccount, url)
	failed := f.fail(10)
	name := failed[0].Stream
	if _, err := f.do(&measure.Order{Do: "delete", Streams: []int{0}}); err != nil {
		t.Fatal(err)
	}
	pipelinetest.Eventually(t, 10*time.Second, "the link is silent for longer than a beat", func() bool {
		return lookAt(t, s, []pipeline.StreamKey{{Connection: "scale", Stream: name}})[name].Links[0].Active > beat
	})
	if heard, cut := failed[0].Heard[f.streams[f.byName[name]].origins[0]], failed[0].At; heard.After(cut) || cut.Sub(heard) > beat {
		t.Errorf("contact was at %s, want at most %s before %s", heard, beat, cut)
	}
	if got := len(f.askedSince()[name]); got == 0 {
		t.Error("no question about the link was counted")
	}
	gone := f.streams[0].name
	if kind := lookAt(t, s, []pipeline.StreamKey{{Connection: "scale", Stream: gone}})[gone].Fault.Kind; kind != pipeline.FaultNotFound {
		t.Errorf("the deleted stream: fault %v, want %v", kind, pipeline.FaultNotFound)
	}
	if total := len(f.listed()); total != len(f.streams)-1 {
		t.Errorf("%d streams are listed, want %d", total, len(f.streams)-1)
	}
}

func TestAFrozenServersStreamsAreMissing(t *testing.T) {
	like := usual()
	like.Cluster = true
	f, err := newFleet(300, &like)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.do(&measure.Order{Do: "freeze", N: 1}); err != nil {
		t.Fatal(err)
	}
	page, frozen := f.page(nil)
	if !frozen {
		t.Error("the page comes at once")
	}
	for n := range f.streams {
		s := &f.streams[n]
		if !slices.Contains(f.listed()[:listPage], n) {
			continue
		}
		told, missing := bytes.Contains(page, []byte(`"config":{"name":"`+s.name)), bytes.Contains(page, []byte(`,"missing":[`)) && bytes.Contains(page[bytes.Index(page, []byte(`,"missing":[`)):], []byte(`"`+s.name+`"`)) && serverOf(n) == 1
		if told == missing {
			t.Errorf("%s on server %d: told %t, missing %t", s.name, serverOf(n), told, missing)
		}
	}
}

func TestPartsObeyAndEndWithStdin(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var url string
	server, err := measure.StartPart(ctx, &url, "server")
	if err != nil {
		t.Fatal(err)
	}
	defer server.End()
	var size hello
	fleet, err := measure.StartPart(ctx, &size, "fleet", "--url="+url, "--links=10")
	if err != nil {
		t.Fatal(err)
	}
	if size.Links != 10 {
		t.Errorf("%d links, want 10", size.Links)
	}
	var streams int
	raw, err := measure.StartPart(ctx, &streams, "raw", "--url="+url, "--rounds=2")
	if err != nil {
		t.Fatal(err)
	}
	var took rawRounds
	if err := raw.Ask(measure.Order{Do: "rounds"}, &took); err != nil {
		t.Fatal(err)
	}
	var asked tally
	if err := fleet.Ask(measure.Order{Do: "counts"}, &asked); err != nil {
		t.Fatal(err)
	}
	if want := (tally{Pages: 3, Listed: 3 * int64(size.Streams)}); asked != want {
		t.Errorf("asked %+v, want %+v", asked, want)
	}
	carried, err := trafficNamed(server, rawName)
	if err != nil {
		t.Fatal(err)
	}
	if least := int64(3 * size.Bytes); carried.Bytes < least || carried.Bytes > least*11/10 {
		t.Errorf("%d bytes were carried, want a little more than %d", carried.Bytes, least)
	}
	if err := fleet.Ask(measure.Order{Do: "dance"}, nil); err == nil {
		t.Error("no error for an order that is none")
	}
	raw.End()
	fleet.End()
}
