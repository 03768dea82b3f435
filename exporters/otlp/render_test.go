package otlp

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"mirrorwatch/pipeline"
)

// sources are three links of one stream that show what differs between links.
func sources(now time.Time) (pipeline.StreamKey, []pipeline.LinkStatus) {
	key := pipeline.StreamKey{Connection: "hub", Account: "ACME", Domain: "eu", Stream: "EVENTS"}
	subject := func(origin, via, filter string) pipeline.Subject {
		return pipeline.Subject{StreamKey: key, Kind: pipeline.KindSource, Origin: origin, Via: via, Filter: filter}
	}
	return key, []pipeline.LinkStatus{
		{
			Subject: subject("ORDERS", "", "orders.>"), Level: pipeline.OK, First: now.Add(-3 * time.Hour),
			Proof: now.Add(-1500 * time.Millisecond), Limit: time.Minute, Reported: true, Lag: 12, Violations: 1,
			Blackout: 90 * time.Second, Updated: now.Add(-time.Second),
			Risk: pipeline.Risk{Failover: pipeline.FailoverReady, AsOf: now, Verified: true},
		},
		{
			Subject: subject("ORDERS", "$JS.leaf.API", "orders.>"), Level: pipeline.Critical, First: now.Add(-3 * time.Hour),
			Proof: now.Add(-100 * time.Second), Limit: time.Minute, Violations: 2,
			Blackout: 40 * time.Second, Dark: true, Updated: now.Add(-2 * time.Second),
			Risk: pipeline.Risk{Failover: pipeline.FailoverUnknown, Messages: 1204, AtLeast: true, AsOf: now.Add(-time.Minute), Verified: true},
		},
		{Subject: subject("AUDIT", "", ""), Level: pipeline.Unknown, Starting: true, First: now.Add(-time.Second), Updated: now},
	}
}

// routes are two ways over a gateway, one of them down, and a leafnode.
func routes() []pipeline.Trunk {
	return []pipeline.Trunk{
		{
			Connection: "hub", Kind: pipeline.TrunkGateway, Server: "n1", Cluster: "EAST", Remote: "WEST", Outbound: true,
			Up: true, RTT: 12 * time.Millisecond,
		},
		{Connection: "hub", Kind: pipeline.TrunkGateway, Server: "n2", Cluster: "EAST", Remote: "WEST", Outbound: true, RTT: time.Second},
		{
			Connection: "hub", Kind: pipeline.TrunkLeafnode, Server: "n1", Cluster: "EAST", Remote: "shop-7", Account: "ACME",
			Up: true, RTT: 250 * time.Microsecond,
		},
	}
}

func TestEveryMetricAsItIsSent(t *testing.T) {
	isolate(t)
	server, now := startCollector(t), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	e := open(t, configFor(server), nil, quiet())
	board := pipeline.NewBoard(now.Add(-time.Hour))
	board.Put(sources(now))
	board.PutTrunks("hub", routes())
	if err := e.report(t.Context(), board, now); err != nil {
		t.Fatal(err)
	}
	requests := server.take()
	golden(t, "links.json", requests)
}

// golden compares what was sent, without its resource, with a file; UPDATE_GOLDEN=1 writes that.
func golden(t *testing.T, name string, requests []*colmetricpb.ExportMetricsServiceRequest) {
	t.Helper()
	var all []json.RawMessage
	for _, r := range requests {
		for _, rm := range r.GetResourceMetrics() {
			for _, sm := range rm.GetScopeMetrics() {
				text, err := protojson.Marshal(sm)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, text)
			}
		}
	}
	packed, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, packed, "", " "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestAnAgeIsNeverNegative(t *testing.T) {
	isolate(t)
	server, now := startCollector(t), time.Now()
	e := open(t, configFor(server), nil, quiet())
	board := pipeline.NewBoard(now)
	link := mirror("A", now)
	link.Proof = now.Add(time.Second) // newer than the time that the report began
	put(board, link)
	if err := e.report(t.Context(), board, now); err != nil {
		t.Fatal(err)
	}
	requests := server.take()
	if got := pointsIn(requests)["nats.replication.last_seen.age"]; len(got) != 1 || got[0].value != 0 {
		t.Errorf("age %v, want 0", got)
	}
}

func TestAStreamNameThatIsNotUTF8SpoilsNoRequest(t *testing.T) {
	isolate(t)
	server, now := startCollector(t), time.Now()
	e := open(t, configFor(server), nil, quiet())
	board := pipeline.NewBoard(now)
	put(board, mirror("bad\xff", now), mirror("good", now))
	if err := e.Report(t.Context(), board); err != nil {
		t.Fatal(err)
	}
	requests := server.take()
	if got := len(pointsIn(requests)["nats.replication.status"]); got != 2 {
		t.Errorf("%d links arrived, want 2", got)
	}
}
