package pipelinetest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

func key(stream string) pipeline.StreamKey {
	return pipeline.StreamKey{Connection: "dr", Stream: stream}
}

// seen is what a look yielded, and how long after its start.
type seen struct {
	Stream string
	Fault  pipeline.FaultKind
	After  time.Duration
}

func look(ctx context.Context, s pipeline.Source, scope []pipeline.StreamKey) ([]seen, error) {
	start := time.Now()
	var all []seen
	err := s.Look(ctx, scope, func(sample *pipeline.Sample) {
		if !sample.Asked.Equal(start) || !sample.At.Equal(time.Now()) {
			panic("a sample's times are not those of question and answer")
		}
		all = append(all, seen{sample.Key.Stream, sample.Fault.Kind, time.Since(start)})
	})
	return all, err
}

func answerByName(_ time.Time, key pipeline.StreamKey) pipelinetest.Answer {
	switch key.Stream {
	case "SLOW":
		return pipelinetest.Answer{Delay: 4 * time.Second}
	case "UNLISTED":
		return pipelinetest.Answer{Unlisted: true}
	case "GONE":
		return pipelinetest.Answer{Sample: pipeline.Sample{Fault: pipeline.Fault{Kind: pipeline.FaultNotFound}}}
	default:
		return pipelinetest.Answer{Delay: time.Millisecond}
	}
}

func TestAScriptYieldsAnswersAsTheyArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pipelinetest.NewScript(answerByName, key("SLOW"), key("FAST"), key("UNLISTED"))
		got, err := look(t.Context(), s, nil)
		want := []seen{{"FAST", "", time.Millisecond}, {"SLOW", "", 4 * time.Second}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("everything: error %v (-want +got):\n%s", err, diff)
		}
		got, err = look(t.Context(), s, []pipeline.StreamKey{key("UNLISTED"), key("GONE")})
		want = []seen{{"UNLISTED", "", 0}, {"GONE", pipeline.FaultNotFound, 0}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("a scope: error %v (-want +got):\n%s", err, diff)
		}
		s.SetKeys()
		if got, err := look(t.Context(), s, nil); err != nil || len(got) != 0 {
			t.Errorf("nothing is there: %v, error %v", got, err)
		}
		if looks := s.Looks(); len(looks) != 3 || looks[0].Scope != nil || len(looks[1].Scope) != 2 {
			t.Errorf("looks %v", looks)
		}
	})
}

func TestAScriptsLookEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pipelinetest.NewScript(answerByName)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got, err := look(ctx, s, []pipeline.StreamKey{key("SLOW"), key("FAST")})
		want := []seen{{"FAST", "", time.Millisecond}, {"SLOW", pipeline.FaultNoAnswer, time.Second}}
		if diff := cmp.Diff(want, got); diff != "" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v (-want +got):\n%s", err, diff)
		}
	})
}

func TestADisconnectedScriptSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pipelinetest.NewScript(answerByName, key("FAST"))
		s.Disconnect("cut")
		if signal := <-s.Signals(); signal.Kind != pipeline.SignalDisconnected || signal.Reason != "cut" {
			t.Errorf("signal %+v", signal)
		}
		got, err := look(t.Context(), s, []pipeline.StreamKey{key("FAST")})
		want := []seen{{"FAST", pipeline.FaultDisconnected, 0}}
		if diff := cmp.Diff(want, got); diff != "" || !errors.Is(err, pipeline.ErrDisconnected) {
			t.Errorf("error %v (-want +got):\n%s", err, diff)
		}
		if got, err := look(t.Context(), s, nil); len(got) != 0 || !errors.Is(err, pipeline.ErrDisconnected) {
			t.Errorf("everything: %v, error %v", got, err)
		}
		s.Connect()
		if signal := <-s.Signals(); signal.Kind != pipeline.SignalConnected {
			t.Errorf("signal %+v", signal)
		}
		if _, err := look(t.Context(), s, nil); err != nil {
			t.Error(err)
		}
		for range 100 {
			s.Signal(pipeline.Signal{Kind: pipeline.SignalConnected}) // never blocks
		}
	})
}
