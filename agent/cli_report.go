package agent

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"mirrorwatch/pipeline/history"
)

// reportCommand is mirrorwatch report.
type reportCommand struct {
	historyFlags
	periodFlags
	Output string `enum:"text,json,csv" default:"text" help:"text, json or csv."`
}

// Help says more than one line.
func (reportCommand) Help() string {
	return `Tells for each link how it kept its limit in a period, by default the last 30 days: violations, how long it was over the limit,
the longest silence, the data at risk at worst, how long it took until somebody was told, and the compliance in per cent. Time in
which nothing could be proven, since a connection was blind or the agent did not run, is not compliant. docs/report.md
explains every column. As text the worst come first.

A running agent is asked; where none answers, the journal in data_dir is read.`
}

// Run reports.
func (c *reportCommand) Run(ctx context.Context, console *Console) error {
	now := time.Now()
	from, to, zone, err := c.period(now)
	if err != nil {
		return err
	}
	var report *history.Report
	err = c.past(console, func(client *agentClient) error {
		return client.read(ctx, "/api/v1/report", periodQuery(from, to), &report)
	}, func(h historian, config *Config) (err error) {
		report, err = makeReport(h, reportQuery{from: from, to: to, now: now, stopped: true, defaults: config.defaults})
		return err
	})
	if err != nil {
		return err
	}
	switch c.Output {
	case "json":
		return printJSON(console.Stdout, report)
	case "csv":
		return reportCSV(console.Stdout, report)
	}
	return reportText(console.Stdout, report, zone)
}

