package jetstream

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

func TestSilentPageTakesNoOtherAlong(t *testing.T) {
	t.Parallel()
	var silent atomic.Int64
	silent.Store(2)
	s := scripted(t, func(subject string, offset int) string {
		if subject == "INFO" {
			return `{}`
		}
		if int64(offset) == silent.Load() {
			return ""
		}
		return fmt.Sprintf(`{"total":5,"limit":1,"streams":[%s]}`, element(fmt.Sprint("S", offset)))
	})
	s.patience.list = 300 * time.Millisecond
	all, err := look(t, s)
	if got := faults(all); !errors.Is(err, pipeline.ErrNoAnswer) || len(got) != 4 {
		t.Errorf("%v, %v", got, err)
	}
	// The first page is silent, and what the look before told of the others serves. Pages are 256 apart then.
	silent.Store(0)
	s.listed.Store(pageSize + 1)
	all, err = look(t, s)
	if got := faults(all); !errors.Is(err, pipeline.ErrNoAnswer) || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestNoPageWaitsForASlowOne(t *testing.T) {
	var together sync.WaitGroup
	together.Add(widePages)
	s := scripted(t, func(subject string, offset int) string {
		if subject == "INFO" {
			return `{}`
		}
		together.Done()
		together.Wait() // nobody gets an answer before all have asked, the first neither
		return fmt.Sprintf(`{"total":%d,"limit":%d,"streams":[%s]}`, widePages*pageSize, pageSize, element(fmt.Sprint("S", offset)))
	})
	s.patience.slow = 0
	s.listed.Store(widePages * pageSize) // as the look before told
	all, err := look(t, s)
	if err != nil || len(all) != widePages {
		t.Errorf("%d samples, %v", len(all), err)
	}
}

func TestPagesThatTurnOutSmallerAreAskedForAnew(t *testing.T) {
	second := make(chan struct{})
	var once sync.Once
	s := scripted(t, func(subject string, offset int) string {
		switch {
		case subject == "INFO":
			return `{}`
		case offset == 0:
			<-second
		case offset == pageSize:
			once.Do(func() { close(second) })
		}
		return fmt.Sprintf(`{"total":5,"limit":1,"streams":[%s]}`, element(fmt.Sprint("S", offset)))
	})
	s.patience.slow = 0
	s.listed.Store(2 * pageSize)
	all, err := look(t, s)
	got := faults(all)
	for i := range 5 {
		if _, seen := got[fmt.Sprint("S", i)]; !seen || err != nil {
			t.Errorf("%v, %v", got, err)
		}
	}
}
