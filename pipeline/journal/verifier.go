package journal

import (
	"fmt"

	"mirrorwatch/pipeline"
)

// verifier goes along the chain. Records up to the checkpoint stand for themselves: there are gaps between them.
type verifier struct {
	Result
	early  uint64 // records before the checkpoint
	newest uint64 // among them
	pruned Mark   // up to which records are removed, says the newest record about it
}

// found keeps what is wrong, the first time.
func (v *verifier) found(status Status, number uint64, format string, args ...any) {
	if v.Status == "" || v.Status == Good {
		v.Status, v.Number, v.Text = status, number, fmt.Sprintf(format, args...)
	}
}

// take takes in the next record.
func (v *verifier) take(e *entry) {
	last := v.Verified
	switch {
	case e.number <= v.Checkpoint.Number:
		v.takeEarly(e)
		return
	case e.number > last.Number+1:
		v.found(Missing, last.Number, "%s", gap(last.Number, e.number))
		return
	case e.number <= last.Number:
		v.found(Reordered, e.number, "record %d comes after record %d", e.number, last.Number)
		return
	case !e.whole():
		v.found(Changed, e.number, "record %d is not as it was written", e.number)
		return
	case e.prev != last.Hash && last.Number == v.Checkpoint.Number:
		v.found(Changed, e.number, "record %d does not follow record %d, with which the chain begins", e.number, last.Number)
		return
	case e.prev != last.Hash:
		v.found(Changed, last.Number, "record %d is not the one that record %d was chained to", last.Number, e.number)
		return
	}
	r, err := e.record()
	if err != nil || r.Number != e.number {
		v.found(Changed, e.number, "record %d holds something else", e.number)
		return
	}
	if r.Event != nil && r.Event.Kind == pipeline.EventPruned {
		v.pruned, _ = pruned(r.Event.Text)
	}
	v.Verified = e.mark()
	v.Records++
}

func (v *verifier) takeEarly(e *entry) {
	switch {
	case e.number <= v.newest:
		v.found(Reordered, e.number, "record %d comes after record %d", e.number, v.newest)
	case !e.whole():
		v.found(Changed, e.number, "record %d is not as it was written", e.number)
	default:
		if r, err := e.record(); err != nil || r.Number != e.number {
			v.found(Changed, e.number, "record %d holds something else", e.number)
			return
		}
		v.newest = e.number
		v.early++
		v.Records++
	}
}

func gap(last, next uint64) string {
	if next == last+2 {
		return fmt.Sprintf("record %d is missing", last+1)
	}
	return fmt.Sprintf("records %d to %d are missing", last+1, next-1)
}

// end holds the newest record against the head.
func (v *verifier) end() {
	last := v.Verified
	switch {
	case last.Number < v.Head.Number:
		v.found(Cut, last.Number, "the newest record is %d, and should be %d", last.Number, v.Head.Number)
	case last.Number > v.Head.Number:
		v.found(Changed, v.Head.Number+1, "there are records behind %d, the newest one that there should be", v.Head.Number)
	case last.Hash != v.Head.Hash:
		v.found(Changed, last.Number, "record %d is not the one that was written last", last.Number)
	default:
		v.Status = Good
	}
}
