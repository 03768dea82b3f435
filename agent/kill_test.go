package agent

import (
	"syscall"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
	"mirrorwatch/pipeline/pipelinetest"
)

// A killed agent carries on: the incident is the same, and what was not delivered is delivered under its own key.
func TestKilledWithAnIncidentOpenAndAChangeUndelivered(t *testing.T) {
	t.Parallel()
	l, p := mirrored(t, limits("5")), startPager(t)
	config, _ := configure(t, p, l.Mirror)
	first := spawn(t, config)
	awaitProof(t, first.api, "MIRROR")

	p.refuse(true)
	l.Link.Cut()
	refused := p.await(t, soon, "a refused page", func(p *page) bool {
		return p.Refused && p.change() == string(pipeline.Opened)
	})
	first.kill(t)
	before, _ := p.all()

	second := spawn(t, config)
	open := openIncidents(t, second.api)
	if len(open) != 1 || open[0].Incident != refused.incident() || !open[0].Opened.Equal(refused.Opened) {
		t.Fatalf("open after the restart: %+v; before: %s", open, refused.incident())
	}
	p.await(t, soon, "another try, refused", func(page *page) bool { return page.Refused && page.At.After(before[len(before)-1].At) })
	p.refuse(false)
	opened := p.awaitChange(t, soon, pipeline.Opened, "seen", "MIRROR")
	l.Link.Restore()
	resolved := p.awaitChange(t, selfHealing, pipeline.Resolved, "seen", "MIRROR")
	sameIncident(t, refused, opened)
	sameIncident(t, refused, resolved)

	keys := map[string]string{}
	pages, _ := p.all()
	for i := range pages {
		change := pages[i].incident() + " " + pages[i].change()
		if key, known := keys[change]; known && key != pages[i].Key {
			t.Errorf("%s was sent as %s and as %s", change, key, pages[i].Key)
		}
		keys[change] = pages[i].Key
	}
	p.only(t, func(p *page) bool { return !p.Refused }, pipeline.Opened, pipeline.Resolved)
	if err := second.end(syscall.SIGTERM); err != nil {
		t.Errorf("the end by SIGTERM: %v", err)
	}
}

// Proofs that are older than their limits only because nobody looked page nobody.
func TestRestartAfterTwoMinutesDown(t *testing.T) {
	t.Parallel()
	l, p := mirrored(t, limits("5")), startPager(t)
	config, dataDir := configure(t, p, l.Mirror)
	first := spawn(t, config)
	awaitProof(t, first.api, "MIRROR")
	if err := first.end(syscall.SIGTERM); err != nil {
		t.Fatalf("the end by SIGTERM: %v", err)
	}
	age(t, dataDir, 2*time.Minute)

	began := time.Now()
	second := spawn(t, config)
	pipelinetest.Eventually(t, soon, "contact is proven again", func() bool {
		all := links(t, second.api, "MIRROR")
		return len(all) == 1 && all[0].Status == pipeline.OK && all[0].Proof != nil && all[0].Proof.After(began)
	})
	t.Logf("contact was proven %s after the start", time.Since(began))
	fence(t, p, l.Mirror)
	p.only(t, of("seen", "MIRROR"))
	p.only(t, unobserved)
	p.only(t, anyPage, pipeline.Opened) // the fence
}

// After a kill, the same, with proofs as the journal happened to keep them; and a mirror that died meanwhile is told of.
func TestRestartAfterTwoMinutesDownWithADeadMirror(t *testing.T) {
	t.Parallel()
	l, p := mirrored(t, limits("5")), startPager(t)
	js := l.Mirror.JetStream(t)
	pipelinetest.CreateStream(t, js, streamOf("NEAR"))
	pipelinetest.CreateMirror(t, js, "WELL", "NEAR", "", limits("5"))
	config, dataDir := configure(t, p, l.Mirror)
	first := spawn(t, config)
	awaitProof(t, first.api, "MIRROR", "WELL")
	fence(t, p, l.Mirror) // what is known of the mirrors is on disk with it
	first.kill(t)
	if n := age(t, dataDir, 2*time.Minute); n != 3 {
		t.Fatalf("the journal of the killed agent keeps %d streams", n)
	}
	l.Link.Cut()

	began := time.Now()
	second := spawn(t, config)
	opened := p.awaitChange(t, soon, pipeline.Opened, "seen", "MIRROR")
	t.Logf("told %s after the start", opened.At.Sub(began))
	if took := opened.At.Sub(began); took > 10*time.Second+promptly {
		t.Errorf("told %s after the start", took)
	}
	awaitProof(t, second.api, "WELL")
	p.only(t, of("seen", "WELL"))
	p.only(t, of("seen", "MIRROR"), pipeline.Opened)
}

// age makes everything in a journal older by d, as if the agent had been down for that long. It returns how many
// streams there are.
func age(t testing.TB, dir string, d time.Duration) int {
	t.Helper()
	j, err := journal.Open(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	state, err := j.Load()
	if err != nil {
		t.Fatal(err)
	}
	if state.Lost != "" {
		t.Fatalf("the journal is damaged: %s", state.Lost)
	}
	if err := pipeline.Renew(state.Streams, state.Proofs); err != nil {
		t.Fatal(err)
	}
	for i := range state.Proofs { // the records tell it now
		state.Proofs[i].Data = nil
	}
	for _, s := range state.Streams {
		for i := range s.Links {
			s.Links[i].First = s.Links[i].First.Add(-d)
			if !s.Links[i].Proof.IsZero() {
				s.Links[i].Proof = s.Links[i].Proof.Add(-d)
			}
		}
	}
	if err := j.Commit(pipeline.Commit{Streams: state.Streams, Proofs: state.Proofs}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return len(state.Streams)
}
