package main

import "mirrorwatch/agent/internal/measure"

// mallocsSeries is the agent's own count of allocations, as /metrics tells it.
const mallocsSeries = "go_memory_allocations_total"

// mallocs is how much memory the agent's process allocated so far, in objects; ok is false where it does not tell. What the
// question itself takes is part of the next answer.
func (a *agent) mallocs() (n uint64, ok bool, err error) {
	told, err := a.metrics()
	total, ok := told[mallocsSeries]
	return uint64(total), ok, err
}

// metrics scrapes /metrics, and returns the sum over the series of each name; none of an agent that serves no metrics.
func (a *agent) metrics() (map[string]float64, error) {
	return sums(a.API + "/metrics")
}

// sums scrapes a page in the Prometheus text format, and returns the sum over the series of each name; none where there is no
// such page.
func sums(page string) (map[string]float64, error) {
	sums := map[string]float64{}
	_, err := measure.Scrape(page, func(name, _ string, value float64) { sums[name] += value })
	return sums, err
}
