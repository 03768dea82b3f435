package slack

import (
	"testing"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

// BenchmarkStorm renders the first batch of 10,000 incidents, and one that tells of a single end among them.
func BenchmarkStorm(b *testing.B) {
	s, err := New(Config{Name: "oncall", Token: pipeline.NewSecret(token), Channel: theChannel}, pages())
	if err != nil {
		b.Fatal(err)
	}
	var opened []pipeline.Change
	for k := range 10_000 {
		opened = append(opened, exportertest.Of(mirror(k), pipeline.Opened, time.Duration(k)*time.Microsecond))
	}
	var life exportertest.Life
	for name, n := range map[string]pipeline.Notification{
		"opened": life.Tell(opened...), "one-ended": life.Tell(exportertest.Of(mirror(0), pipeline.Resolved, time.Minute)),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Render(n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
