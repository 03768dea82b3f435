package pipeline

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Pairs come and go: those that are held are what they were, and chunks in which nothing lies are used again.
func TestNamesStayWhatTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type pair struct {
			at          naming
			name, other string
		}
		var k names
		var held []pair
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			if n := len(held); n > 0 && rapid.IntRange(0, 2).Draw(t, "step") == 0 {
				i := rapid.IntRange(0, n-1).Draw(t, "released")
				k.release(held[i].at)
				held = append(held[:i], held[i+1:]...)
				continue
			}
			p := pair{
				name:  rapid.StringN(0, 200, 3*chunkBytes).Draw(t, "name"),
				other: strings.Repeat("o", rapid.SampledFrom([]int{0, 1, 40, chunkBytes, 2*chunkBytes + 1, longestName - 600, longestName}).Draw(t, "other")),
			}
			if !fit(p.name, p.other) {
				p.other = ""
			}
			p.at = k.keep(p.name, p.other)
			held = append(held, p)
		}
		chunks := map[uint32]int{}
		for _, p := range held {
			if name, other := k.first(p.at), k.second(p.at); name != p.name || other != p.other {
				t.Fatalf("%q and %q are kept of %q and %q", name, other, p.name, p.other)
			}
			chunks[p.at.place>>placeBits]++
		}
		used := 0
		for n := range k.chunks {
			if k.chunks[n].held != chunks[uint32(n)] {
				t.Fatalf("%d pairs are said to lie in chunk %d, which has %d", k.chunks[n].held, n, chunks[uint32(n)])
			}
			if k.chunks[n].text != "" {
				used++
			}
		}
		if used > len(chunks)+1 {
			t.Fatalf("%d chunks are kept for what lies in %d", used, len(chunks))
		}
	})
}

func TestNamesLieTogether(t *testing.T) {
	name, other := strings.Repeat("n", 24), strings.Repeat("o", 31)
	const pairs = 10 * chunkBytes / 64
	var k names
	if n := testing.AllocsPerRun(100, func() {
		for range pairs {
			k.keep(name, other)
		}
	}); n > 11 {
		t.Errorf("%.0f allocations for %d pairs, want 11 at most", n, pairs)
	}
}

// A fleet whose streams come and go takes no more memory than one that stays.
func TestNamesThatAreReleasedMakeRoom(t *testing.T) {
	var k names
	for range 100_000 {
		k.release(k.keep("a name that goes away again", "and another"))
	}
	if n := len(k.chunks); n > 2 {
		t.Errorf("%d chunks for one pair", n)
	}
}
