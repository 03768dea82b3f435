package recording

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// originName is an origin as lines of the connection OriginView name it: by its stream, and by the external API prefix of
// the links that copy it, where that is told.
type originName struct{ stream, via string }

// HasOrigins tells whether origins were recorded too.
func (r *Recording) HasOrigins() bool { return len(r.origins) > 0 }

// Origin answers a question about an origin that goes out at t, as At answers one about a stream: with the newest line of
// OriginView at or before t that is about that origin, if it is not too old; else, and where a time-out was recorded, with
// FaultNoAnswer after Stale. A line that tells no prefix is about every origin of its stream's name.
func (r *Recording) Origin(key pipeline.OriginKey, _ bool, t time.Time) (pipeline.OriginView, time.Duration) {
	views, ok := r.origins[originName{key.Stream, key.Via}]
	if !ok {
		views = r.origins[originName{stream: key.Stream}]
	}
	path := OriginView
	if n := after(views, t, func(v *pipeline.OriginView) time.Time { return v.At }); n > 0 {
		v := views[n-1]
		path, v.Key = v.Path, key
		if t.Sub(v.At) <= r.stale() && v.Fault.Kind != pipeline.FaultNoAnswer {
			return v, 0
		}
	}
	silence := pipeline.Fault{Kind: pipeline.FaultNoAnswer}
	return pipeline.OriginView{Key: key, Path: path, Asked: t, At: t.Add(Stale), Fault: silence}, Stale
}

// after returns how many of the items, oldest first, are not later than t.
func after[T any](items []T, t time.Time, at func(*T) time.Time) int {
	n, _ := slices.BinarySearchFunc(items, t, func(item T, t time.Time) int {
		if at(&item).After(t) {
			return 1
		}
		return -1
	})
	return n
}

// view returns what a line of OriginView says, which reads as s, of an origin.
func (l *line) view(s *pipeline.Sample) pipeline.OriginView {
	v := pipeline.OriginView{Path: cmp.Or(l.Path, OriginView), Asked: s.Asked, At: s.At, Fault: s.Fault}
	if s.Fault.Kind != pipeline.FaultNone {
		return v
	}
	var told struct {
		Config struct {
			Subjects []string `json:"subjects"`
		} `json:"config"`
	}
	_ = json.Unmarshal(l.Info, &told) // what decode takes may still tell no subjects
	v.ServerTime, v.Created, v.Leader, v.State = s.ServerTime, s.Created, s.Leader, s.State
	v.Newest, v.Subjects, v.Replicates = l.Newest, told.Config.Subjects, len(s.Links) > 0
	return v
}

// leap is more sequences a second than a stream takes in: one that comes to be so much further on was purged up to there.
const leap = 100_000

// complete finds out where an origin begins, for lines that tell only where it ends, as a recorder writes them that reads no
// more than the last sequence. Their number of messages says nothing.
func complete(views []pipeline.OriginView) {
	var before *pipeline.OriginView
	first := uint64(1)
	for i := range views {
		v := &views[i]
		s := &v.State
		if v.Fault.Kind != pipeline.FaultNone || s.FirstSeq > 0 || s.LastSeq == 0 {
			continue
		}
		switch {
		case before == nil || s.LastSeq < before.State.LastSeq || !v.Created.Equal(before.Created):
			first = 1
		case float64(s.LastSeq-before.State.LastSeq) > leap*max(v.At.Sub(before.At).Seconds(), 0.1):
			first = s.LastSeq + 1
		}
		s.FirstSeq, s.Messages = first, s.LastSeq+1-first
		before = v
	}
}

// originInfo is a view as the STREAM.INFO document that it was read from, as far as it tells.
type originInfo struct {
	Config  originConfig  `json:"config"`
	Created time.Time     `json:"created"`
	State   originState   `json:"state"`
	Cluster originCluster `json:"cluster"`
	TS      time.Time     `json:"ts"`
}

type originConfig struct {
	Name     string   `json:"name"`
	Subjects []string `json:"subjects,omitempty"`
}

type originState struct {
	Messages uint64    `json:"messages"`
	Bytes    uint64    `json:"bytes"`
	FirstSeq uint64    `json:"first_seq"`
	LastSeq  uint64    `json:"last_seq"`
	LastTime time.Time `json:"last_ts"`
	Deleted  uint64    `json:"num_deleted,omitempty"`
	Subjects uint64    `json:"num_subjects,omitempty"`
}

type originCluster struct {
	Leader string `json:"leader,omitempty"`
}

// lineOfOrigin returns a view as a line.
func lineOfOrigin(v *pipeline.OriginView) (*line, error) {
	s := pipeline.Sample{Key: pipeline.StreamKey{Connection: OriginView, Stream: v.Key.Stream}, Asked: v.Asked, At: v.At, Fault: v.Fault}
	if v.Fault.Kind == pipeline.FaultNone {
		var err error
		s.Raw, err = json.Marshal(originInfo{
			Config: originConfig{Name: v.Key.Stream, Subjects: v.Subjects}, Created: v.Created, Cluster: originCluster{v.Leader}, TS: v.ServerTime,
			State: originState{
				Messages: v.State.Messages, Bytes: v.State.Bytes, FirstSeq: v.State.FirstSeq, LastSeq: v.State.LastSeq,
				LastTime: v.State.LastTime, Deleted: v.State.Deleted, Subjects: v.State.Subjects,
			},
		})
		if err != nil {
			return nil, err
		}
	}
	l, err := lineOf(&s)
	if err == nil {
		l.Via, l.Path, l.Newest = v.Key.Via, v.Path, v.Newest
	}
	return l, err
}
