package faults

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"mirrorwatch/agent"
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"
)

// How long things may take here. The machine may be busy: these bound waiting, they are no measurements.
const (
	startsIn = 40 * time.Second // until every link is proven after the start
	patience = 20 * time.Second // beyond what a fault says itself
)

// scene is one fault's stage: servers, streams, and an agent that watches them.
type scene struct {
	t      *testing.T
	result *result
	ledger *ledger
	limit  time.Duration

	injected, healed time.Time
	wanted           []string // ids of the incidents that belong here
	api              string   // address of the agent's
}

// limits is the metadata that sets a mirror's seen-critical.
func (s *scene) limits() map[string]string {
	return map[string]string{pipeline.MetadataPrefix + "seen-critical": s.limit.String()}
}

// watch starts an agent on connections, and returns when each of the mirrors and aggregates named is proven.
func (s *scene) watch(streams []string, connections ...jetstream.Config) {
	s.t.Helper()
	config := agent.DefaultConfig()
	config.Connections = connections
	config.DataDir = s.t.TempDir()
	config.HTTP.Address = "127.0.0.1:0"
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	listening := make(chan net.Addr, 1)
	go func() {
		ended <- agent.Run(ctx, agent.Options{
			Config: config, Log: slog.New(slog.DiscardHandler),
			Receivers: []pipeline.Receiver{{Name: "ledger", Notifier: s.ledger}},
			Listening: func(a net.Addr) { listening <- a },
		})
	}()
	select {
	case a := <-listening:
		s.api = a.String()
	case err := <-ended:
		stop()
		s.t.Fatalf("agent: %v", err)
	}
	s.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			s.t.Errorf("agent: %v", err)
		}
	})
	for _, stream := range streams {
		s.awaitProof(s.api, stream)
	}
}

// inject does the harm.
func (s *scene) inject(harm func()) {
	s.injected = time.Now()
	harm()
}

// heal undoes it.
func (s *scene) heal(mend func()) {
	mend()
	s.healed = time.Now()
}

// opens waits for an incident of a rule on a stream, at most so long after the injection, and then for one of the causes. It
// fails where another cause stands when the incident has been open for half a minute.
func (s *scene) opens(rule, stream string, within time.Duration, causes ...pipeline.Cause) pipeline.Incident {
	s.t.Helper()
	opened := s.ledger.await(s.t, time.Until(s.injected.Add(within+patience)), fmt.Sprintf("%s opened on %s", rule, stream), func(c *pipeline.Change) bool {
		return c.Kind == pipeline.Opened && c.Incident.Rule == rule && (stream == "" || c.Incident.Subject.Stream == stream) && !slices.Contains(s.wanted, c.Incident.ID)
	})
	i := opened.Incident
	s.wanted = append(s.wanted, i.ID)
	s.result.opened(s, opened)
	if took := opened.At.Sub(s.injected); took > within {
		s.t.Errorf("%s opened %s after the injection, want at most %s", rule, took, within)
	}
	if len(causes) == 0 {
		return i
	}
	last := i.Cause
	named := s.ledger.awaitOr(time.Until(opened.At.Add(30*time.Second)), func(c *pipeline.Change) bool {
		if c.Incident.ID != i.ID {
			return false
		}
		last = c.Incident.Cause
		return slices.Contains(causes, c.Incident.Cause)
	})
	if named == nil {
		s.t.Errorf("%s on %s: cause %q, want one of %q; evidence: %q", rule, stream, last, causes, i.Because)
		s.result.cause(last, false, 0)
		return i
	}
	s.result.cause(named.Incident.Cause, true, named.At.Sub(opened.At))
	return named.Incident
}

// resolves waits for the incident's end after heal. An end before that is a false one.
func (s *scene) resolves(i pipeline.Incident, within time.Duration) {
	s.t.Helper()
	s.ends(i, pipeline.Resolved, within)
}

// ends waits for the incident's end of some kind.
func (s *scene) ends(i pipeline.Incident, kind pipeline.ChangeKind, within time.Duration) {
	s.t.Helper()
	end := s.ledger.await(s.t, time.Until(s.healed.Add(within+patience)), "end of "+i.Rule, func(c *pipeline.Change) bool {
		return c.Incident.ID == i.ID && c.Kind.Ends()
	})
	if end.Kind != kind || end.At.Before(s.healed) {
		s.t.Errorf("%s: %s %s after healing (%s), want %s", i.Rule, end.Kind, end.At.Sub(s.healed), end.Incident.Reason, kind)
	}
	if took := end.At.Sub(s.healed); took > within {
		s.t.Errorf("%s: %s %s after healing, want at most %s", i.Rule, end.Kind, took, within)
	}
	s.result.ended(end.At.Sub(s.healed))
}

