package pipelinetest_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline/pipelinetest"
)

// crossed is a mirror in one account that copies from another, and how to look at both.
func crossed(t *testing.T) (x *pipelinetest.CrossAccount, origin, mirror jetstream.JetStream) {
	t.Helper()
	x = pipelinetest.StartCrossAccount(t, pipelinetest.CrossAccountOptions{})
	origin, mirror = x.Origin(t), x.Mirror(t)
	pipelinetest.CreateStream(t, origin, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
	pipelinetest.CreateStream(t, mirror, jetstream.StreamConfig{Name: "M", Mirror: x.Source("ORDERS")})
	pipelinetest.Publish(t, origin, "orders.new", 5)
	pipelinetest.Eventually(t, 10*time.Second, "the mirror copies", func() bool {
		return pipelinetest.Copied(t, mirror, "M", 5)
	})
	return x, origin, mirror
}

func TestWithoutTheDeliveryImportAMirrorHearsNothing(t *testing.T) {
	t.Parallel()
	x, origin, mirror := crossed(t)
	x.Reload(t, pipelinetest.CrossAccountOptions{WithoutDelivery: true})
	pipelinetest.Publish(t, origin, "orders.new", 1)
	pipelinetest.Eventually(t, 15*time.Second, "the mirror hears nothing", func() bool {
		return pipelinetest.StreamInfo(t, mirror, "M").Mirror.Active > 3*time.Second
	})
	if pipelinetest.Copied(t, mirror, "M", 6) {
		t.Error("the mirror copied")
	}
}

func TestWithoutTheFlowControlImportALoadedMirrorStallsAndHearsHeartbeats(t *testing.T) {
	t.Parallel()
	x, origin, mirror := crossed(t)
	x.Reload(t, pipelinetest.CrossAccountOptions{WithoutFlowControl: true})
	stop := pipelinetest.Load(t, origin, "orders.new", 0)
	defer stop()
	last, since := uint64(0), time.Now()
	pipelinetest.Eventually(t, 30*time.Second, "the mirror stands still for 2 s while the origin moves on", func() bool {
		info := pipelinetest.StreamInfo(t, mirror, "M")
		if now := info.State.LastSeq; now != last {
			last, since = now, time.Now()
		}
		if info.Mirror.Active > 2*time.Second {
			t.Fatalf("no heartbeat for %s", info.Mirror.Active)
		}
		return time.Since(since) > 2*time.Second && pipelinetest.StreamInfo(t, origin, "ORDERS").State.LastSeq > last
	})
	stop()
	x.Reload(t, pipelinetest.CrossAccountOptions{})
	pipelinetest.Eventually(t, 30*time.Second, "the mirror goes on", func() bool {
		return pipelinetest.StreamInfo(t, mirror, "M").State.LastSeq > last
	})
}

func TestWithoutTheAPIImportTheMirrorSeesNoOrigin(t *testing.T) {
	t.Parallel()
	x, _, mirror := crossed(t)
	sees := func() bool {
		_, err := mirror.Conn().Request(pipelinetest.ImportedAPI+".STREAM.INFO.ORDERS", nil, 2*time.Second)
		return err == nil
	}
	if !sees() {
		t.Error("the origin is out of sight, with all imports")
	}
	for _, without := range []pipelinetest.CrossAccountOptions{{WithoutAPI: true}, {WithoutInfo: true}} {
		x.Reload(t, without)
		if sees() {
			t.Errorf("the origin is in sight with %+v", without)
		}
	}
}
