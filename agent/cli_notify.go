package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// notifyCommands is mirrorwatch notify.
type notifyCommands struct {
	Test notifyTestCommand `cmd:"" help:"Send a marked test change through the real receivers."`
}

// notifyTestCommand is mirrorwatch notify test.
type notifyTestCommand struct {
	Receivers []string `arg:"" optional:"" name:"receiver" help:"Names of receivers (default: all that are configured)."`
	Config    string   `placeholder:"FILE" help:"The configuration, YAML."`
	Level     string   `enum:"critical,warning" default:"critical" help:"critical, which pages whom the receiver would (no test mentions anybody in Slack); or warning."`
	Output    string   `enum:"text,json" default:"text" help:"text or json."`
}

// Help says more than one line.
func (notifyTestCommand) Help() string {
	return `Tells each receiver that an incident opened, and then that it resolved, so that nothing stays open there; both are marked
as a test. Routes and silences have no say. No running agent is asked and nothing is journaled. Requests and answers are
printed with their secrets hidden.

Exit code: 0 all was accepted, 1 something was not.`
}

// Run tests one receiver after another.
func (c *notifyTestCommand) Run(ctx context.Context, console *Console) error {
	config, _, err := LoadConfig(c.Config, console.Environ)
	if err != nil {
		return err
	}
	all, err := config.Exporters.Receivers(config.Links.Pages())
	if err != nil {
		return err
	}
	receivers, err := chosen(all, c.Receivers)
	if err != nil {
		return err
	}
	results := []notifyResult{}
	tester := &testNotifier{now: time.Now, level: pipeline.Critical, scrub: config.Exporters.scrubber(), tell: func(r notifyResult) error {
		results = append(results, r)
		if c.Output == "json" {
			return nil
		}
		return r.print(console.Stdout)
	}}
	if c.Level == "warning" {
		tester.level = pipeline.Warning
	}
	var refused []string
	for _, r := range receivers {
		accepted, err := tester.test(ctx, r)
		if err != nil {
			return err
		}
		if !accepted {
			refused = append(refused, r.Name)
		}
	}
	if c.Output == "json" {
		if err := printJSON(console.Stdout, results); err != nil {
			return err
		}
	} else if err := summary(console.Stdout, receivers, refused); err != nil {
		return err
	}
	if len(refused) > 0 {
		return ExitStatus(exitFailure)
	}
	return nil
}

func summary(w io.Writer, receivers []pipeline.Receiver, refused []string) error {
	var b strings.Builder
	for _, r := range receivers {
		result := "accepted"
		if slices.Contains(refused, r.Name) {
			result = "NOT accepted"
		}
		fmt.Fprintf(&b, "%s: %s\n", r.Name, result)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// print writes what was asked and answered.
func (r *notifyResult) print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s: %s\n", r.Receiver, r.Change)
	for n := range r.Exchanges {
		e := &r.Exchanges[n]
		fmt.Fprintf(&b, "> %s %s\n", e.Method, e.URL)
		for _, name := range slices.Sorted(maps.Keys(e.Header)) {
			fmt.Fprintf(&b, "> %s: %s\n", name, plain(e.Header[name]))
		}
		lines(&b, "> ", e.Body)
		switch {
		case e.Status != "":
			fmt.Fprintf(&b, "< %s, after %gs\n", plain(e.Status), e.Took)
			lines(&b, "< ", e.Answer)
		default:
			fmt.Fprintf(&b, "< no answer, after %gs\n", e.Took)
		}
	}
	if r.Accepted {
		b.WriteString("accepted\n\n")
	} else {
		fmt.Fprintf(&b, "NOT accepted: %s\n\n", plain(r.Error))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// lines writes a body line by line, JSON indented.
func lines(b *strings.Builder, prefix, body string) {
	var pretty bytes.Buffer
	if json.Indent(&pretty, []byte(body), "", "  ") == nil {
		body = pretty.String()
	}
	for line := range strings.Lines(strings.TrimSpace(body)) {
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		fmt.Fprintf(b, "%s%s%s\n", prefix, indent, plain(line))
	}
}
