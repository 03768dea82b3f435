package otlp

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metricpb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"mirrorwatch/pipeline"
)

// Whatever is refused and whatever begins anew: what was accepted adds up to what was counted, each interval told once.
func TestAcceptedDeltasAddUpToTheTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, now := newDeltas(Delta), time.Unix(1e9, 0)
		name := attribute.NewSet(attribute.String("a", "b"))
		started := now
		var total, finished, told int64
		var histogram [3]uint64
		var buckets [3]uint64
		end := map[string]time.Time{}
		follows := func(metric string, from, to time.Time) {
			if from.Before(end[metric]) || !to.After(from) {
				t.Fatalf("%s: %s to %s, after %s", metric, from, to, end[metric])
			}
			end[metric] = to
		}
		for range rapid.IntRange(1, 20).Draw(t, "exports") {
			now = now.Add(time.Second)
			if rapid.IntRange(0, 9).Draw(t, "anew") == 0 && told == finished+total { // what a link that is deleted had left is gone with it
				finished, total, started, now = finished+total, 0, now, now.Add(time.Second)
			}
			total += rapid.Int64Range(0, 3).Draw(t, "added")
			histogram[rapid.IntRange(0, 2).Draw(t, "bucket")]++
			n := histogram[0] + histogram[1] + histogram[2]
			metrics := d.of([]metricdata.Metrics{
				{Name: "c", Data: metricdata.Sum[int64]{
					IsMonotonic: true, Temporality: metricdata.CumulativeTemporality,
					DataPoints: []metricdata.DataPoint[int64]{{Attributes: name, StartTime: started, Time: now, Value: total}},
				}},
				{Name: "h", Data: metricdata.Histogram[float64]{
					Temporality: metricdata.CumulativeTemporality,
					DataPoints: []metricdata.HistogramDataPoint[float64]{{
						Attributes: name, StartTime: time.Unix(1e9, 0), Time: now, Count: n, Sum: float64(n),
						Bounds: []float64{1, 2}, BucketCounts: slices.Clone(histogram[:]),
					}},
				}},
			})
			if !rapid.Bool().Draw(t, "accepted") {
				d.refuse()
				continue
			}
			d.accept()
			for _, m := range metrics {
				switch data := m.Data.(type) {
				case metricdata.Sum[int64]:
					p := data.DataPoints[0]
					told += p.Value
					follows("c", p.StartTime, p.Time)
				case metricdata.Histogram[float64]:
					p := data.DataPoints[0]
					for i := range buckets {
						buckets[i] += p.BucketCounts[i]
					}
					if p.Sum != float64(p.Count) {
						t.Fatalf("a sum of %g for %d", p.Sum, p.Count)
					}
					follows("h", p.StartTime, p.Time)
				}
			}
			if told != finished+total || buckets != histogram {
				t.Fatalf("told %d of %d, %v of %v", told, finished+total, buckets, histogram)
			}
		}
	})
}

// A series may count anew and say that it counts since the process's start, as that of a receiver which was taken out and put back.
func TestASeriesThatCountsAnewBeginsWhereItEnded(t *testing.T) {
	d, started := newDeltas(Delta), time.Unix(1e9, 0)
	for n, step := range []struct {
		count uint64
		from  time.Duration
	}{{5, 0}, {2, time.Minute}, {3, 2 * time.Minute}} {
		now := started.Add(time.Duration(n+1) * time.Minute)
		metrics := d.of([]metricdata.Metrics{
			{Name: "int", Data: metricdata.Sum[int64]{IsMonotonic: true, DataPoints: []metricdata.DataPoint[int64]{
				{StartTime: started, Time: now, Value: int64(step.count)},
			}}},
			{Name: "float", Data: metricdata.Sum[float64]{IsMonotonic: true, DataPoints: []metricdata.DataPoint[float64]{
				{StartTime: started, Time: now, Value: float64(step.count)},
			}}},
			{Name: "histogram", Data: metricdata.Histogram[float64]{DataPoints: []metricdata.HistogramDataPoint[float64]{
				{StartTime: started, Time: now, Count: step.count, BucketCounts: []uint64{step.count}},
			}}},
		})
		d.accept()
		from := []time.Time{
			metrics[0].Data.(metricdata.Sum[int64]).DataPoints[0].StartTime,
			metrics[1].Data.(metricdata.Sum[float64]).DataPoints[0].StartTime,
			metrics[2].Data.(metricdata.Histogram[float64]).DataPoints[0].StartTime,
		}
		for _, at := range from {
			if at.Sub(started) != step.from {
				t.Errorf("%d of %d: from %s on, want %s", step.count, n, at.Sub(started), step.from)
			}
		}
	}
}

