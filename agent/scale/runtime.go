package main

import (
	"bufio"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

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
	return sums(a.api + "/metrics")
}

// sums scrapes a page in the Prometheus text format, and returns the sum over the series of each name; none where there is no
// such page.
func sums(page string) (map[string]float64, error) {
	response, err := http.Get(page)
	if err != nil {
		return nil, fmt.Errorf("ask for metrics: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, nil
	}
	sums := map[string]float64{}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		// Labels may hold spaces, the value holds none.
		end := strings.LastIndexByte(lines.Text(), ' ')
		name, _, _ := strings.Cut(lines.Text()[:max(end, 0)], "{")
		value, err := strconv.ParseFloat(lines.Text()[end+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("ask for metrics: %w", err)
		}
		sums[name] += value
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("ask for metrics: %w", err)
	}
	return sums, nil
}
