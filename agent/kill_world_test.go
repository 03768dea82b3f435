package agent

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// stepsOfALife is how often a stream changes before another one takes its place. So no incident opens often enough to be held
// open as flapping.
const stepsOfALife = 6

// killWorld is streams on a real server whose metadata changes at random: incidents of the rules messages and policy open,
// escalate, ease and end, some of them because the stream is deleted.
type killWorld struct {
	js      natsjs.JetStream
	random  *rand.Rand
	streams []*changingStream
	made    int
}

// changingStream is one of the streams that there are.
type changingStream struct {
	name     string
	steps    int
	metadata map[string]string
}

func newKillWorld(t testing.TB, js natsjs.JetStream, seed uint64, n int) *killWorld {
	t.Helper()
	w := &killWorld{js: js, random: rand.New(rand.NewPCG(seed, 2))}
	for range n {
		w.streams = append(w.streams, w.create(t))
	}
	return w
}

func (w *killWorld) create(t testing.TB) *changingStream {
	t.Helper()
	w.made++
	s := &changingStream{name: fmt.Sprintf("CHANGING_%d", w.made), metadata: w.draw()}
	pipelinetest.CreateMirror(t, w.js, s.name, "ORDERS", "", s.metadata)
	return s
}

// draw makes metadata that is well, or not in some way. The streams are empty.
func (w *killWorld) draw() map[string]string {
	m := limits([]string{"10m", "5M"}[w.random.IntN(2)])
	switch w.random.IntN(3) {
	case 0:
		m[pipeline.MetadataPrefix+"msgs-critical"] = "1"
	case 1:
		m[pipeline.MetadataPrefix+"msgs-warn"] = "1"
	}
	return m
}

// turn changes one stream.
func (w *killWorld) turn(t testing.TB) {
	t.Helper()
	n := w.random.IntN(len(w.streams))
	s := w.streams[n]
	if s.steps++; s.steps > stepsOfALife {
		pipelinetest.DeleteStream(t, w.js, s.name)
		w.streams[n] = w.create(t)
		return
	}
	s.metadata = w.draw()
	pipelinetest.SetMetadata(t, w.js, s.name, s.metadata)
}

// open returns what is wrong with the streams, as "rule STREAM", sorted.
func (w *killWorld) open() (all []string) {
	for _, s := range w.streams {
		seen := limits("5M")
		for key, value := range s.metadata {
			if seen[key] == value {
				all = append(all, pipeline.RulePolicy+" "+s.name)
			}
		}
		for key := range maps.Keys(s.metadata) {
			if key == pipeline.MetadataPrefix+"msgs-critical" || key == pipeline.MetadataPrefix+"msgs-warn" {
				all = append(all, pipeline.RuleMessages+" "+s.name)
			}
		}
	}
	slices.Sort(all)
	return all
}
