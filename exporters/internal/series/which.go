package series

import (
	"fmt"
	"iter"

	"mirrorwatch/pipeline"
)

// Which says of which links there are points of their own. What counts links counts all of them.
type Which string

// All is every link; Unhealthy is those whose status is not ok, for fleets whose size a metrics store would not bear.
const (
	All       Which = "all"
	Unhealthy Which = "unhealthy"
)

// Validate reports what is neither.
func (w Which) Validate(path string, report func(path, problem string)) {
	if w != All && w != Unhealthy {
		report(path, fmt.Sprintf("%q: want all or unhealthy", string(w)))
	}
}

// Of yields those of the links that are meant.
func (w Which) Of(links iter.Seq[*pipeline.LinkStatus]) iter.Seq[*pipeline.LinkStatus] {
	if w != Unhealthy {
		return links
	}
	return func(yield func(*pipeline.LinkStatus) bool) {
		for l := range links {
			if l.Level != pipeline.OK && !yield(l) {
				return
			}
		}
	}
}
