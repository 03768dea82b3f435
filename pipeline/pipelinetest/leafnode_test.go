package pipelinetest_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline/pipelinetest"
)

func TestAMirrorCopiesOverTheLinkStopsWhenCutAndCopiesAgain(t *testing.T) {
	t.Parallel()
	l := pipelinetest.StartLeafnode(t)
	origin, mirror := l.Origin.JetStream(t), l.Mirror.JetStream(t)
	pipelinetest.CreateStream(t, origin, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
	pipelinetest.CreateMirror(t, mirror, "ORDERS_MIRROR", "ORDERS", pipelinetest.APIPrefix(pipelinetest.HubDomain),
		map[string]string{"io.nats.monitor.seen-critical": "10"})
	copied := func(last uint64) func() bool {
		return func() bool { return pipelinetest.Copied(t, mirror, "ORDERS_MIRROR", last) }
	}

	pipelinetest.Publish(t, origin, "orders.new", 5)
	pipelinetest.Eventually(t, 10*time.Second, "the mirror copies", copied(5))

	l.Link.Cut()
	pipelinetest.Publish(t, origin, "orders.new", 5)
	pipelinetest.Eventually(t, 10*time.Second, "the mirror misses its heartbeats", func() bool {
		return pipelinetest.StreamInfo(t, mirror, "ORDERS_MIRROR").Mirror.Active > 1500*time.Millisecond
	})
	if copied(6)() {
		t.Error("the mirror copied over a cut link")
	}

	l.Link.Restore()
	pipelinetest.Eventually(t, 20*time.Second, "the mirror copies again", copied(10))
}

func TestABlackholedLinkLooksConnected(t *testing.T) {
	t.Parallel()
	l := pipelinetest.StartLeafnode(t)
	origin, mirror := l.Origin.JetStream(t), l.Mirror.JetStream(t)
	pipelinetest.CreateStream(t, origin, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
	pipelinetest.CreateMirror(t, mirror, "M", "ORDERS", pipelinetest.APIPrefix(pipelinetest.HubDomain), nil)
	pipelinetest.Publish(t, origin, "orders.new", 1)
	pipelinetest.Eventually(t, 10*time.Second, "the mirror copies", func() bool {
		return pipelinetest.Copied(t, mirror, "M", 1)
	})

	l.Link.Blackhole()
	pipelinetest.Eventually(t, 10*time.Second, "the mirror misses its heartbeats", func() bool {
		return pipelinetest.StreamInfo(t, mirror, "M").Mirror.Active > 1500*time.Millisecond
	})
	if !l.Joined() {
		t.Error("the servers know that the link is dead")
	}
}

func TestADeniedDeliveryLeavesTheRequestsAlone(t *testing.T) {
	t.Parallel()
	l := pipelinetest.StartLeafnode(t)
	origin, mirror := l.Origin.JetStream(t), l.Mirror.JetStream(t)
	pipelinetest.CreateStream(t, origin, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
	pipelinetest.CreateStream(t, mirror, jetstream.StreamConfig{Name: "M", Mirror: l.Source("ORDERS")})
	pipelinetest.Publish(t, origin, "orders.new", 1)
	copied := func(last uint64) func() bool {
		return func() bool { return pipelinetest.Copied(t, mirror, "M", last) }
	}
	pipelinetest.Eventually(t, 10*time.Second, "the mirror copies", copied(1))

	l.DenyDelivery(t)
	pipelinetest.Publish(t, origin, "orders.new", 1)
	pipelinetest.Eventually(t, 15*time.Second, "the mirror hears nothing", func() bool {
		return pipelinetest.StreamInfo(t, mirror, "M").Mirror.Active > 3*time.Second
	})
	subject := pipelinetest.APIPrefix(pipelinetest.HubDomain) + ".STREAM.INFO.ORDERS"
	if _, err := mirror.Conn().Request(subject, nil, 5*time.Second); err != nil {
		t.Errorf("ask the origin's API: %v", err)
	}
	if copied(2)() {
		t.Error("the mirror copied")
	}

	l.Deny(t, pipelinetest.Denied{})
	pipelinetest.Eventually(t, 20*time.Second, "the mirror copies again", copied(2))
}

func TestALeafnodeOfChildren(t *testing.T) {
	t.Parallel()
	child := pipelinetest.ServerOptions{Child: true}
	l := pipelinetest.StartLeafnodeWith(t, pipelinetest.LeafnodeOptions{Origin: child, Mirror: child})
	l.Origin.Freeze(t)
	if !l.Origin.Answers() && l.Joined() {
		t.Error("a frozen server tells that it is joined")
	}
	l.Origin.Thaw(t)
	pipelinetest.Eventually(t, 10*time.Second, "the servers are joined", l.Joined)
}
