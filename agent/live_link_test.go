package agent

import (
	"strings"
	"testing"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// streamOf is a stream with one subject of its own.
func streamOf(name string) natsjs.StreamConfig {
	return natsjs.StreamConfig{Name: name, Subjects: []string{strings.ToLower(name)}}
}

// mirrored is a leafnode with the stream ORDERS on one side and its mirror on the other.
func mirrored(t testing.TB, metadata map[string]string) *pipelinetest.Leafnode {
	t.Helper()
	l := pipelinetest.StartLeafnode(t)
	pipelinetest.CreateStream(t, l.Origin.JetStream(t), streamOf("ORDERS"))
	pipelinetest.CreateMirror(t, l.Mirror.JetStream(t), "MIRROR", "ORDERS", pipelinetest.APIPrefix(pipelinetest.HubDomain), metadata)
	return l
}

func TestLeafnodeCut(t *testing.T) {
	t.Parallel()
	l, p := mirrored(t, limits("5")), startPager(t)
	a := watch(t, p, l.Mirror)
	awaitProof(t, a.api, "MIRROR")

	l.Link.Cut()
	opened := p.awaitChange(t, soon, pipeline.Opened, "seen", "MIRROR")
	inTime(t, opened, shortLimit)
	l.Link.Restore()
	resolved := p.awaitChange(t, selfHealing, pipeline.Resolved, "seen", "MIRROR")
	sameIncident(t, opened, resolved)
	p.only(t, anyPage, pipeline.Opened, pipeline.Resolved)
}

// A restarted mirror tells lag 0 and no age at all; whoever trusts that calls it well.
func TestMirrorRestartedWhileCut(t *testing.T) {
	t.Parallel()
	l, p := mirrored(t, limits("5")), startPager(t)
	a := watch(t, p, l.Mirror)
	awaitProof(t, a.api, "MIRROR")

	l.Link.Cut()
	opened := p.awaitChange(t, soon, pipeline.Opened, "seen", "MIRROR")
	l.Mirror.Stop()
	if err := l.Mirror.Start(); err != nil {
		t.Fatal(err)
	}
	never := "no contact since the server began to count"
	pipelinetest.Eventually(t, soon, "the restarted mirror is seen", func() bool {
		all := links(t, a.api, "MIRROR")
		return len(all) == 1 && all[0].Status == pipeline.Critical && all[0].Reason == never
	})
	fence(t, p, l.Mirror)
	p.only(t, of("seen", "MIRROR"), pipeline.Opened)
	if open := openIncidents(t, a.api); len(open) == 0 || open[0].Incident != opened.incident() {
		t.Errorf("open incidents: %+v", open)
	}

	l.Link.Restore()
	resolved := p.awaitChange(t, selfHealing, pipeline.Resolved, "seen", "MIRROR")
	sameIncident(t, opened, resolved)
	p.only(t, of("seen", "MIRROR"), pipeline.Opened, pipeline.Resolved)
}

func TestOriginDeleted(t *testing.T) {
	t.Parallel()
	server, p := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one"}), startPager(t)
	js := server.JetStream(t)
	pipelinetest.CreateStream(t, js, streamOf("ORDERS"))
	pipelinetest.CreateMirror(t, js, "MIRROR", "ORDERS", "", limits("5"))
	a := watch(t, p, server)
	awaitProof(t, a.api, "MIRROR")

	pipelinetest.DeleteStream(t, js, "ORDERS")
	opened := p.awaitChange(t, soon, pipeline.Opened, "seen", "MIRROR")
	inTime(t, opened, shortLimit)
	updated := p.await(t, selfHealing, "the server's own error", func(p *page) bool {
		return p.change() == string(pipeline.Updated) && p.Annotations["detail"] != ""
	})
	sameIncident(t, opened, updated)
	p.only(t, anyPage, pipeline.Opened)
}

// Of two sources, the one beyond the cut link is reported, and the other is not.
func TestOneOfTwoSourcesDies(t *testing.T) {
	t.Parallel()
	l, p := pipelinetest.StartLeafnode(t), startPager(t)
	pipelinetest.CreateStream(t, l.Origin.JetStream(t), streamOf("FAR"))
	js := l.Mirror.JetStream(t)
	pipelinetest.CreateStream(t, js, streamOf("NEAR"))
	pipelinetest.CreateStream(t, js, natsjs.StreamConfig{
		Name: "ALL", Metadata: limits("5"), Sources: []*natsjs.StreamSource{
			{Name: "NEAR"},
			{Name: "FAR", External: &natsjs.ExternalStream{APIPrefix: pipelinetest.APIPrefix(pipelinetest.HubDomain)}},
		},
	})
	a := watch(t, p, l.Mirror)
	awaitProof(t, a.api, "ALL")

	l.Link.Cut()
	opened := p.awaitChange(t, soon, pipeline.Opened, "seen", "ALL")
	inTime(t, opened, shortLimit)
	if opened.Labels["origin"] != "FAR" || opened.Labels["kind"] != "source" {
		t.Errorf("got %s, labels %v", opened, opened.Labels)
	}
	pipelinetest.Eventually(t, soon, "the other source is proven while one is dead", func() bool {
		for _, link := range links(t, a.api, "ALL") {
			if link.Origin == "NEAR" {
				return link.Status == pipeline.OK && link.Proof != nil && link.Proof.After(opened.Opened)
			}
		}
		return false
	})
	l.Link.Restore()
	resolved := p.awaitChange(t, selfHealing, pipeline.Resolved, "seen", "ALL")
	sameIncident(t, opened, resolved)
	p.only(t, anyPage, pipeline.Opened, pipeline.Resolved)
}
