package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/outbox"
	"mirrorwatch/pipeline/pipelinetest"
)

// forgetful is a destination that forgets after four minutes.
type forgetful struct {
	*pipelinetest.Sink
	mu     sync.Mutex
	answer func(context.Context) error
	heard  []string // "1s a b"
	began  time.Time
}

func (f *forgetful) Every() time.Duration { return 4 * time.Minute }

func (f *forgetful) Refresh(ctx context.Context, open []*pipeline.Change) error {
	var ids []string
	for _, c := range open {
		ids = append(ids, strings.TrimPrefix(c.Incident.ID, "mw-"))
	}
	f.mu.Lock()
	f.heard = append(f.heard, fmt.Sprintf("%s %s", time.Since(f.began).Round(time.Second), strings.Join(ids, " ")))
	answer := f.answer
	f.mu.Unlock()
	if answer != nil {
		return answer(ctx)
	}
	return nil
}

func (f *forgetful) set(answer func(context.Context) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *forgetful) refreshes() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.heard
}

func withForgetful(t *testing.T, f func(s *stage, r *forgetful)) {
	t.Helper()
	r := &forgetful{}
	withStage(t, func(d *outbox.Dispatch) {
		r.Sink, r.began = d.Receivers[0].Notifier.(*pipelinetest.Sink), time.Now()
		d.Receivers[0].Notifier = r
	}, func(s *stage) { f(s, r) }, "ops")
}

func TestDestinationThatForgetsIsToldOfWhatIsOpenAgainAndAgain(t *testing.T) {
	withForgetful(t, func(s *stage, r *forgetful) {
		s.silence("s1", "stream=quiet", 24*time.Hour)
		s.submit(opened("a"), opened("quiet"), warned("b"))
		pass(5 * time.Minute)
		equal(t, "refreshes", r.refreshes(), "2m0s a b", "4m0s a b")
		r.set(func(context.Context) error { return errors.New("503") })
		pass(65 * time.Second)
		r.set(nil)
		pass(10 * time.Second)
		equal(t, "after failures", r.refreshes()[2:], "6m0s a b", "6m10s a b")
		s.submit(mild(step("b", pipeline.Resolved, 2)))
		pass(time.Minute)
		s.restart()
		pass(time.Second)
		if all := r.refreshes(); len(all) != 5 || !strings.HasSuffix(all[4], " a") {
			t.Errorf("after a restart: %q", all)
		}
		s.submit(step("a", pipeline.Resolved, 2))
		pass(time.Hour)
		if all := r.refreshes(); len(all) != 5 {
			t.Errorf("with nothing open: %q", all)
		}
	})
}

func TestRefreshMakesWayForAPage(t *testing.T) {
	withForgetful(t, func(s *stage, r *forgetful) {
		s.submit(warned("a"))
		pass(2*time.Minute - time.Second)
		r.set(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		pass(5 * time.Second)
		s.submit(opened("page"))
		pass(3 * time.Second)
		equal(t, "told", s.told("ops", 1), "opened mw-page/1 (2/0)")
		r.set(nil)
		pass(20 * time.Second)
		equal(t, "refreshes", r.refreshes(), "2m0s a", "2m14s page a")
	})
}
