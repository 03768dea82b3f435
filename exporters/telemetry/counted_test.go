package telemetry

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"mirrorwatch/pipeline"
)

// open returns metrics that the test's end shuts down.
func open(t testing.TB, from Sources) *Own {
	t.Helper()
	o, err := New(from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return o
}

// collect returns the value of every number point by "name value-of-attribute ...", and the histograms.
func collect(t testing.TB, o *Own) (numbers map[string]float64, histograms map[string]metricdata.HistogramDataPoint[float64]) {
	t.Helper()
	metrics, err := o.Collect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	numbers, histograms = map[string]float64{}, map[string]metricdata.HistogramDataPoint[float64]{}
	for _, m := range metrics {
		switch data := m.Data.(type) {
		case metricdata.Gauge[int64]:
			gather(numbers, m.Name, data.DataPoints)
		case metricdata.Gauge[float64]:
			gather(numbers, m.Name, data.DataPoints)
		case metricdata.Sum[int64]:
			gather(numbers, m.Name, data.DataPoints)
		case metricdata.Sum[float64]:
			gather(numbers, m.Name, data.DataPoints)
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				key := m.Name
				for _, kv := range p.Attributes.ToSlice() {
					key += " " + kv.Value.String()
				}
				histograms[key] = p
			}
		default:
			t.Errorf("%s is a %T", m.Name, m.Data)
		}
	}
	return numbers, histograms
}

func gather[N int64 | float64](to map[string]float64, name string, points []metricdata.DataPoint[N]) {
	for _, p := range points {
		key := name
		for _, kv := range p.Attributes.ToSlice() {
			key += " " + kv.Value.String()
		}
		to[key] = float64(p.Value)
	}
}

// expect compares the numbers of which something is wanted.
func expect(t *testing.T, got, want map[string]float64) {
	t.Helper()
	of := map[string]float64{}
	for key := range want {
		if value, there := got[key]; there {
			of[key] = value
		}
	}
	if diff := cmp.Diff(want, of); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
}

func TestLooksAreTimedAndTheirFailuresCountedByKind(t *testing.T) {
	o := open(t, Sources{})
	for _, err := range []error{
		nil,
		fmt.Errorf("ask: %w", pipeline.ErrNoAnswer),
		fmt.Errorf("ask: %w", context.DeadlineExceeded),
		fmt.Errorf("ask: %w", pipeline.ErrDisconnected),
		fmt.Errorf("ask: %w", pipeline.ErrDenied),
		errors.New("anything else"),
		context.Canceled,
	} {
		o.Looked("dr", pipeline.Looked{Kind: pipeline.LookStream, Took: 20 * time.Millisecond, Streams: 3, Err: err})
	}
	o.Looked("dr", pipeline.Looked{Kind: pipeline.LookRound, Took: 4 * time.Second, Streams: 1000})
	numbers, histograms := collect(t, o)
	expect(t, numbers, map[string]float64{
		"mirrorwatch.look.failures no answer streams dr": 2, "mirrorwatch.look.failures disconnected streams dr": 1,
		"mirrorwatch.look.failures permission denied streams dr": 1, "mirrorwatch.look.failures _OTHER streams dr": 1,
		"mirrorwatch.looks streams dr": 18, "mirrorwatch.looks round dr": 1000,
	})
	single, round := histograms["mirrorwatch.look.duration streams dr"], histograms["mirrorwatch.look.duration round dr"]
	if single.Count != 6 || round.Count != 1 || round.Sum != 4 {
		t.Errorf("durations: %+v and %+v", single, round)
	}
}

func TestRingsAndCommitsAreCounted(t *testing.T) {
	o := open(t, Sources{})
	o.Turned("dr", 2*time.Millisecond, 7)
	o.Turned("dr", 400*time.Millisecond, 5)
	o.Turned("hub", 0, 0)
	o.Committed(3*time.Millisecond, nil)
	numbers, histograms := collect(t, o)
	expect(t, numbers, map[string]float64{
		"mirrorwatch.proofs dr": 12, "mirrorwatch.proofs hub": 0, "mirrorwatch.journal.commit.failures": 0,
	})
	if late := histograms["mirrorwatch.ring.lateness dr"]; late.Count != 2 || late.Sum != 0.402 {
		t.Errorf("lateness: %+v", late)
	}
	o.Committed(time.Second, errors.New("disk full"))
	numbers, histograms = collect(t, o)
	expect(t, numbers, map[string]float64{"mirrorwatch.journal.commit.failures": 1})
	if commits := histograms["mirrorwatch.journal.commit.duration"]; commits.Count != 2 || commits.Sum != 1.003 {
		t.Errorf("commits: %+v", commits)
	}
}

func TestCountingAllocatesLittle(t *testing.T) {
	o := open(t, Sources{})
	look := pipeline.Looked{Kind: pipeline.LookOrigin, Took: time.Millisecond, Streams: 1, Err: pipeline.ErrNoAnswer}
	if n := testing.AllocsPerRun(100, func() {
		o.Looked("dr", look)
		o.Turned("dr", time.Millisecond, 1)
	}); n > 2 { // keys of the lookup
		t.Errorf("%v allocations", n)
	}
}
