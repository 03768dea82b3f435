package pipelinetest_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

func notification(key string) pipeline.Notification {
	return pipeline.Notification{Key: key, Group: "g", Changes: []pipeline.Change{{Kind: pipeline.Opened}}}
}

func TestASinkRemembersWhatItAcceptedAndWhatItRefused(t *testing.T) {
	s := pipelinetest.NewSink()
	receipt, err := s.Notify(t.Context(), notification("one"))
	if err != nil || string(receipt) != "one" {
		t.Errorf("receipt %q, error %v", receipt, err)
	}
	down := errors.New("down")
	s.Fail(down)
	if receipt, err := s.Notify(t.Context(), notification("two")); receipt != nil || !errors.Is(err, down) {
		t.Errorf("receipt %q, error %v", receipt, err)
	}
	s.Fail(nil)
	if _, err := s.Notify(t.Context(), notification("two")); err != nil {
		t.Error(err)
	}
	if n := len(s.Attempts()); n != 3 || s.Attempts()[1].Err == nil {
		t.Errorf("%d attempts", n)
	}
	delivered := s.Delivered()
	if len(delivered) != 2 || delivered[1].Key != "two" || len(s.Changes()) != 2 {
		t.Errorf("delivered %+v", delivered)
	}
}

func TestASinksBodyIsAFunctionOfTheNotification(t *testing.T) {
	s := pipelinetest.NewSink()
	n := notification("one")
	first, err := s.Render(n)
	if err != nil {
		t.Fatal(err)
	}
	n.Receipt, n.Body = pipeline.Receipt("r"), first
	if again, err := s.Render(n); err != nil || !bytes.Equal(first, again) {
		t.Errorf("%s, then %s, error %v", first, again, err)
	}
}

func TestASlowSinkHearsItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pipelinetest.NewSink()
		s.Delay(10 * time.Second)
		start := time.Now()
		if _, err := s.Notify(t.Context(), notification("one")); err != nil || time.Since(start) != 10*time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Notify(ctx, notification("two")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if len(s.Delivered()) != 1 || len(s.Attempts()) != 2 {
			t.Errorf("attempts %+v", s.Attempts())
		}
	})
}

func TestReportsKeepsEveryPicture(t *testing.T) {
	r := pipelinetest.NewReports()
	board := pipeline.NewBoard(time.Now())
	if r.Newest().Links != nil {
		t.Error("a picture before the first")
	}
	board.Put(key("M"), []pipeline.LinkStatus{{Lag: 1}})
	if err := r.Report(t.Context(), board); err != nil {
		t.Fatal(err)
	}
	board.Put(key("M"), []pipeline.LinkStatus{{Lag: 2}})
	down := errors.New("down")
	r.Fail(down)
	if err := r.Report(t.Context(), board); !errors.Is(err, down) {
		t.Errorf("error %v", err)
	}
	r.Fail(nil)
	if err := r.Report(t.Context(), board); err != nil {
		t.Fatal(err)
	}
	pictures := r.Pictures()
	if len(pictures) != 2 || pictures[0].Links[0].Lag != 1 || r.Newest().Links[0].Lag != 2 {
		t.Errorf("pictures %+v", pictures)
	}
}
