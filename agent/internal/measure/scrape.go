package measure

import (
	"bufio"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Scrape reads a page in the Prometheus text format and calls each with every series: its name, its labels as they are written, and
// its value. It returns false where there is no such page.
func Scrape(page string, each func(name, labels string, value float64)) (there bool, err error) {
	response, err := http.Get(page)
	if err != nil {
		return false, fmt.Errorf("ask for metrics: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return false, nil
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if lines.Text() == "" || strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		// Labels may hold spaces, the value holds none.
		end := strings.LastIndexByte(lines.Text(), ' ')
		name, labels, _ := strings.Cut(lines.Text()[:max(end, 0)], "{")
		value, err := strconv.ParseFloat(lines.Text()[end+1:], 64)
		if err != nil {
			return true, fmt.Errorf("ask for metrics: %w", err)
		}
		each(name, strings.TrimSuffix(labels, "}"), value)
	}
	if err := lines.Err(); err != nil {
		return true, fmt.Errorf("ask for metrics: %w", err)
	}
	return true, nil
}
