package agent

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
)

// checkReport is what check found, as it prints it as JSON.
type checkReport struct {
	Status  pipeline.Level `json:"status"`
	Exit    int            `json:"exit"`
	Watched float64        `json:"watched_for_seconds"`
	Links   []checkedLink  `json:"links"`
	Trouble []string       `json:"trouble"` // what could not be seen at all
	Notes   []string       `json:"notes"`
}

// report judges what the board shows.
func (c *checkCommand) report(config *Config, board *pipeline.Board, now, began time.Time) *checkReport {
	r := &checkReport{
		Watched: seconds(now.Sub(began)), Links: checkedLinks(board, now), Trouble: []string{}, Notes: []string{},
	}
	for i := range r.Links {
		if l := r.Links[i].Status; l.Worse(r.Status) {
			r.Status = l
		}
	}
	for _, connection := range board.Connections() {
		switch {
		case connection.Blind:
			r.trouble("%s: nothing can be seen: %s", connection.Name, connection.Reason)
		case connection.Round.IsZero():
			r.trouble("%s: the streams could not be listed to the end: %s", connection.Name, cmp.Or(connection.Reason, "some pages were not answered"))
		case connection.Unseen > 0:
			r.trouble("%s: %d streams are listed but cannot be seen", connection.Name, connection.Unseen)
		}
	}
	partial := len(r.Trouble) > 0
	for _, name := range c.Stream {
		named := jetstream.Streams{Include: []string{name}}
		switch {
		case slices.ContainsFunc(r.Links, func(l checkedLink) bool { return named.Watches(l.Stream) }):
		case config.excludes(name):
			r.trouble("%s: excluded by the configuration (streams.exclude)", name)
		case partial:
			r.trouble("%s: not seen; it may be among what cannot be seen", name)
		default:
			r.trouble("%s: no such stream, or it is no mirror, has no sources, is disabled by its metadata or excluded by the configuration", name)
		}
	}
	if len(r.Links) == 0 && len(r.Trouble) == 0 {
		r.trouble("no stream is a mirror or has sources")
	}
	r.note()
	r.Exit = int(r.Status)
	return r
}

// excludes tells whether every connection leaves the stream out.
func (c *Config) excludes(stream string) bool {
	return !slices.ContainsFunc(c.Connections, func(c jetstream.Config) bool {
		return (jetstream.Streams{Exclude: c.Streams.Exclude}).Watches(stream)
	})
}

// couldNotCheck tells in the given form why there is no verdict. As text, that is left to whoever gets the error.
func couldNotCheck(w io.Writer, output string, err error) error {
	r := &checkReport{
		Status: pipeline.Unknown, Exit: exitCheckUnknown,
		Links: []checkedLink{}, Trouble: strings.Split(err.Error(), "\n"), Notes: []string{},
	}
	switch output {
	case "json":
		err = printJSON(w, r)
	case "nagios":
		_, err = fmt.Fprintf(w, "MIRRORWATCH UNKNOWN - %s\n", strings.ReplaceAll(strings.Join(r.Trouble, "; "), "|", "/"))
	default:
		return err
	}
	if err != nil {
		return err
	}
	return ExitStatus(r.Exit)
}

// trouble notes that something could not be seen: unknown at least.
func (r *checkReport) trouble(format string, args ...any) {
	r.Trouble = append(r.Trouble, fmt.Sprintf(format, args...))
	if pipeline.Unknown.Worse(r.Status) {
		r.Status = pipeline.Unknown
	}
}

// note says which limits are shorter than a server needs to reconnect by itself.
func (r *checkReport) note() {
	told := map[string]bool{}
	for _, l := range r.Links {
		if l.Limit == nil || *l.Limit >= pipeline.SelfHealing.Seconds() || told[l.Stream] {
			continue
		}
		told[l.Stream] = true
		r.Notes = append(r.Notes, fmt.Sprintf(
			"%s: its limit of %gs is honoured, but a reconnect that heals itself may take 50s: below 60s expect alerts that resolve by themselves",
			l.Stream, *l.Limit))
	}
}

func (r *checkReport) print(w io.Writer, output string) error {
	switch output {
	case "json":
		return printJSON(w, r)
	case "nagios":
		_, err := fmt.Fprintln(w, r.nagios())
		return err
	}
	var b strings.Builder
	for i := range r.Links {
		fmt.Fprintln(&b, checkLine(&r.Links[i]))
	}
	for _, t := range r.Trouble {
		fmt.Fprintf(&b, "%-8s  %s\n", "unknown", t)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	fmt.Fprintf(&b, "%s: %s, after watching for %.0fs\n", strings.ToUpper(r.Status.String()), r.counts(), r.Watched)
	_, err := io.WriteString(w, b.String())
	return err
}

// counts is "3 links: 1 critical, 2 ok".
func (r *checkReport) counts() string {
	var of [4]int
	for i := range r.Links {
		of[r.Links[i].Status]++
	}
	var parts []string
	for _, level := range []pipeline.Level{pipeline.Critical, pipeline.Unknown, pipeline.Warning, pipeline.OK} {
		if of[level] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", of[level], level))
		}
	}
	noun := "links"
	if len(r.Links) == 1 {
		noun = "link"
	}
	if len(parts) == 0 {
		return "no links seen"
	}
	return fmt.Sprintf("%d %s: %s", len(r.Links), noun, strings.Join(parts, ", "))
}

// nagios is one line with performance data.
func (r *checkReport) nagios() string {
	text := fmt.Sprintf("MIRRORWATCH %s - %s", strings.ToUpper(r.Status.String()), r.counts())
	bad := 0
	for i := range r.Links {
		l := &r.Links[i]
		if l.Status == pipeline.OK {
			continue
		}
		if bad++; bad <= 3 {
			text += "; " + strings.Join(strings.Fields(checkLine(l)), " ")
		}
	}
	if bad > 3 {
		text += fmt.Sprintf("; +%d more", bad-3)
	}
	if len(r.Trouble) > 0 {
		text += "; " + strings.Join(r.Trouble, "; ")
	}
	// A bar would begin the performance data.
	return strings.ReplaceAll(text, "|", "/") + fmt.Sprintf(" | links=%d not_ok=%d oldest_proof=%s", len(r.Links), bad, r.oldest())
}

// oldest is the age of the oldest proof as performance data; U where it is not known of every link.
func (r *checkReport) oldest() string {
	oldest := 0.0
	for i := range r.Links {
		if r.Links[i].Silent == nil {
			return "U"
		}
		oldest = max(oldest, *r.Links[i].Silent)
	}
	if len(r.Links) == 0 {
		return "U"
	}
	return fmt.Sprintf("%.3fs", oldest)
}
