package outbox_test

import (
	"errors"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

func TestLastWordOnAGroupIsHowItIs(t *testing.T) {
	away, refused := errors.New("500"), pipeline.Permanent(errors.New("400"))
	for name, c := range map[string]struct {
		fault   error
		lasts   time.Duration // until others may go ahead
		restart bool
		last    string
	}{
		"away for long":          {away, 2 * time.Minute, false, "resolved mw-a/2 (0/2)"},
		"refused":                {refused, 15 * time.Second, false, "resolved mw-a/2 (0/2)"},
		"refused, and restarted": {refused, 15 * time.Second, true, "resolved mw-a/2 (0/1)"},
	} {
		t.Run(name, func(t *testing.T) {
			withStage(t, nil, func(s *stage) {
				sink := s.sinks["ops"]
				s.submit(opened("a"), opened("b"))
				pass(40 * time.Second)
				sink.Fail(c.fault)
				s.submit(step("a", pipeline.Resolved, 2))
				pass(c.lasts)
				if c.fault == refused {
					sink.Fail(nil) // this one only
				}
				s.submit(step("b", pipeline.Resolved, 2))
				pass(20 * time.Second)
				sink.Fail(nil)
				if c.restart {
					s.restart()
				}
				pass(10 * time.Minute)
				equal(t, "told", s.told("ops", 1), "resolved mw-b/2 (0/2)", c.last)
			}, "ops")
		})
	}
}
