package pipeline

// SetClock does what a watch does once it noticed that people set the clock.
func SetClock(w *Watch) { w.renewRecords() }