// reportText writes a table, the worst links first.
func reportText(w io.Writer, r *history.Report, zone *time.Location) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s to %s (%s)\n", clock(r.From, zone), clock(r.To, zone), spanText(r.To.Sub(r.From)))
	if !r.Complete {
		fmt.Fprintf(&b, "note: older records were removed by the retention: measured from %s\n", clock(r.Since, zone))
	}
	if r.AgentDown > 0 {
		fmt.Fprintf(&b, "note: the agent did not run for %s of it\n", spanText(time.Duration(r.AgentDown)))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	links := slices.Clone(r.Links)
	slices.SortStableFunc(links, worseLink)
	if len(links) > 0 {
		table := newTextTable(w,
			"COMPLIANCE", "LIMIT", "WATCHED", "VIOLATIONS", "OVER LIMIT", "LONGEST DARK", "NOT COPYING", "UNOBSERVED", "AGENT DOWN",
			"AT RISK", "TOLD IN", "LINK", "NOTES")
		for n := range links {
			table.row(reportRow(&links[n])...)
		}
		if err := table.end(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, reportSummary(links))
	return err
}

// worseLink orders by compliance, those without a limit last.
func worseLink(a, b history.Link) int {
	percent := func(l *history.Link) float64 {
		if l.Compliance == nil {
			return math.Inf(1)
		}
		return *l.Compliance
	}
	return cmp.Or(cmp.Compare(percent(&a), percent(&b)), cmp.Compare(b.OverLimit, a.OverLimit), cmp.Compare(b.LongestDark, a.LongestDark))
}

func reportRow(l *history.Link) []string {
	limit, risk, told := "none", "-", "-"
	if l.Limit > 0 {
		limit = durationText(time.Duration(l.Limit))
	}
	switch {
	case l.AtRisk == nil:
	case l.AtRiskAtLeast && *l.AtRisk == 0:
		risk = "unknown"
	case l.AtRiskAtLeast:
		risk = fmt.Sprintf(">=%d", *l.AtRisk)
	default:
		risk = strconv.FormatUint(*l.AtRisk, 10)
	}
	if l.TimeToTell != nil {
		told = spanText(time.Duration(*l.TimeToTell))
	}
	return []string{
		percentText(l.Compliance), limit, spanOr(l.Watched), strconv.Itoa(l.Violations), spanOr(l.OverLimit), spanOr(l.LongestDark),
		spanOr(l.NotCopying), spanOr(l.Unobserved), spanOr(l.AgentDown), risk, told, l.Subject.String(), reportNotes(l),
	}
}

// reportNotes is what figures do not show.
func reportNotes(l *history.Link) string {
	var notes []string
	if l.Open {
		notes = append(notes, "still violated")
	}
	if len(l.Limits) > 1 {
		notes = append(notes, fmt.Sprintf("%d limits", len(l.Limits)))
	}
	if l.Untold > 0 {
		notes = append(notes, fmt.Sprintf("%d not told", l.Untold))
	}
	if l.Silenced > 0 {
		notes = append(notes, fmt.Sprintf("%d silenced", l.Silenced))
	}
	return strings.Join(notes, ", ")
}

// spanOr is a dash for no time at all.
func spanOr(s history.Seconds) string {
	if s == 0 {
		return "-"
	}
	return spanText(time.Duration(s))
}

// percentText never rounds up: 100% is the whole time.
func percentText(percent *float64) string {
	if percent == nil {
		return "-"
	}
	return strconv.FormatFloat(math.Floor(*percent*1e3+1e-6)/1e3, 'f', -1, 64) + "%"
}

// reportSummary is one line about all links, which are sorted.
func reportSummary(links []history.Link) string {
	if len(links) == 0 {
		return "no link was watched in this time"
	}
	limited, kept, violations := 0, 0, 0
	for n := range links {
		if links[n].Compliance != nil {
			limited++
			if *links[n].Compliance >= 100 {
				kept++
			}
		}
		violations += links[n].Violations
	}
	text := fmt.Sprintf("%s: %d kept the limit all the time, %d did not, %d had none; %s",
		counted(len(links), "link"), kept, limited-kept, len(links)-limited, counted(violations, "violation"))
	if kept < limited {
		text += fmt.Sprintf("; worst %s with %s", plain(links[0].Subject.String()), percentText(links[0].Compliance))
	}
	return text
}

// reportCSV writes a header and one row a link, in the order of their names; what is not known is empty.
func reportCSV(w io.Writer, r *history.Report) error {
	rows := csv.NewWriter(w)
	_ = rows.Write([]string{
		"from", "to", "connection", "account", "domain", "stream", "kind", "origin", "via", "filter",
		"limit_seconds", "watched_seconds", "limited_seconds", "violations", "over_limit_seconds", "longest_over_limit_seconds",
		"dark_seconds", "longest_dark_seconds", "not_copying_seconds", "unobserved_seconds", "agent_down_seconds",
		"at_risk_messages", "at_risk_at_least", "time_to_tell_seconds", "untold", "silenced", "open", "compliance_percent",
	})
	for n := range r.Links {
		l := &r.Links[n]
		s := &l.Subject
		risk, told, percent := "", "", ""
		if l.AtRisk != nil {
			risk = strconv.FormatUint(*l.AtRisk, 10)
		}
		if l.TimeToTell != nil {
			told = number(*l.TimeToTell)
		}
		if l.Compliance != nil {
			percent = strconv.FormatFloat(math.Floor(*l.Compliance*1e6+1e-3)/1e6, 'f', -1, 64)
		}
		_ = rows.Write([]string{
			r.Since.UTC().Format(time.RFC3339), r.To.UTC().Format(time.RFC3339),
			cell(s.Connection), cell(s.Account), cell(s.Domain), cell(s.Stream), cell(string(s.Kind)), cell(s.Origin), cell(s.Via), cell(s.Filter),
			number(l.Limit), number(l.Watched), number(l.Limited), strconv.Itoa(l.Violations), number(l.OverLimit), number(l.LongestOverLimit),
			number(l.Dark), number(l.LongestDark), number(l.NotCopying), number(l.Unobserved), number(l.AgentDown),
			risk, strconv.FormatBool(l.AtRiskAtLeast), told, strconv.Itoa(l.Untold), strconv.Itoa(l.Silenced), strconv.FormatBool(l.Open), percent,
		})
	}
	rows.Flush()
	if err := rows.Error(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// number is seconds.
func number(s history.Seconds) string {
	return strconv.FormatFloat(seconds(time.Duration(s)), 'f', -1, 64)
}

// cell keeps a spreadsheet from taking a name for a formula.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
