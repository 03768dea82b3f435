package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

// BenchmarkCost is scale cost --links 1000 with fewer rounds, and without thresholds. It builds the agent and takes two minutes an
// iteration: run it with -benchtime 1x.
func BenchmarkCost(b *testing.B) {
	c := &costCommand{Rounds: 15, Busy: 10}
	shop, err := c.open(b.Context(), &console{log: os.Stderr})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(shop.close)
	for b.Loop() {
		rows, err := c.size(b.Context(), &console{log: io.Discard}, shop, c.plan(1000))
		if err != nil {
			b.Fatal(err)
		}
		for k := range rows {
			r := &rows[k]
			name := strings.NewReplacer(" ", "-", ",", "").Replace(r.what)
			b.ReportMetric(r.micros(), name+"-µs/stream")
			b.ReportMetric(float64(r.wall.Microseconds())/1e3, name+"-ms/round")
			b.ReportMetric(mib(r.memory.resident), name+"-MiB")
		}
	}
	b.ReportMetric(0, "ns/op") // says nothing
}
