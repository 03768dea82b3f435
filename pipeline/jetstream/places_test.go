package jetstream

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// held is a server whose JetStream API answers nobody but about streams named LIVE until release is called, and counts the others.
func held(t *testing.T) (s *Source, waiting *atomic.Int64, release func()) {
	waiting = &atomic.Int64{}
	through := make(chan struct{})
	s = scripted(t, func(subject string, offset int) string {
		switch subject {
		case "INFO":
			return `{}`
		case "STREAM.INFO.LIVE":
			return element("LIVE")
		}
		waiting.Add(1)
		<-through
		waiting.Add(-1)
		if subject == "STREAM.LIST" {
			return fmt.Sprintf(`{"total":%d,"limit":%d,"streams":[%s]}`, 2*widePages*pageSize, pageSize, element(fmt.Sprint("S", offset)))
		}
		return element("S")
	})
	s.patience = patience{list: time.Minute, info: time.Minute, origin: time.Minute}
	s.listed.Store(2 * widePages * pageSize)
	return s, waiting, sync.OnceFunc(func() { close(through) })
}

func scopeOf(name string, n int) []pipeline.StreamKey {
	return slices.Repeat([]pipeline.StreamKey{{Connection: "dr", Stream: name}}, n)
}

func TestAtMost128QuestionsOfAllKindsAreInFlight(t *testing.T) {
	const most = streamPlaces + roundPlaces + originPlaces + otherPlaces
	s, waiting, release := held(t)
	var looks sync.WaitGroup
	defer looks.Wait()
	defer release()
	looks.Go(func() { _ = s.Look(t.Context(), nil, func(*pipeline.Sample) {}) })
	looks.Go(func() { _ = s.Look(t.Context(), scopeOf("S", 2*streamPlaces), func(*pipeline.Sample) {}) })
	for range 50 {
		looks.Go(func() { s.LookAtOrigin(t.Context(), pipeline.OriginKey{Stream: "S"}, false) })
		looks.Go(func() { s.LookAtStream(t.Context(), "S", false) })
	}
	pipelinetest.Eventually(t, 10*time.Second, "all places are taken", func() bool { return waiting.Load() == most })
	if most != 128 {
		t.Errorf("%d places", most)
	}
}

// As many streams as a watch asks about at once never wait for each other, nor for anybody else: while rounds, origins and all but one
// of the streams are silent, that one is seen.
func TestALookAtAStreamWaitsForNoSilence(t *testing.T) {
	s, waiting, release := held(t)
	var looks sync.WaitGroup
	defer looks.Wait()
	defer release()
	for range 2 {
		looks.Go(func() { _ = s.Look(t.Context(), nil, func(*pipeline.Sample) {}) })
	}
	looks.Go(func() { _ = s.Look(t.Context(), scopeOf("S", pipeline.MostLooks-1), func(*pipeline.Sample) {}) })
	for range 50 {
		looks.Go(func() { s.LookAtOrigin(t.Context(), pipeline.OriginKey{Stream: "S"}, false) })
		looks.Go(func() { s.LookAtStream(t.Context(), "S", false) })
	}
	const silent = pipeline.MostLooks - 1 + roundPlaces + originPlaces + otherPlaces
	pipelinetest.Eventually(t, 10*time.Second, "all places but one are taken", func() bool { return waiting.Load() == silent })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var fault pipeline.Fault
	err := s.Look(ctx, scopeOf("LIVE", 1), func(x *pipeline.Sample) { fault = x.Fault })
	if err != nil || fault.Kind != pipeline.FaultNone {
		t.Errorf("%v, %v", fault, err)
	}
}
