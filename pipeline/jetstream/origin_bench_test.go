package jetstream

import (
	"fmt"
	"sync"
	"testing"

	"mirrorwatch/pipeline"
)

// BenchmarkOrigin asks about 1,000 live streams as origins: one after another, and as many at once as a ring does.
func BenchmarkOrigin(b *testing.B) {
	server := startBenchServer(b)
	s := connected(b, Config{URL: URLs(server.url)})
	keys := make([]pipeline.OriginKey, benchMirrors)
	for i := range keys {
		keys[i] = pipeline.OriginKey{Connection: "dr", Stream: fmt.Sprintf("M%03d", i)}
	}
	for _, askers := range []int{1, 16} {
		b.Run(fmt.Sprintf("%dAtOnce", askers), func(b *testing.B) {
			b.ReportAllocs()
			began, n := cpu(b), 0
			for b.Loop() {
				var asking sync.WaitGroup
				for range askers {
					key := keys[n%len(keys)]
					n++
					asking.Go(func() {
						if v := s.LookAtOrigin(b.Context(), key, false); v.Fault.Kind != pipeline.FaultNone {
							b.Error(v.Fault)
						}
					})
				}
				asking.Wait()
			}
			b.ReportMetric(float64((cpu(b)-began).Microseconds())/float64(n), "client-µs/question")
		})
	}
}
