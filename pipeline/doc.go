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
package pipeline
