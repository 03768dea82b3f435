package delivery

import (
	"testing"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// leafnode is a mirror that loses contact when its link breaks.
type leafnode struct {
	*pipelinetest.Leafnode

	js natsjs.JetStream // of the mirror
}

// startLeafnode has ORDERS on the one side, and MIRROR with a limit of 5 s on the other.
func startLeafnode(t testing.TB) *leafnode {
	t.Helper()
	l := &leafnode{Leafnode: pipelinetest.StartLeafnode(t)}
	l.js = l.Mirror.JetStream(t)
	pipelinetest.CreateStream(t, l.Origin.JetStream(t), natsjs.StreamConfig{Name: "ORDERS", Subjects: []string{"orders"}})
	pipelinetest.CreateMirror(t, l.js, "MIRROR", "ORDERS", pipelinetest.APIPrefix(pipelinetest.HubDomain), limit("5"))
	return l
}

// store is a mirror that turns bad, and well again, within a second: it has to hold more than 3 messages.
type store struct {
	*pipelinetest.Server

	t  testing.TB
	js natsjs.JetStream
}

func startStore(t testing.TB) *store {
	t.Helper()
	s := &store{Server: pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one"}), t: t}
	s.js = s.JetStream(t)
	pipelinetest.CreateStream(t, s.js, natsjs.StreamConfig{Name: "ORDERS", Subjects: []string{"orders"}})
	pipelinetest.CreateMirror(t, s.js, "MIRROR", "ORDERS", "", map[string]string{pipeline.MetadataPrefix + "msgs-critical": "3"})
	s.fill()
	return s
}

// fill makes it well, and returns when it is.
func (s *store) fill() {
	s.t.Helper()
	pipelinetest.Publish(s.t, s.js, "orders", 4)
	pipelinetest.Eventually(s.t, soon, "the mirror copies", func() bool {
		return pipelinetest.StreamInfo(s.t, s.js, "MIRROR").State.Msgs >= 4
	})
}

// spill makes it bad.
func (s *store) spill() {
	s.t.Helper()
	pipelinetest.PurgeStream(s.t, s.js, "MIRROR")
}
