package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// printAct prints what one act showed, as a table of costs and one of verdicts.
func printAct(to io.Writer, title, told string, rows []row) {
	fmt.Fprintf(to, "### %s\n\n%s\n\n", title, told)
	fmt.Fprintln(to, "| one look at all mirrors | wall | client CPU | server CPU | KiB | resident MiB, most | looks measured |")
	fmt.Fprintln(to, "|---|---|---|---|---|---|---|")
	for k := range rows {
		r := &rows[k]
		fmt.Fprintf(to, "| %s | %s | %s | %s | %.0f | %.0f | %d |\n", r.name, span(r.wall), span(r.cpu), span(r.server),
			float64(r.bytes)/1024, float64(r.memory)/(1<<20), r.times)
	}
	fmt.Fprintln(to, "\n| | the dead mirror | what it says of it | healthy mirrors: ok, not ok | all said after |")
	fmt.Fprintln(to, "|---|---|---|---|---|")
	for k := range rows {
		v := &rows[k].found
		caught := "MISSED"
		if v.caught {
			caught = "found"
		}
		// A bar would begin the next cell.
		fmt.Fprintf(to, "| %s | %s | `%s` | %d, %d | %s |\n", rows[k].name, caught, strings.ReplaceAll(v.dead, "|", "¦"), v.ok, v.wrong, span(rows[k].after))
	}
	fmt.Fprintln(to)
}

// span writes seconds or milliseconds.
func span(d time.Duration) string {
	if d >= time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.1f ms", d.Seconds()*1e3)
}
