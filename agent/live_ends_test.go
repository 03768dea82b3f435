package agent

import (
	"context"
	"strings"
	"testing"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// mirrors is a server with the stream ORDERS and mirrors of it, by name, with their metadata.
func mirrors(t testing.TB, byName map[string]map[string]string) (*pipelinetest.Server, natsjs.JetStream) {
	t.Helper()
	s := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one"})
	js := s.JetStream(t)
	pipelinetest.CreateStream(t, js, streamOf("ORDERS"))
	for name, metadata := range byName {
		pipelinetest.CreateMirror(t, js, name, "ORDERS", "", metadata)
	}
	return s, js
}

// Nobody proved these streams well when watching them ended: that is told once, and never as a recovery.
func TestWatchingEnds(t *testing.T) {
	t.Parallel()
	s, js := mirrors(t, map[string]map[string]string{
		"DELETED": limits("20"), "PROMOTED": limits("20"), "DISABLED": limits("20"), "FREED": limits("20"),
	})
	p := startPager(t)
	a := watch(t, p, s)
	awaitProof(t, a.api, "DELETED", "PROMOTED", "DISABLED", "FREED")

	pipelinetest.DeleteStream(t, js, "DELETED")
	promote(t, js, "PROMOTED")
	pipelinetest.SetMetadata(t, js, "DISABLED", map[string]string{pipeline.MetadataPrefix + "enabled": "false"})
	pipelinetest.SetMetadata(t, js, "FREED", nil)
	ended := map[string]string{
		"DELETED": "deleted", "PROMOTED": "promoted", "DISABLED": "disabled by metadata", "FREED": "limit removed",
	}
	for stream, reason := range ended {
		closed := p.awaitChange(t, soon, pipeline.Closed, "seen", stream)
		if closed.Labels["closed"] != reason || closed.Status != "resolved" || !strings.HasPrefix(closed.Annotations["summary"], "NO LONGER WATCHED") {
			t.Errorf("got %s: %v", closed, closed.Annotations["summary"])
		}
	}
	fence(t, p, s)
	fence(t, p, s)
	for stream := range ended {
		p.only(t, func(p *page) bool { return p.stream() == stream }, pipeline.Closed)
	}
	for _, stream := range []string{"DELETED", "PROMOTED", "DISABLED"} {
		if l := links(t, a.api, stream); len(l) > 0 {
			t.Errorf("still watched: %+v", l)
		}
	}
	if l := links(t, a.api, "FREED"); len(l) != 1 || l[0].Limit != nil || l[0].Status != pipeline.OK {
		t.Errorf("without a limit: %+v", l)
	}
}

// The same with an incident open: it is the incident that closes.
func TestWatchingEndsWhileAnIncidentIsOpen(t *testing.T) {
	t.Parallel()
	s, js := mirrors(t, map[string]map[string]string{
		"DELETED": limits("5"), "PROMOTED": limits("5"), "DISABLED": limits("5"), "FREED": limits("5"), "EASED": limits("5"),
	})
	p := startPager(t)
	a := watch(t, p, s)
	names := []string{"DELETED", "PROMOTED", "DISABLED", "FREED", "EASED"}
	awaitProof(t, a.api, names...)
	pipelinetest.DeleteStream(t, js, "ORDERS")
	opened := map[string]*page{}
	for _, stream := range names {
		opened[stream] = p.awaitChange(t, soon, pipeline.Opened, "seen", stream)
	}

	pipelinetest.DeleteStream(t, js, "DELETED")
	promote(t, js, "PROMOTED")
	pipelinetest.SetMetadata(t, js, "DISABLED", map[string]string{pipeline.MetadataPrefix + "enabled": "false"})
	pipelinetest.SetMetadata(t, js, "FREED", nil)
	pipelinetest.SetMetadata(t, js, "EASED", limits("1h"))
	for stream, reason := range map[string]string{
		"DELETED": "deleted", "PROMOTED": "promoted", "DISABLED": "disabled by metadata",
		"FREED": "limit removed", "EASED": "limit changed",
	} {
		closed := p.awaitChange(t, soon, pipeline.Closed, "seen", stream)
		sameIncident(t, opened[stream], closed)
		if closed.Labels["closed"] != reason {
			t.Errorf("got %s", closed)
		}
	}
	for _, stream := range names {
		p.only(t, of("seen", stream), pipeline.Opened, pipeline.Closed)
	}
	if open := openIncidents(t, a.api); len(open) > 0 {
		t.Errorf("still open: %+v", open)
	}
}

// A limit that is set while the agent runs is the one that counts.
func TestLimitChangesWhileRunning(t *testing.T) {
	t.Parallel()
	l, p := mirrored(t, limits("10m")), startPager(t)
	a := watch(t, p, l.Mirror)
	awaitProof(t, a.api, "MIRROR")

	pipelinetest.SetMetadata(t, l.Mirror.JetStream(t), "MIRROR", limits("5"))
	pipelinetest.Eventually(t, soon, "the new limit is in force", func() bool {
		all := links(t, a.api, "MIRROR")
		return len(all) == 1 && all[0].Limit != nil && *all[0].Limit == 5
	})
	l.Link.Cut()
	opened := p.awaitChange(t, soon, pipeline.Opened, "seen", "MIRROR")
	inTime(t, opened, shortLimit)
	if limit := opened.Annotations["limit"]; limit != "5s (seen-critical)" {
		t.Errorf("limit: %q", limit)
	}
	p.only(t, anyPage, pipeline.Opened)
}

// promote makes a mirror a stream that takes writes.
func promote(t testing.TB, js natsjs.JetStream, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	config := pipelinetest.StreamInfo(t, js, name).Config
	config.Mirror = nil
	if _, err := js.UpdateStream(ctx, config); err != nil {
		t.Fatalf("promote %s: %v", name, err)
	}
}
