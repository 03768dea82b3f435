package jetstream

import (
	"errors"
	"fmt"
	"strings"
)

// streamKeys are the keys that vocabulary knows, for hints.
func streamKeys() []string {
	return []string{
		"enabled", "seen-critical", "lag-critical", "min-sources", "max-sources", "peer-expect", "peer-lag-critical",
		"peer-seen-critical", "msgs-warn", "msgs-critical", "subjects-warn", "subjects-critical",
	}
}

// unknownKey says that a key is not known, and which one may have been meant: one at most two edits away.
func unknownKey(key string) error {
	best, distance := "", 3
	if len(key) <= 40 {
		for _, known := range streamKeys() {
			if d := edits(strings.ToLower(key), known); d < distance {
				best, distance = known, d
			}
		}
	}
	if best == "" {
		return errors.New("unknown key; nothing is checked for it: remove it or correct its name")
	}
	return fmt.Errorf("unknown key; did you mean %q?", best)
}

// edits is the Levenshtein distance of two keys, in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
