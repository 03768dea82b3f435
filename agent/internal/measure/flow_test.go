package measure

import (
	"errors"
	"slices"
	"sync"
	"testing"
)

func TestAtOnceDoesAll(t *testing.T) {
	var mu sync.Mutex
	var did []int
	err := AtOnce(100, func(n int) error {
		mu.Lock()
		defer mu.Unlock()
		did = append(did, n)
		return nil
	})
	slices.Sort(did)
	if err != nil || len(did) != 100 || len(slices.Compact(did)) != 100 {
		t.Errorf("did %v, %v; want each number once", did, err)
	}
}

func TestAtOnceEndsWithTheFirstError(t *testing.T) {
	wrong := errors.New("wrong")
	if err := AtOnce(1, func(int) error { return wrong }); !errors.Is(err, wrong) {
		t.Errorf("got %v of the last number", err)
	}
	if err := AtOnce(100_000, func(int) error { return wrong }); !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
}
