package recording

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// Stale is how old a line may be and still answer a look, and how long a look takes that nothing answers. A recording
// whose looks are further apart than that allows 1.5 intervals of age.
const Stale = 2 * time.Second

// Connections returns the names of the connections that were recorded, without OriginView.
func (r *Recording) Connections() []string {
	names := map[string]bool{}
	for key := range r.looks {
		if key.Connection != OriginView {
			names[key.Connection] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Streams returns the streams that were recorded on a connection, ordered.
func (r *Recording) Streams(connection string) []pipeline.StreamKey {
	var keys []pipeline.StreamKey
	for key := range r.looks {
		if key.Connection == connection {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b pipeline.StreamKey) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Stream, b.Stream))
	})
	return keys
}

// Samples returns every look at a stream, oldest first. The caller must not change them. They carry no Raw.
func (r *Recording) Samples(key pipeline.StreamKey) []pipeline.Sample { return r.looks[key] }

// Span returns the times of the first and the last line of all connections but OriginView; zero without any.
func (r *Recording) Span() (first, last time.Time) {
	for key, looks := range r.looks {
		if key.Connection == OriginView {
			continue
		}
		if from := looks[0].At; first.IsZero() || from.Before(first) {
			first = from
		}
		if to := looks[len(looks)-1].At; to.After(last) {
			last = to
		}
	}
	return first, last
}

// At answers a look at a stream that goes out at t: with the newest line at or before t, if that is not too old
// (Stale); else, and where a time-out was recorded, with FaultNoAnswer. The delay is how long the look takes from t on:
// nothing for an answer, API errors included, and Stale for silence.
//
// An answer's Asked and At are those of its line, which may be older than t: proofs count from the sample's At, and
// the line says nothing of contact after itself. A silence's are t and t + Stale.
func (r *Recording) At(key pipeline.StreamKey, t time.Time) (pipeline.Sample, time.Duration) {
	looks := r.looks[key]
	n := after(looks, t, func(s *pipeline.Sample) time.Time { return s.At })
	silence := pipeline.Fault{Kind: pipeline.FaultNoAnswer}
	if n > 0 && t.Sub(looks[n-1].At) <= r.stale() {
		s := looks[n-1]
		if s.Fault.Kind != pipeline.FaultNoAnswer {
			return s, 0
		}
		silence = s.Fault
	}
	return pipeline.Sample{Key: key, Asked: t, At: t.Add(Stale), Fault: silence}, Stale
}

func (r *Recording) stale() time.Duration {
	const most = 24 * time.Hour // more would say nothing, and must not overflow
	return max(Stale, time.Duration(min(1.5*r.Interval, most.Seconds())*float64(time.Second)))
}
