package telemetry

import (
	"os"
	"runtime"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

func TestReceiversAreToldAndLeaveWithTheConfiguration(t *testing.T) {
	receivers := []pipeline.ReceiverStats{
		{Receiver: "ops", Pending: 2, Oldest: time.Now().Add(-time.Minute), Delivered: 5, Retried: 4, Refused: 3, GivenUp: 1},
		{Receiver: "oncall", Delivered: 9},
	}
	o := open(t, Sources{Receivers: func() []pipeline.ReceiverStats { return receivers }})
	got, _ := collect(t, o)
	expect(t, got, map[string]float64{
		"mirrorwatch.outbox.pending ops":          2,
		"mirrorwatch.outbox.pending oncall":       0,
		"mirrorwatch.outbox.oldest_age oncall":    0,
		"mirrorwatch.deliveries delivered ops":    5,
		"mirrorwatch.deliveries retry ops":        4,
		"mirrorwatch.deliveries refused ops":      3,
		"mirrorwatch.deliveries given up ops":     1,
		"mirrorwatch.deliveries delivered oncall": 9,
		"mirrorwatch.deliveries given up oncall":  0,
	})
	if age := got["mirrorwatch.outbox.oldest_age ops"]; age < 60 || age > 120 {
		t.Errorf("oldest age %g, want 60", age)
	}
	receivers = receivers[:1]
	got, _ = collect(t, o)
	if _, there := got["mirrorwatch.outbox.pending oncall"]; there {
		t.Error("a receiver that left is told")
	}
}

func TestTheStateOfTheAgentIsTold(t *testing.T) {
	o := open(t, Sources{
		Connections: func() []pipeline.ConnectionStatus {
			return []pipeline.ConnectionStatus{{Name: "dr", Blind: true, Period: 5, Budget: 500, Demand: 12.5}, {Name: "hub", Period: 7}}
		},
		Incidents: func() []pipeline.Incident {
			return []pipeline.Incident{{Level: pipeline.Critical}, {Level: pipeline.Critical}, {Level: pipeline.Unknown}}
		},
		JournalSize: func() (int64, bool) { return 65536, true },
		Build:       Build{Version: "v1.2.3", Revision: "abc", Go: "go1.26"},
	})
	got, _ := collect(t, o)
	expect(t, got, map[string]float64{
		"mirrorwatch.connection.blind dr":          1,
		"mirrorwatch.connection.blind hub":         0,
		"mirrorwatch.round.period dr":              5,
		"mirrorwatch.looks.limit dr":               500,
		"mirrorwatch.looks.demand dr":              12.5,
		"mirrorwatch.incidents.open warning":       0,
		"mirrorwatch.incidents.open critical":      2,
		"mirrorwatch.incidents.open unknown":       1,
		"mirrorwatch.journal.size":                 65536,
		"mirrorwatch.build.info go1.26 abc v1.2.3": 1,
	})
}

func TestTheProcessAndTheRuntimeAreTold(t *testing.T) {
	got, _ := collect(t, open(t, Sources{}))
	for _, name := range []string{"go.memory.used other", "go.memory.allocations", "go.goroutines"} {
		if got[name] <= 0 {
			t.Errorf("%s: %g", name, got[name])
		}
	}
	if _, there := got["process.cpu.time user"]; !there && runtime.GOOS != "windows" {
		t.Error("no CPU time")
	}
	if runtime.GOOS == "linux" && got["process.memory.usage"] < float64(os.Getpagesize())*100 {
		t.Errorf("resident memory: %g", got["process.memory.usage"])
	}
}

// BenchmarkCollect is what one collection of the agent's own metrics takes.
func BenchmarkCollect(b *testing.B) {
	o := open(b, Sources{})
	o.Looked("dr", pipeline.Looked{Kind: pipeline.LookRound, Took: time.Second, Streams: 3})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := o.Collect(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
