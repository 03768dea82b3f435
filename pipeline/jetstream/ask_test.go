package jetstream

import (
	"errors"
	"slices"
	"testing"
)

// Questions on one subject leave in any order; those that are left are ended, and no other.
func TestQuestionsOnOneSubjectLeaveInAnyOrder(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		for gone := range 4 {
			var a asks
			var ended []int
			var all []*asking
			for i := range 3 {
				one, err := a.enter("s", func(error) { ended = append(ended, i) })
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, one)
			}
			for _, i := range order[:gone] {
				a.leave(all[i])
			}
			a.drop(errors.New("gone"))
			slices.Sort(ended)
			want := slices.Sorted(slices.Values(order[gone:]))
			if !slices.Equal(ended, want) || gone == 3 && len(a.by) > 0 {
				t.Errorf("%v left of those that leave as %v: ended %v, want %v", order[:gone], order, ended, want)
			}
		}
	}
}
