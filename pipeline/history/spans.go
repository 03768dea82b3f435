package history

import (
	"slices"
	"time"
)

// span is the time from one moment to another.
type span struct{ from, to time.Time }

func (s span) long() time.Duration { return max(0, s.to.Sub(s.from)) }

// and returns what two spans have in common; it may be empty.
func (s span) and(o span) span { return span{later(s.from, o.from), sooner(s.to, o.to)} }

// spans is a set of moments.
type spans []span

// union returns the same moments as spans apart from each other, in their order.
func (s spans) union() spans {
	s = slices.DeleteFunc(slices.Clone(s), func(one span) bool { return one.long() == 0 })
	slices.SortFunc(s, func(a, b span) int { return a.from.Compare(b.from) })
	var out spans
	for _, one := range s {
		if last := len(out) - 1; last >= 0 && !one.from.After(out[last].to) {
			out[last].to = later(out[last].to, one.to)
		} else {
			out = append(out, one)
		}
	}
	return out
}

// bridged is union with gaps that are no longer than most.
func (s spans) bridged(most time.Duration) (out spans) {
	for _, one := range s.union() {
		if last := len(out) - 1; last >= 0 && one.from.Sub(out[last].to) <= most {
			out[last].to = one.to
		} else {
			out = append(out, one)
		}
	}
	return out
}

// and returns the moments that are in both.
func (s spans) and(o spans) (out spans) {
	for _, a := range s {
		for _, b := range o {
			if both := a.and(b); both.long() > 0 {
				out = append(out, both)
			}
		}
	}
	return out.union()
}

func (s spans) total() (sum time.Duration) {
	for _, one := range s.union() {
		sum += one.long()
	}
	return sum
}

func (s spans) longest() (most time.Duration) {
	for _, one := range s.union() {
		most = max(most, one.long())
	}
	return most
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func sooner(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
