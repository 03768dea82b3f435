package pipeline

import (
	"testing"

	"pgregory.net/rapid"
)

func TestNumbersAreFoundAsOftenAsThingsComeAndGo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := roll[string]{hash: func(s *string) uint64 { return uint64(len(*s)) * 3 }}
		have := map[string]uint32{}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			s := rapid.StringOfN(rapid.RuneFrom([]rune("ab")), 0, 5, -1).Draw(t, "thing")
			if n, is := have[s]; is {
				r.remove(n)
				delete(have, s)
			} else {
				have[s] = r.add(s)
			}
			for s, n := range have {
				if got, found := r.find(r.hash(&s), func(o *string) bool { return *o == s }); !found || got != n || r.at(n) != s {
					t.Fatalf("%q has number %d, %v, want %d", s, got, found, n)
				}
			}
			if r.len() != len(have) {
				t.Fatalf("%d things, want %d", r.len(), len(have))
			}
		}
	})
}
