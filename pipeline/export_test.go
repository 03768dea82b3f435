package pipeline

import "unsafe"

// Packed is how many bytes the streams of a watch take packed, on the average; and what each takes beside, but for the header of its names.
func Packed(w *Watch) (packed, handle float64) {
	total := 0
	for n := range w.shelf.all() {
		total += len(w.shelf.packed.at(n))
	}
	var s stream
	return float64(total) / float64(w.shelf.streams.len()), float64(unsafe.Sizeof(s) - unsafe.Sizeof(s.names))
}

// Reopen takes every stream of a watch down, and puts it back.
func Reopen(w *Watch) {
	for range w.each() {
		continue
	}
}

// KeepOpen lets a watch never read back what it packs from now on.
func KeepOpen(w *Watch) { w.shelf.keeps = true }
