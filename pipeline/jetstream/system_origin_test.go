package jetstream

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

func TestSystemScopeTellsOfOrigins(t *testing.T) {
	srv, as := threeAccountServer(t)
	ordersAndMirror(t, as, 1, "a", "b")
	s, _ := openSystem(t, srv.URL(), Config{})
	round(t, s)
	key := pipeline.OriginKey{Connection: "sys", Account: "B", Stream: "ORDERS"}
	v := s.LookAtOrigin(t.Context(), key, false)
	if v.Key != key || v.Path != pipeline.PathSystem || v.Fault.Kind != "" || v.State.LastSeq != 3 || len(v.Subjects) != 1 || v.Replicates || v.Created.IsZero() {
		t.Errorf("%+v", v)
	}
	before := s.conn.nc.Load().Stats().OutMsgs
	if s.LookAtOrigin(t.Context(), key, false); s.conn.nc.Load().Stats().OutMsgs != before {
		t.Error("a server was asked although the round just told of the origin")
	}

	s.fresh = 0
	pipelinetest.Publish(t, as("b"), "orders.new", 1)
	if v := s.LookAtOrigin(t.Context(), key, false); v.Fault.Kind != "" || v.State.LastSeq != 4 || v.At.Before(v.Asked) {
		t.Errorf("%+v", v)
	}
	if v := s.LookAtOrigin(t.Context(), pipeline.OriginKey{Account: "B", Stream: "M"}, false); !v.Replicates {
		t.Errorf("%+v", v)
	}
	pipelinetest.DeleteStream(t, as("b"), "ORDERS")
	if v := s.LookAtOrigin(t.Context(), key, false); v.Fault.Kind != pipeline.FaultNotFound {
		t.Errorf("a deleted origin: %+v", v)
	}
	pipelinetest.CreateStream(t, as("b"), jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
	if w := s.LookAtOrigin(t.Context(), key, false); w.Fault.Kind != "" || !w.Created.After(v.Created) || len(w.Subjects) != 1 {
		t.Errorf("a recreated origin: %+v", w)
	}
}

func TestWhichStreamAnOriginIs(t *testing.T) {
	stream := func(account, domain, name string) pipeline.StreamKey {
		return pipeline.StreamKey{Connection: "sys", Account: account, Domain: domain, Stream: name}
	}
	c := catalogue{connection: "sys", entries: map[pipeline.StreamKey]*entry{
		stream("A", "hub", "ONE"):    {},
		stream("A", "leaf", "ONE"):   {},
		stream("A", "hub", "MANY"):   {},
		stream("B", "hub", "MANY"):   {},
		stream("B", "leaf", "THERE"): {},
		stream("C", "leaf", "LEFT"):  {gone: time.Now()},
	}}
	for _, x := range []struct {
		account, via, name string
		want               pipeline.StreamKey // empty: cannot tell
	}{
		{"A", "", "ONE", stream("A", "leaf", "ONE")},
		{"A", "$JS.API", "ONE", stream("A", "leaf", "ONE")},
		{"A", "", "NEW", stream("A", "leaf", "NEW")},
		{"A", "$JS.hub.API", "ONE", stream("A", "hub", "ONE")},
		{"B", "$JS.hub.API", "ONE", stream("A", "hub", "ONE")},
		{"A", "$JS.hub.API", "MANY", stream("A", "hub", "MANY")},
		{"C", "$JS.hub.API", "MANY", pipeline.StreamKey{}},
		{"A", "$JS.hub.API", "THERE", pipeline.StreamKey{}},
		{"A", "from.b", "THERE", pipeline.StreamKey{}},
		{"A", "from.b", "MANY", pipeline.StreamKey{}},
		{"A", "from.b", "NEW", pipeline.StreamKey{}},
		{"A", "from.c", "LEFT", pipeline.StreamKey{}},
		{"B", "from.a", "ONE", pipeline.StreamKey{}},
	} {
		got, err := c.origin(pipeline.OriginKey{Account: x.account, Domain: "leaf", Via: x.via, Stream: x.name})
		if unknown := x.want == (pipeline.StreamKey{}); unknown != (err != nil) || !unknown && got != x.want {
			t.Errorf("%s via %q from %s: %v, %v", x.name, x.via, x.account, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), "cannot tell which account") {
			t.Error(err)
		}
	}
}
