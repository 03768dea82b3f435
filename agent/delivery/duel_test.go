package delivery

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// duel is one row of the table. Each side tells in a few words what it did; ours fails the test besides where that is not what
// is promised.
type duel struct {
	name   string
	ours   func(t *testing.T) string
	theirs func(t *testing.T, timing string) string
}

func duels() []duel {
	return []duel{
		{"killed as the receiver's 200 arrives, restarted", killedAtTheAnswer, managerKilledAtTheAnswer},
		{"killed once the page is delivered, restarted", killedAfterTheAnswer, managerKilledAfterTheAnswer},
		{"Slack answers 429, Retry-After: 1", limited, managerLimited},
		{"the same, and the incident ends before the next try", limitedAndOver, managerLimitedAndOver},
		{"the incident comes and goes while the receiver is down", cameAndWent, managerCameAndWent},
		{"two that watch the same, receiver down for 25 s", pair, managerPair},
		{"what evaluates sees nothing any more", blind, managerBlind},
	}
}

// TestDuel runs every row at one time, and prints the table.
func TestDuel(t *testing.T) {
	table := &table{cells: map[string]string{}}
	columns := []string{"mirrorwatch"}
	if *alertmanager != "" {
		columns = append(columns, "Alertmanager, defaults", "Alertmanager, tuned")
	}
	t.Run("row", func(t *testing.T) {
		for _, d := range duels() {
			table.run(t, d.name, "mirrorwatch", d.ours)
			if *alertmanager == "" {
				continue
			}
			table.run(t, d.name, "Alertmanager, defaults", func(t *testing.T) string { return d.theirs(t, defaults) })
			table.run(t, d.name, "Alertmanager, tuned", func(t *testing.T) string { return d.theirs(t, tuned) })
		}
	})
	t.Log("\n" + table.print(columns))
}

// table is what became of each row, by its name and column. It is for several goroutines.
type table struct {
	mu    sync.Mutex
	cells map[string]string
}

func (b *table) run(t *testing.T, row, column string, side func(t *testing.T) string) {
	t.Run(row+"/"+column, func(t *testing.T) {
		t.Parallel()
		cell := "no result"
		defer func() {
			if t.Failed() {
				cell += " (FAILED)"
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			b.cells[row+"/"+column] = cell
		}()
		cell = side(t)
	})
}

func (b *table) print(columns []string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "| | %s |\n|---|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, d := range duels() {
		cells := []string{d.name}
		for _, c := range columns {
			cell := b.cells[d.name+"/"+c]
			if cell == "" {
				cell = "-"
			}
			cells = append(cells, cell)
		}
		fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | "))
	}
	return text.String()
}
