package series

import (
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"mirrorwatch/pipeline"
)

// mirror is a healthy link of a stream.
func mirror(stream string, now time.Time) pipeline.LinkStatus {
	return pipeline.LinkStatus{
		Subject: pipeline.Subject{
			StreamKey: pipeline.StreamKey{Connection: "dr", Stream: stream},
			Kind:      pipeline.KindMirror, Origin: stream + "_ORIGIN",
		},
		First: now.Add(-time.Hour), Proof: now.Add(-2 * time.Second), Limit: time.Minute, Reported: true, Lag: 7, Updated: now,
	}
}

func each(links ...pipeline.LinkStatus) iter.Seq[*pipeline.LinkStatus] {
	return func(yield func(*pipeline.LinkStatus) bool) {
		for i := range links {
			if !yield(&links[i]) {
				return
			}
		}
	}
}

func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	now := time.Now()
	link := mirror("A", now)
	link.Proof, link.Limit, link.Reported = time.Time{}, 0, false
	for metrics := range Links(each(link), now, now, 1<<20) {
		var names []string
		for _, m := range metrics {
			names = append(names, m.Name)
		}
		want := []string{"nats.replication.status", "nats.replication.violations", "nats.replication.blackout.time"}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("metrics (-want +got):\n%s", diff)
		}
		if got := numberPoints(metrics); got != len(want) {
			t.Errorf("%d points, want %d", got, len(want))
		}
	}
}

func TestUnhealthyLinksAreThoseThatAreNotOK(t *testing.T) {
	now := time.Now()
	var links []pipeline.LinkStatus
	for _, level := range []pipeline.Level{pipeline.OK, pipeline.Warning, pipeline.OK, pipeline.Critical, pipeline.Unknown} {
		link := mirror(level.String(), now)
		link.Level = level
		links = append(links, link)
	}
	names := func(which Which) (names []string) {
		for l := range which.Of(each(links...)) {
			names = append(names, l.Subject.Stream)
		}
		return names
	}
	if diff := cmp.Diff([]string{"warning", "critical", "unknown"}, names(Unhealthy)); diff != "" {
		t.Errorf("unhealthy (-want +got):\n%s", diff)
	}
	if got := names(All); len(got) != len(links) {
		t.Errorf("all: %v", got)
	}
	for range Unhealthy.Of(each(links...)) {
		break
	}
}

func TestALowerBoundOfNothingIsNotToldAsNoRisk(t *testing.T) {
	for name, test := range map[string]struct {
		risk pipeline.Risk
		told bool
	}{
		"not judged":            {pipeline.Risk{}, false},
		"nothing at risk":       {pipeline.Risk{Failover: pipeline.FailoverReady, Verified: true}, true},
		"at least nothing":      {pipeline.Risk{Failover: pipeline.FailoverUnknown, AtLeast: true, Verified: true}, false},
		"at least some":         {pipeline.Risk{Failover: pipeline.FailoverUnknown, AtLeast: true, Messages: 3, Verified: true}, true},
		"at least, by the lag":  {pipeline.Risk{Failover: pipeline.FailoverUnknown, AtLeast: true, Messages: 3}, true},
		"no lag, origin unseen": {pipeline.Risk{Failover: pipeline.FailoverUnknown, AtLeast: true}, false},
	} {
		if got := riskKnown(&test.risk); got != test.told {
			t.Errorf("%s: told is %v", name, got)
		}
	}
}

// numberPoints counts the number data points of metrics.
func numberPoints(metrics []metricdata.Metrics) int {
	n := 0
	for _, m := range metrics {
		switch data := m.Data.(type) {
		case metricdata.Gauge[int64]:
			n += len(data.DataPoints)
		case metricdata.Gauge[float64]:
			n += len(data.DataPoints)
		case metricdata.Sum[int64]:
			n += len(data.DataPoints)
		case metricdata.Sum[float64]:
			n += len(data.DataPoints)
		}
	}
	return n
}

// BenchmarkLinks100k builds the points of 100,000 links, six each.
func BenchmarkLinks100k(b *testing.B) {
	now := time.Now()
	links := make([]pipeline.LinkStatus, 100_000)
	for i := range links {
		links[i] = mirror(fmt.Sprintf("STREAM_%06d", i), now)
	}
	b.ReportAllocs()
	total := 0
	for b.Loop() {
		for metrics := range Links(each(links...), now, now, 3<<20) {
			total += numberPoints(metrics)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(total), "ns/point")
}
