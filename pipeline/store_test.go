package pipeline

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestStoreKeepsWhatIsPut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s store
		have := map[uint32][]byte{}
		for step := range rapid.IntRange(0, 300).Draw(t, "steps") {
			n := rapid.Uint32Range(0, 100).Draw(t, "number")
			length := rapid.OneOf(rapid.Just(0), rapid.IntRange(1, 100), rapid.IntRange(mostPaged-3, mostPaged+3)).Draw(t, "length")
			have[n] = bytes.Repeat([]byte{byte(step)}, length)
			s.put(n, have[n])
		}
		for n := range uint32(100) {
			if got := s.at(n); !bytes.Equal(got, have[n]) {
				t.Fatalf("%d is %v, want %v", n, got, have[n])
			}
		}
	})
}
