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
	response, err := http.Get(a.api + "/metrics")
	if err != nil {
		return 0, false, fmt.Errorf("ask for metrics: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, false, nil
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		series, value, _ := strings.Cut(lines.Text(), " ")
		if name, _, _ := strings.Cut(series, "{"); name != mallocsSeries {
			continue
		}
		total, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil {
			return 0, false, fmt.Errorf("ask for metrics: %w", err)
		}
		n, ok = uint64(total), true
	}
	return n, ok, lines.Err()
}
