package pipeline

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNamesStayWhatTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var k names
		var kept, want []string
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			name := rapid.StringN(0, 200, 3*nameChunk).Draw(t, "name")
			other := strings.Repeat("o", rapid.SampledFrom([]int{0, 1, 40, nameChunk}).Draw(t, "other"))
			kept, want = append(kept, k.keep(name, other)), append(want, name+other)
		}
		for i := range kept {
			if kept[i] != want[i] {
				t.Fatalf("%q is kept of %q", kept[i], want[i])
			}
		}
	})
}

func TestNamesLieTogether(t *testing.T) {
	var k names
	name, other := strings.Repeat("n", 24), strings.Repeat("o", 31)
	if n := testing.AllocsPerRun(100, func() {
		for range 10 * nameChunk / 64 {
			k.keep(name, other)
		}
	}); n > 10 {
		t.Errorf("%.0f allocations for %d names, want 10 at most", n, 10*nameChunk/64)
	}
}
