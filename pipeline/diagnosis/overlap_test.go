package diagnosis_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mirrorwatch/pipeline"
)

// overlap is what the sign on an origin's subjects rests on.
func overlap(filters, subject string) bool {
	v := pipeline.OriginView{Subjects: []string{subject}}
	return v.Feeds(filters)
}

func TestOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"a.b", "a.b", true},
		{"a.b", "a.c", false},
		{"a.*", "a.b", true},
		{"a.*", "*.b", true},
		{"a.*.c", "a.b.d", false},
		{"a.>", "a.b.c", true},
		{"a.>", "a", false},
		{">", "a", true},
		{"a.*", "a.b.c", false},
		{"a.*", "a.>", true},
		{"a.b.>", "a.*", false},
		{"*.b.>", "a.>", true},
		{"orders.eu.>", "orders.us.*", false},
	} {
		if overlap(c.a, c.b) != c.want || overlap(c.b, c.a) != c.want {
			t.Errorf("%s, %s: want %t both ways", c.a, c.b, c.want)
		}
	}
	if !overlap("x, b.*", "b.c") {
		t.Error("one of several filters: want an overlap")
	}
}

// TestOverlapIsWhatSubjectsShow holds overlap against all short subjects.
func TestOverlapIsWhatSubjectsShow(t *testing.T) {
	var subjects []string
	for level, last := 0, []string{""}; level < 4; level++ {
		var next []string
		for _, s := range last {
			for _, token := range []string{"a", "b"} {
				next = append(next, strings.TrimPrefix(s+"."+token, "."))
			}
		}
		subjects, last = append(subjects, next...), next
	}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) string {
			tokens := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "*"}), 1, 3).Draw(t, name)
			if rapid.Bool().Draw(t, name+" has a tail") {
				tokens[len(tokens)-1] = ">"
			}
			return strings.Join(tokens, ".")
		}
		a, b := draw("a"), draw("b")
		shared := false
		for _, s := range subjects {
			shared = shared || matches(a, s) && matches(b, s)
		}
		if overlap(a, b) != shared {
			t.Fatalf("%s, %s: %t, and subjects show %t", a, b, overlap(a, b), shared)
		}
	})
}

// matches tells whether a subject without wildcards matches.
func matches(pattern, subject string) bool {
	ps, ss := strings.Split(pattern, "."), strings.Split(subject, ".")
	for n, p := range ps {
		switch {
		case n >= len(ss):
			return false
		case p == ">":
			return true
		case p != "*" && p != ss[n]:
			return false
		}
	}
	return len(ps) == len(ss)
}
