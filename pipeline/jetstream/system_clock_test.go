package jetstream

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

func TestStampsOfSilentMirrorsStandStill(t *testing.T) {
	l := pipelinetest.StartLeafnode(t)
	pipelinetest.CreateStream(t, l.Origin.JetStream(t), jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
	mirror := l.Mirror.JetStream(t)
	const mirrors = 100
	for i := range mirrors {
		pipelinetest.CreateStream(t, mirror, jetstream.StreamConfig{
			Name: fmt.Sprintf("M%03d", i), Mirror: l.Source("ORDERS"), Storage: jetstream.MemoryStorage,
		})
	}
	s, _ := openSystem(t, l.Mirror.URL(), Config{})
	heard := func() map[string]time.Time {
		all := map[string]time.Time{}
		for name, x := range round(t, s) {
			if len(x.Links) == 1 && x.Links[0].Reported && x.Links[0].Active >= 0 {
				all[name] = x.ServerTime.Add(-x.Links[0].Active)
			}
		}
		return all
	}
	pipelinetest.Eventually(t, 30*time.Second, "all mirrors heard of their origin", func() bool { return len(heard()) == mirrors })
	proofs := map[string]*pipeline.Proof{}
	pipelinetest.Eventually(t, 10*time.Second, "contact is proven by rounds alone", func() bool {
		proven := 0
		for name, x := range round(t, s) {
			if len(x.Links) == 0 {
				continue
			}
			if proofs[name] == nil {
				proofs[name] = &pipeline.Proof{}
			}
			if proofs[name].Observe(x, &x.Links[0]); time.Since(proofs[name].Contact()) < 3*time.Second {
				proven++
			}
		}
		return proven == mirrors
	})

	l.Link.Blackhole()
	silent := func() bool {
		for _, at := range heard() {
			if time.Since(at) < 2*time.Second {
				return false
			}
		}
		return true
	}
	pipelinetest.Eventually(t, 10*time.Second, "all mirrors are silent", silent)
	first := heard()
	for range 50 {
		for name, at := range heard() {
			if d := at.Sub(first[name]).Abs(); d > 200*time.Millisecond {
				t.Fatalf("the stamp of %s moved by %v", name, d)
			}
		}
	}
}
