package agent

import (
	"context"
	"maps"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// shareOrigin is how old the question may be whose answer serves another one.
const shareOrigin = 2 * time.Second

// streamSource asks one connection about streams that are origins of other connections' links. Questions about one stream
// within 2 s share an answer.
type streamSource struct {
	asker interface {
		LookAtStream(ctx context.Context, name string, exact bool) *pipeline.OriginView
	}

	mu     sync.Mutex
	shared map[asking]*sharedView
}

// asking is what is asked: about which stream, and whether for what is deleted too.
type asking struct {
	name  string
	exact bool
}

// sharedView is a question, and once done is closed its answer.
type sharedView struct {
	asked time.Time
	done  chan struct{}
	view  *pipeline.OriginView
}

// look returns what the connection says of the origin's name, or that it did not say anything while ctx lasted.
func (s *streamSource) look(ctx context.Context, key pipeline.OriginKey, exact bool) *pipeline.OriginView {
	q := s.question(ctx, time.Now(), asking{key.Stream, exact})
	select {
	case <-q.done:
		v := *q.view
		v.Key = key
		return &v
	case <-ctx.Done():
		fault := pipeline.Fault{Kind: pipeline.FaultNoAnswer, Text: context.Cause(ctx).Error()}
		return &pipeline.OriginView{Key: key, Asked: q.asked, At: time.Now(), Fault: fault}
	}
}

// question puts the question, or returns one that was put a short while ago. It is answered even if ctx ends: others may wait.
func (s *streamSource) question(ctx context.Context, now time.Time, what asking) *sharedView {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.shared, func(_ asking, q *sharedView) bool { return now.Sub(q.asked) >= shareOrigin })
	if q := s.shared[what]; q != nil {
		return q
	}
	if s.shared == nil {
		s.shared = map[asking]*sharedView{}
	}
	q := &sharedView{asked: now, done: make(chan struct{})}
	s.shared[what] = q
	go func() {
		defer close(q.done)
		q.view = s.asker.LookAtStream(context.WithoutCancel(ctx), what.name, what.exact)
	}()
	return q
}
