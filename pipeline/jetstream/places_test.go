package jetstream

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

func TestAtMostSixtyFourQuestionsOfAllKindsAreInFlight(t *testing.T) {
	const most = streamPlaces + roundPlaces + originPlaces + otherPlaces + sharedPlaces
	var now atomic.Int64
	through := make(chan struct{})
	s := scripted(t, func(subject string, offset int) string {
		if subject == "INFO" {
			return `{}`
		}
		if now.Add(1) > most {
			t.Errorf("%d questions in flight", now.Load())
		}
		<-through
		now.Add(-1)
		if subject == "STREAM.LIST" {
			return fmt.Sprintf(`{"total":20,"limit":1,"streams":[%s]}`, element(fmt.Sprint("S", offset)))
		}
		return element("S")
	})
	s.patience = patience{list: time.Minute, info: time.Minute, origin: time.Minute, slow: time.Minute}
	var scope []pipeline.StreamKey
	for range 100 {
		scope = append(scope, pipeline.StreamKey{Connection: "dr", Stream: "S"})
	}
	var looks sync.WaitGroup
	for range roundPlaces { // each asks for one page
		looks.Go(func() { _ = s.Look(t.Context(), nil, func(*pipeline.Sample) {}) })
	}
	pipelinetest.Eventually(t, 10*time.Second, "rounds ask", func() bool { return now.Load() == roundPlaces })
	looks.Go(func() { _ = s.Look(t.Context(), scope, func(*pipeline.Sample) {}) })
	for range 50 {
		looks.Go(func() { s.LookAtOrigin(t.Context(), pipeline.OriginKey{Stream: "S"}) })
		looks.Go(func() { s.LookAtStream(t.Context(), "S") })
	}
	pipelinetest.Eventually(t, 10*time.Second, "all places are taken", func() bool { return now.Load() == most })
	if most != 64 {
		t.Errorf("%d places", most)
	}
	close(through)
	looks.Wait()
}