// ended waits for the incident's end after heal, of either kind: what it was about was replaced.
func (s *scene) ended(i pipeline.Incident, within time.Duration) {
	s.t.Helper()
	end := s.ledger.await(s.t, time.Until(s.healed.Add(within+patience)), "end of "+i.Rule, func(c *pipeline.Change) bool {
		return c.Incident.ID == i.ID && c.Kind.Ends()
	})
	if end.At.Before(s.injected) || end.At.Sub(s.healed) > within {
		s.t.Errorf("%s: %s %s after healing (%s)", i.Rule, end.Kind, end.At.Sub(s.healed), end.Incident.Reason)
	}
	s.result.ended(end.At.Sub(s.healed))
}

// staysOpen holds that an incident does not end, for some time.
func (s *scene) staysOpen(i pipeline.Incident, lasting time.Duration) {
	s.t.Helper()
	if end := s.ledger.awaitOr(lasting, func(c *pipeline.Change) bool { return c.Incident.ID == i.ID && c.Kind.Ends() }); end != nil {
		s.t.Errorf("%s: %s while the fault lasts: %s", i.Rule, end.Kind, end.Incident.Reason)
	}
}

// quiet holds that nothing is told for some time but of incidents that were waited for.
func (s *scene) quiet(lasting time.Duration) {
	s.t.Helper()
	s.ledger.awaitOr(lasting, func(*pipeline.Change) bool { return false })
	s.only()
}

// also allows incidents of other rules that a fault may open beside the one that it is about.
func (s *scene) also(rules ...string) {
	for _, c := range s.ledger.all() {
		if slices.Contains(rules, c.Incident.Rule) {
			s.wanted = append(s.wanted, c.Incident.ID)
		}
	}
}

// only holds that nothing was told but of incidents that were waited for.
func (s *scene) only() {
	s.t.Helper()
	for _, c := range s.ledger.all() {
		if !slices.Contains(s.wanted, c.Incident.ID) {
			s.t.Errorf("%s %s on %s: %s (%s)", c.Incident.Rule, c.Kind, c.Incident.Subject, c.Incident.Reason, c.Incident.Cause)
			s.wanted = append(s.wanted, c.Incident.ID)
		}
	}
}

// ledger is a receiver that keeps every change with its time.
type ledger struct {
	mu      sync.Mutex
	changes []pipeline.Change
	arrived chan struct{}
}

func newLedger() *ledger { return &ledger{arrived: make(chan struct{})} }

// Render implements pipeline.Notifier.
func (l *ledger) Render(pipeline.Notification) ([]byte, error) { return []byte("{}"), nil }

// Notify implements pipeline.Notifier.
func (l *ledger) Notify(_ context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes = append(l.changes, n.Changes...)
	close(l.arrived)
	l.arrived = make(chan struct{})
	return nil, nil
}

func (l *ledger) all() []pipeline.Change {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.changes)
}

// await returns the first change that is wanted, whenever it came; it fails the test when it does not come in time.
func (l *ledger) await(t *testing.T, within time.Duration, what string, want func(*pipeline.Change) bool) pipeline.Change {
	t.Helper()
	c := l.awaitOr(within, want)
	if c == nil {
		t.Fatalf("no %s; told was %s", what, tell(l.all()))
	}
	return *c
}

// awaitOr is await that returns nil instead of failing.
func (l *ledger) awaitOr(within time.Duration, want func(*pipeline.Change) bool) *pipeline.Change {
	timer := time.NewTimer(max(within, 0))
	defer timer.Stop()
	for seen := 0; ; {
		l.mu.Lock()
		changes, arrived := l.changes, l.arrived
		l.mu.Unlock()
		for ; seen < len(changes); seen++ {
			if c := changes[seen]; want(&c) {
				return &c
			}
		}
		select {
		case <-arrived:
		case <-timer.C:
			return nil
		}
	}
}

func tell(changes []pipeline.Change) string {
	text := fmt.Sprintf("%d changes", len(changes))
	for _, c := range changes {
		text += fmt.Sprintf("\n  %s %s %s %s: %s (%s)", c.At.Format("15:04:05.000"), c.Kind, c.Incident.Rule, c.Incident.Subject, c.Incident.Reason, c.Incident.Cause)
	}
	return text
}

// awaitProof waits until every link of a stream is proven.
func (s *scene) awaitProof(api, stream string) {
	s.t.Helper()
	pipelinetest.Eventually(s.t, startsIn, "contact of "+stream+" is proven", func() bool {
		links := linksOf(s.t, api, stream)
		return len(links) > 0 && !slices.ContainsFunc(links, func(l agent.LinkState) bool { return l.Proof == nil })
	})
}

// awaitOrigin waits until the origins of a stream's links are seen anew, and what was copied is held against them.
func (s *scene) awaitOrigin(api, stream string) {
	s.t.Helper()
	now := time.Now()
	pipelinetest.Eventually(s.t, startsIn, "the origin of "+stream+" is seen", func() bool {
		links := linksOf(s.t, api, stream)
		return len(links) > 0 && !slices.ContainsFunc(links, func(l agent.LinkState) bool { return l.AsOf == nil || l.AsOf.Before(now) })
	})
}
