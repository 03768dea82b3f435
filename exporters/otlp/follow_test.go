package otlp

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"

	"mirrorwatch/pipeline"
)

// What was counted before an exporter is not added once more by its deltas: not by one that is added or put back, nor by one of
// another temporality.
func TestAnExporterThatIsMadeLaterTellsWhatIsAddedFromThenOn(t *testing.T) {
	isolate(t)
	for name, before := range map[string]Temporality{"there was none": "", "it told totals": Cumulative, "it told some totals": LowMemory} {
		t.Run(name, func(t *testing.T) {
			server, now := startCollector(t), time.Now()
			board := pipeline.NewBoard(now)
			sick, well, spotless := mirror("SICK", now), mirror("WELL", now), mirror("SPOTLESS", now)
			sick.Violations, well.Violations = 5, 2
			sick.Level = pipeline.Critical
			put(board, sick, well, spotless)
			looks, took := int64(7), []uint64{3, 4}
			at := now
			own := func(context.Context) ([]metricdata.Metrics, error) {
				return []metricdata.Metrics{{Name: "mirrorwatch.looks", Data: metricdata.Sum[int64]{
					IsMonotonic: true, Temporality: metricdata.CumulativeTemporality,
					DataPoints: []metricdata.DataPoint[int64]{{StartTime: now, Time: at, Value: looks}},
				}}, {Name: "mirrorwatch.look.duration", Data: metricdata.Histogram[float64]{
					Temporality: metricdata.CumulativeTemporality,
					DataPoints: []metricdata.HistogramDataPoint[float64]{{
						Attributes: attribute.NewSet(), StartTime: now, Time: at, Count: took[0] + took[1], Sum: 1, Bounds: []float64{1}, BucketCounts: slices.Clone(took),
					}},
				}}}, nil
			}
			cfg := configFor(server)
			var old *Exporter
			if before != "" {
				cfg.Temporality = before
				old = open(t, cfg, own, quiet())
				if err := old.report(t.Context(), board, now.Add(10*time.Second)); err != nil {
					t.Fatal(err)
				}
				server.take()
			}
			cfg.Temporality, cfg.Links = Delta, "unhealthy" // what is well now may be told of later
			e := open(t, cfg, own, quiet())
			at = now.Add(20 * time.Second)
			e.follow(t.Context(), old, board, at)
			if requests := server.take(); len(requests) > 0 {
				t.Errorf("%d requests", len(requests))
			}

			sick.Violations, well.Violations, spotless.Violations = 6, 3, 1
			well.Level, spotless.Level = pipeline.Critical, pipeline.Critical
			put(board, sick, well, spotless)
			looks, took, at = 9, []uint64{3, 5}, now.Add(30*time.Second)
			if err := e.report(t.Context(), board, at); err != nil {
				t.Fatal(err)
			}
			requests := server.take()
			var told []string
			for metric, points := range pointsIn(requests) {
				for _, p := range points {
					if !p.start.Equal(time.Unix(0, 0)) {
						told = append(told, fmt.Sprintf("%s %s %g from %s to %s", metric, p.attributes["nats.stream.name"], p.value, p.start.Sub(now), p.time.Sub(now)))
					}
				}
			}
			for _, m := range metricsIn(requests) {
				for _, p := range m.GetHistogram().GetDataPoints() {
					told = append(told, fmt.Sprintf("%s %v from %s", m.GetName(), p.GetBucketCounts(), time.Unix(0, int64(p.GetStartTimeUnixNano())).Sub(now)))
				}
			}
			slices.Sort(told)
			want := []string{
				"mirrorwatch.look.duration [0 1] from 20s",
				"mirrorwatch.looks  2 from 20s to 30s",
				"nats.replication.violations SICK 1 from 20s to 30s",
				"nats.replication.violations SPOTLESS 1 from 20s to 30s",
				"nats.replication.violations WELL 1 from 20s to 30s",
			}
			if !slices.Equal(told, want) {
				t.Errorf("told %q,\nwant %q", told, want)
			}
		})
	}
}

// With totals there is nothing to take over, and nothing is read for it.
func TestAnExporterOfTotalsHasNothingToFollow(t *testing.T) {
	isolate(t)
	server, now := startCollector(t), time.Now()
	e := open(t, configFor(server), func(context.Context) ([]metricdata.Metrics, error) {
		t.Error("the agent's own metrics are read")
		return nil, nil
	}, quiet())
	e.Follow(t.Context(), nil, pipeline.NewBoard(now))
}

// An export that is under way when the reports are to end gets its answer: its deltas would be told again by whoever reports next.
func TestAnExportUnderWayIsNotCutOff(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, server *collector) {
		now := time.Now()
		answer := make(chan struct{})
		server.answer = func(context.Context, *colmetricpb.ExportMetricsServiceRequest) (*colmetricpb.ExportMetricsServiceResponse, error) {
			<-answer
			return &colmetricpb.ExportMetricsServiceResponse{}, nil
		}
		board, link := pipeline.NewBoard(now), mirror("A", now)
		link.Violations = 5
		put(board, link)
		cfg := configFor(server)
		cfg.Temporality, cfg.Interval = Delta, 5*time.Millisecond
		e := open(t, cfg, nil, quiet())
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- e.Run(ctx, board) }()
		<-server.arrived
		stop()
		close(answer)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		next := open(t, cfg, nil, quiet())
		next.Follow(t.Context(), e, board)
		if err := next.Report(t.Context(), board); err != nil {
			t.Fatal(err)
		}
		told := 0.0
		for _, p := range pointsIn(server.take())["nats.replication.violations"] {
			told += p.value
		}
		if told != 5 {
			t.Errorf("%g violations are told, want 5", told)
		}
	})
}

// A server that does not answer holds the end of the reports up for a moment only.
func TestAnExportWithoutAnswerIsCutOffSoon(t *testing.T) {
	isolate(t)
	server := startCollector(t)
	cut := make(chan struct{})
	server.answer = func(ctx context.Context, _ *colmetricpb.ExportMetricsServiceRequest) (*colmetricpb.ExportMetricsServiceResponse, error) {
		<-ctx.Done()
		close(cut)
		return nil, ctx.Err()
	}
	cfg := configFor(server)
	cfg.Timeout, cfg.Interval = time.Hour, 5*time.Millisecond
	e := open(t, cfg, nil, quiet())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx, pipeline.NewBoard(time.Now())) }()
	<-server.arrived
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	<-cut
}
