package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"mirrorwatch/agent/internal/measure"
)

// BenchmarkCost is scale cost --links 1000 with fewer rounds, and without thresholds. It builds the agent and takes three minutes an
// iteration: run it with -benchtime 1x.
func BenchmarkCost(b *testing.B) {
	c := &costCommand{Rounds: 15, Busy: 10}
	shop, err := c.open(b.Context(), &measure.Console{Name: "scale", Log: os.Stderr})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(shop.close)
	for b.Loop() {
		rows, err := c.size(b.Context(), &measure.Console{Log: io.Discard}, shop, c.plan(1000))
		if err != nil {
			b.Fatal(err)
		}
		for k := range rows {
			r := &rows[k]
			name := strings.NewReplacer(" ", "-", ",", "").Replace(r.what)
			b.ReportMetric(r.micros(), name+"-µs/stream")
			b.ReportMetric(float64(r.wall.Microseconds())/1e3, name+"-ms/round")
			b.ReportMetric(mib(r.memory.Resident), name+"-MiB")
		}
	}
	b.ReportMetric(0, "ns/op") // says nothing
}
