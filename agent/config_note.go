package agent

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Note is one thing to say about a configuration, with the place that it is about: a line of the file, or an
// environment variable. It never holds the value of a secret.
type Note struct {
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"` // from 1; 0: no line in particular
	Variable string `json:"variable,omitempty"`
	Path     string `json:"path,omitempty"` // of the key: connections[0].url
	Text     string `json:"text"`
}

// String gives the note as compilers do: "config.yaml:12: connections[0].urll: unknown key".
func (n Note) String() string {
	var b strings.Builder
	switch {
	case n.Variable != "":
		b.WriteString("environment " + n.Variable + ": ")
	case n.Line > 0:
		fmt.Fprintf(&b, "%s:%d: ", n.File, n.Line)
	case n.File != "":
		b.WriteString(n.File + ": ")
	}
	if n.Path != "" {
		b.WriteString(n.Path + ": ")
	}
	b.WriteString(n.Text)
	return b.String()
}

// Faults is everything that is wrong with a configuration: those of the file by line, then those of the environment.
type Faults []Note

// Error gives one fault a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, note := range f {
		lines[i] = note.String()
	}
	return strings.Join(lines, "\n")
}

func sortNotes(notes []Note) {
	slices.SortStableFunc(notes, func(a, b Note) int {
		return cmp.Or(
			cmp.Compare(a.Variable, b.Variable),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Path, b.Path))
	})
}

// nearest returns the candidate that word is most likely a slip of, or "".
func nearest(word string, candidates []string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, candidate := range candidates {
		if d := editDistance(word, candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// editDistance counts the bytes to insert, remove, replace or swap with their neighbour to make b of a.
func editDistance(a, b string) int {
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
