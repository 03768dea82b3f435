package pipeline

import (
	"testing"
	"unsafe"
)

func TestOriginThatIsAskedAboutKeepsItsMemory(t *testing.T) {
	h := newShelf(packEpoch)
	add := func(name string) *origin { return h.addOrigin(origin{place: &originPlace{}, name: name}) }
	o := add("A")
	h.openOrigin(o)
	o.asking = true
	h.removeOrigin(o)
	h.settle(mark{})
	if other := add("B"); other == o || other.number == o.number || !o.over || h.findOrigin(o.key()) != nil {
		t.Fatalf("%+v took the place of %+v", other, o)
	}
	again := add("A")
	if h.findOrigin(again.key()) != again || h.origins.len() != 2 {
		t.Fatalf("%d origins, and another one is found for %+v", h.origins.len(), again)
	}
	h.openOrigin(o) // the answer is there
	o.asking = false
	h.settle(mark{})
	if other := add("C"); other != o || other.over || other.originBody != nil {
		t.Errorf("%+v did not get the memory of one that nobody has", other)
	}
}

// TestHandlesFillWhatIsAllocated keeps what there is of everything at rest from growing into more memory.
func TestHandlesFillWhatIsAllocated(t *testing.T) {
	for name, is := range map[string]struct{ size, most uintptr }{
		"stream":             {unsafe.Sizeof(stream{}), 32},
		"a block of origins": {unsafe.Sizeof([perBlock]origin{}), 3072},
	} {
		if is.size > is.most {
			t.Errorf("a %s takes %d bytes, want %d at most", name, is.size, is.most)
		}
	}
}
