// Package pipeline holds the words of mirrorwatch as types, and the way that data takes through it:
//
//	schedule → look (Source) → proofs → rules → tracker → Journal (one group commit) → outbox → notifiers
//	                              └──────────→ board (newest state of every link) → reporters
//
// One guarantee is served by all of it: at any moment, every watched link either has a proof of contact
// younger than its limit, or an open incident covers it.
//
// A Watch is the pure part of one connection: what to ask next, what an answer proves, what follows from it.
// A Ring is the goroutine that walks a Watch through real time. The package imports the standard library only,
// and time is an argument to every decision in it.
//
// A Watch knows a hundred thousand streams, and works on one at a time. The way of a sample through it:
//
//	found     its stream, on the shelf by its key                          shelf.go, roll.go
//	opened    what lies packed is read into a body: links, proofs          pack.go, scratch.go
//	observed  the body takes the sample in, each link what it proves       stream.go, proof.go, progress.go
//	judged    the rules see a view of it, the tracker heeds their verdicts view.go, watch_judge.go, tracker.go
//	planned   when it wants attention again                                watch_looks.go, heap.go
//	packed    the body goes back to the shelf, its memory to the next one  pack.go, store.go
package pipeline
