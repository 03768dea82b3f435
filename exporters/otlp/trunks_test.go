package otlp

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"mirrorwatch/pipeline"
)

func TestRoutesThatCannotBeToldApartAreOnePoint(t *testing.T) {
	isolate(t)
	server, now := startCollector(t), time.Now()
	e := open(t, configFor(server), nil, quiet())
	board := pipeline.NewBoard(now)
	inbound := pipeline.Trunk{Connection: "hub", Kind: pipeline.TrunkGateway, Server: "n1", Cluster: "EAST", Remote: "WEST", Up: true, RTT: time.Millisecond}
	slow, outbound, leaf := inbound, inbound, inbound
	slow.RTT = 3 * time.Millisecond
	outbound.Outbound, outbound.Up = true, false
	leaf.Kind, leaf.Remote, leaf.RTT = pipeline.TrunkLeafnode, "bad\xff", 0
	board.PutTrunks("hub", []pipeline.Trunk{inbound, slow, outbound, leaf})
	if err := e.report(t.Context(), board, now); err != nil {
		t.Fatal(err)
	}
	got := pointsIn(server.take())
	up := map[string]float64{}
	for _, p := range got["nats.gateway.up"] {
		up[p.attributes["nats.gateway.direction"]] = p.value
	}
	if len(got["nats.gateway.up"]) != 2 || up["inbound"] != 1 || up["outbound"] != 0 {
		t.Errorf("gateways: %+v", got["nats.gateway.up"])
	}
	if rtt := got["nats.gateway.rtt"]; len(rtt) != 1 || rtt[0].value != 0.003 {
		t.Errorf("round trips: %+v, want the longest, of what is up", rtt)
	}
	if leaves := got["nats.leafnode.up"]; len(leaves) != 1 || leaves[0].value != 1 || leaves[0].attributes["nats.remote.name"] != "bad\uFFFD" {
		t.Errorf("leafnodes: %+v", leaves)
	}
	if len(got["nats.leafnode.rtt"]) != 0 {
		t.Error("a round-trip time that nobody told is told")
	}
}

func TestManyRoutesAreSentInSeveralRequests(t *testing.T) {
	isolate(t)
	server, now := startCollector(t), time.Now()
	e := open(t, configFor(server), nil, quiet())
	e.most = 64 << 10
	board := pipeline.NewBoard(now)
	const many = 500
	all := make([]pipeline.Trunk, many)
	for i := range all {
		all[i] = pipeline.Trunk{
			Connection: "hub", Kind: pipeline.TrunkLeafnode, Server: "n1", Cluster: "EAST", Remote: fmt.Sprintf("leaf-%06d", i), Account: "ACME",
			Up: true, RTT: time.Millisecond,
		}
	}
	board.PutTrunks("hub", all)
	if err := e.report(t.Context(), board, now); err != nil {
		t.Fatal(err)
	}
	requests := server.take()
	for _, r := range requests {
		if size := proto.Size(r); size > e.most {
			t.Errorf("a request has %d bytes", size)
		}
	}
	if got := pointsIn(requests); len(got["nats.leafnode.up"]) != many || len(got["nats.leafnode.rtt"]) != many || len(requests) < 3 {
		t.Errorf("%d and %d points in %d requests", len(got["nats.leafnode.up"]), len(got["nats.leafnode.rtt"]), len(requests))
	}
}