func TestWithDeltaNothingIsLostOrToldTwiceWhenAnExportFails(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, server *collector) {
		now := time.Now()
		var up atomic.Bool
		up.Store(true)
		server.answer = func(context.Context, *colmetricpb.ExportMetricsServiceRequest) (*colmetricpb.ExportMetricsServiceResponse, error) {
			if !up.Load() {
				return nil, status.Error(codes.Unavailable, "draining")
			}
			return &colmetricpb.ExportMetricsServiceResponse{}, nil
		}
		cfg := configFor(server)
		cfg.Temporality = Delta
		e := open(t, cfg, nil, quiet())
		board := pipeline.NewBoard(now)
		link := mirror("A", now)
		export := func(at time.Duration, violations uint64, blackout time.Duration) (told []string) {
			t.Helper()
			link.Violations, link.Blackout = violations, blackout
			put(board, link)
			if err := e.report(t.Context(), board, now.Add(at)); (err == nil) != up.Load() {
				t.Fatal(err)
			}
			requests := server.take()
			for _, m := range metricsIn(requests) {
				if s := m.GetSum(); s != nil && s.GetAggregationTemporality() != metricpb.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA {
					t.Errorf("%s is %s", m.GetName(), s.GetAggregationTemporality())
				}
			}
			points := pointsIn(requests)
			for _, metric := range []string{"violations", "blackout.time"} {
				for _, p := range points["nats.replication."+metric] {
					told = append(told, fmt.Sprintf("%s %g from %s to %s", metric, p.value, p.start.Sub(now), p.time.Sub(now)))
				}
			}
			return told
		}
		expect := func(got []string, want ...string) {
			t.Helper()
			if !slices.Equal(got, want) {
				t.Errorf("told %q, want %q", got, want)
			}
		}
		expect(export(15*time.Second, 0, 0))
		expect(export(30*time.Second, 2, 20*time.Second), "violations 2 from 0s to 30s", "blackout.time 20 from 0s to 30s")
		up.Store(false)
		export(45*time.Second, 3, 25*time.Second)
		up.Store(true)
		expect(export(60*time.Second, 3, 26*time.Second), "violations 1 from 30s to 1m0s", "blackout.time 6 from 30s to 1m0s")
		expect(export(75*time.Second, 3, 26*time.Second))

		next := open(t, cfg, nil, quiet())
		next.follow(t.Context(), e, board, now.Add(80*time.Second))
		e = next
		expect(export(90*time.Second, 4, 26*time.Second), "violations 1 from 1m0s to 1m30s")

		link.First = now.Add(95 * time.Second) // deleted, and made again
		expect(export(105*time.Second, 5, 0), "violations 5 from 1m35s to 1m45s")
		board.Drop(link.Subject.StreamKey)
		if err := e.report(t.Context(), board, now.Add(120*time.Second)); err != nil {
			t.Fatal(err)
		}
		if len(e.deltas.accepted) != 0 {
			t.Errorf("a link that is gone is kept: %v", e.deltas.accepted)
		}
	})
}

func TestAHealthyLinkThatIsNotToldKeepsItsDelta(t *testing.T) {
	isolate(t)
	server, now := startCollector(t), time.Now()
	cfg := configFor(server)
	cfg.Temporality, cfg.Links = Delta, "unhealthy"
	e, board := open(t, cfg, nil, quiet()), pipeline.NewBoard(now)
	link := mirror("A", now)
	told := 0.0
	for i, step := range []struct {
		level      pipeline.Level
		violations uint64
	}{{pipeline.Critical, 1}, {pipeline.OK, 1}, {pipeline.OK, 1}, {pipeline.Critical, 2}} {
		link.Level, link.Violations = step.level, step.violations
		put(board, link)
		if err := e.report(t.Context(), board, now.Add(time.Duration(i+1)*time.Second)); err != nil {
			t.Fatal(err)
		}
		points := pointsIn(server.take())
		if healthy := step.level == pipeline.OK; healthy != (len(points["nats.replication.status"]) == 0) || len(points["nats.replication.links"]) == 0 {
			t.Errorf("step %d: %v", i, points)
		}
		for _, p := range points["nats.replication.violations"] {
			told += p.value
		}
	}
	if told != 2 {
		t.Errorf("%g violations told, want 2", told)
	}
}

func TestThePreferenceSaysWhatIsDelta(t *testing.T) {
	counter := metricdata.Sum[int64]{
		IsMonotonic: true, Temporality: metricdata.CumulativeTemporality,
		DataPoints: []metricdata.DataPoint[int64]{{Time: time.Unix(1, 0), Value: 1}},
	}
	upDown := counter
	upDown.IsMonotonic = false
	histogram := metricdata.Histogram[float64]{
		Temporality: metricdata.CumulativeTemporality,
		DataPoints:  []metricdata.HistogramDataPoint[float64]{{Time: time.Unix(1, 0), Count: 1, BucketCounts: []uint64{1}}},
	}
	for preference, want := range map[Temporality]map[string]bool{
		Cumulative: {},
		Delta:      {"nats.replication.violations": true, "mirrorwatch.proofs": true, "mirrorwatch.deliveries": true, "mirrorwatch.look.duration": true},
		LowMemory:  {"mirrorwatch.proofs": true, "mirrorwatch.look.duration": true},
	} {
		d := newDeltas(preference)
		for name, data := range map[string]metricdata.Aggregation{
			"nats.replication.violations": counter, "mirrorwatch.proofs": counter, "mirrorwatch.deliveries": counter,
			"mirrorwatch.look.duration": histogram, "process.memory.usage": upDown,
		} {
			got := metricdata.CumulativeTemporality
			switch data := d.of([]metricdata.Metrics{{Name: name, Data: data}})[0].Data.(type) {
			case metricdata.Sum[int64]:
				got = data.Temporality
			case metricdata.Histogram[float64]:
				got = data.Temporality
			}
			if (got == metricdata.DeltaTemporality) != want[name] {
				t.Errorf("%s with %s: %s", name, preference, got)
			}
		}
	}
}

func TestCountersThatNeverCountedTakeNoMemory(t *testing.T) {
	isolate(t)
	server, now := startCollector(t), time.Now()
	cfg := configFor(server)
	cfg.Temporality = Delta
	e, board := open(t, cfg, nil, quiet()), pipeline.NewBoard(now)
	for i := range 100 {
		link := mirror(fmt.Sprint(i), now)
		link.Violations = uint64(i / 99)
		put(board, link)
	}
	if err := e.report(t.Context(), board, now.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if len(e.deltas.accepted) != 1 || len(e.deltas.sent) != 0 {
		t.Errorf("%d series kept, want 1", len(e.deltas.accepted))
	}
}
