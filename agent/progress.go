package agent

import (
	"fmt"
	"io"
	"time"
)

// progress is a line on a terminal that says how far a check is. Elsewhere nothing is written.
type progress struct {
	w     io.Writer // nil: no terminal
	began time.Time
	lasts time.Duration
	shown string
}

func newProgress(w io.Writer, began time.Time, lasts time.Duration) *progress {
	p := &progress{began: began, lasts: lasts}
	if IsTerminal(w) {
		p.w = w
	}
	return p
}

// show writes the line anew where it has changed.
func (p *progress) show(now time.Time, links, proven int) {
	if p.w == nil {
		return
	}
	left := max(0, p.lasts-now.Sub(p.began)).Round(time.Second)
	text := fmt.Sprintf("watching: %d of %d links proven, %s left", proven, links, left)
	if text != p.shown {
		p.shown = text
		fmt.Fprintf(p.w, "\r\x1b[K%s", text)
	}
}

// end takes the line away.
func (p *progress) end() {
	if p.w != nil && p.shown != "" {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
