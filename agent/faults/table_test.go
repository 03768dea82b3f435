package faults

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrorwatch/agent"
	"mirrorwatch/pipeline"
)

var whole = flag.Bool("whole", false, "inject the faults too that take minutes")

// fault is one row of the table.
type fault struct {
	name     string
	topology string
	slow     bool          // takes minutes: only with -whole
	limit    time.Duration // seen-critical of the mirror
	run      func(s *scene)
}

// faults returns every fault there is.
func faults() []fault {
	return slices.Concat(leafnodeFaults(), accountFaults(), clusterFaults(), harmless())
}

// TestFaults injects each fault by itself, some at one time, and prints what became of it.
func TestFaults(t *testing.T) {
	table := make([]*result, 0, len(faults()))
	t.Run("fault", func(t *testing.T) {
		for _, f := range faults() {
			if f.slow && !*whole {
				continue
			}
			r := &result{fault: f}
			t.Run(f.name, func(t *testing.T) {
				table = append(table, r)
				t.Parallel()
				s := &scene{t: t, result: r, ledger: newLedger(), limit: f.limit}
				t.Cleanup(func() { r.failed = t.Failed() })
				f.run(s)
			})
		}
	})
	t.Log("\n" + print(table))
}

// result is what became of one fault.
type result struct {
	fault

	rules  []string
	delays []string
	causes []string
	ends   []string
	plain  string // what a plain check said meanwhile; empty: nobody asked it
	failed bool
}

// opened notes an opening: for a rule on silence against proof and limit, for others since the injection.
func (r *result) opened(s *scene, c pipeline.Change) {
	r.rules = append(r.rules, c.Incident.Rule)
	if c.Incident.Rule == pipeline.RuleSeen {
		due := c.Incident.Since.Add(time.Duration(c.Incident.Limit * float64(time.Second)))
		r.delays = append(r.delays, fmt.Sprintf("limit %+.3f s", c.At.Sub(due).Seconds()))
		return
	}
	r.delays = append(r.delays, fmt.Sprintf("%.1f s", c.At.Sub(s.injected).Seconds()))
}

func (r *result) cause(c pipeline.Cause, right bool, after time.Duration) {
	text := string(c)
	if !right {
		text += " (WRONG)"
	} else if after > 0 {
		text += fmt.Sprintf(" (+%.0f s)", after.Seconds())
	}
	r.causes = append(r.causes, text)
}

func (r *result) ended(after time.Duration) {
	r.ends = append(r.ends, fmt.Sprintf("+%.1f s", after.Seconds()))
}

func print(table []*result) string {
	var b strings.Builder
	line := func(cells ...string) {
		fmt.Fprintf(&b, "| %-44s | %-22s | %-24s | %-18s | %-38s | %-10s | %-4s |\n", cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6])
	}
	line("fault", "topology", "rule", "told after", "cause", "ended", "")
	line("---", "---", "---", "---", "---", "---", "---")
	for _, r := range table {
		verdict := "ok"
		if r.failed {
			verdict = "FAIL"
		}
		if r.plain != "" {
			verdict += "; meanwhile " + r.plain
		}
		cell := func(parts []string) string {
			if len(parts) == 0 {
				return "-"
			}
			return strings.Join(parts, "; ")
		}
		line(r.name, r.topology, cell(r.rules), cell(r.delays), cell(r.causes), cell(r.ends), verdict)
	}
	return b.String()
}

// linksOf asks an agent for the links of a stream.
func linksOf(t *testing.T, api, stream string) []agent.LinkState {
	t.Helper()
	answer, err := http.Get("http://" + api + "/api/v1/links")
	if err != nil {
		return nil
	}
	defer answer.Body.Close()
	var links []agent.LinkState
	if err := json.NewDecoder(answer.Body).Decode(&links); err != nil {
		t.Fatalf("decode links: %v", err)
	}
	return slices.DeleteFunc(links, func(l agent.LinkState) bool { return l.Stream != stream })
}
