package outbox

import (
	"time"

	"mirrorwatch/pipeline"
)

// defaultKeepFor is Dispatch.KeepFor where that is zero.
const defaultKeepFor = 72 * time.Hour

// Dispatch says what receivers are told, and how. Names of receivers are unique over Receivers and Direct.
type Dispatch struct {
	Receivers []pipeline.Receiver
	Routes    pipeline.Routes // empty: one route that sends everything to all Receivers, with the defaults
	// Direct are told of every change at once: nothing waits for others to come, repeats or is silenced. Each incident is a group
	// of its own, or at most Receiver.Most of them are one, where that is set: what falls due while a batch is on its way is one batch.
	Direct  []pipeline.Receiver
	Windows []pipeline.Window // recurring silences

	// Fallback names the receiver that also hears of delivery incidents about others; empty: only those that routes name do.
	Fallback string
	KeepFor  time.Duration // how long a batch waits for a receiver that takes nothing before it is given up on; 72 h if zero
}
