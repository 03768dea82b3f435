package outbox_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// formatted is a sink that renders in a format.
type formatted struct {
	*pipelinetest.Sink
	format string
}

func (f formatted) Format() string { return f.format }

func (f formatted) Render(n pipeline.Notification) ([]byte, error) {
	if len(n.Members) == 0 {
		return nil, errors.New("a group without members")
	}
	return []byte(f.format), nil
}

// What waits for a receiver is sent in the format that is configured when it is sent: who mends a wrong format loses nothing.
func TestWhatWaitsIsToldInTheFormatInForce(t *testing.T) {
	slowly := func(ctx context.Context, _ pipeline.Notification) (pipeline.Receipt, error) {
		select {
		case <-time.After(10 * time.Second):
		case <-ctx.Done():
		}
		return nil, pipeline.Permanent(errors.New("400"))
	}
	for name, c := range map[string]struct {
		wait time.Duration // from the opening on
		how  func(*stage)
	}{
		"reload between attempts": {13 * time.Second, func(s *stage) { s.Reconfigure(s.how, agentRules()) }},
		"reload in an attempt":    {5 * time.Second, func(s *stage) { s.Reconfigure(s.how, agentRules()) }},
		"restart":                 {13 * time.Second, (*stage).restart},
	} {
		t.Run(name, func(t *testing.T) {
			withStage(t, nil, func(s *stage) {
				wrong, right := formatted{pipelinetest.NewSink(), "wrong"}, formatted{pipelinetest.NewSink(), "right"}
				wrong.Answer(slowly)
				s.how.Receivers[0].Notifier = wrong
				s.Reconfigure(s.how, agentRules())
				s.submit(opened("a"))
				pass(c.wait)
				s.how.Receivers[0].Notifier = right
				c.how(s)
				pass(time.Minute)
				n, before := right.Delivered(), wrong.Attempts()
				if len(n) != 1 || string(n[0].Body) != "right" || n[0].Key != before[0].Notification.Key {
					t.Errorf("told %+v", n)
				}
			}, "ops")
		})
	}
}
