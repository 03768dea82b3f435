package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/recording"
)

// replayCommand is mirrorwatch replay.
type replayCommand struct {
	Files  []string `arg:"" name:"file" help:"Recordings, .jsonl or .jsonl.gz."`
	Config string   `placeholder:"FILE" help:"Take rules, interval and budget from this configuration."`
	Output string   `enum:"text,json" default:"text" help:"text, or json: one change a line."`
}

// Help says more than one line.
func (replayCommand) Help() string {
	return `Runs the pipeline over recorded looks in virtual time, each file by itself,
and prints every change as it would have been told. No server is asked and nobody is notified.`
}

// Run replays each file.
func (c *replayCommand) Run(_ context.Context, console *Console) error {
	config := DefaultConfig()
	if c.Config != "" {
		var err error
		if config, _, err = LoadConfig(c.Config, console.Environ); err != nil {
			return err
		}
	}
	recordings := make([]*recording.Recording, len(c.Files))
	for i, file := range c.Files {
		var err error
		if recordings[i], err = recording.Open(file, jetstream.Decode); err != nil {
			return err
		}
		if from, _ := recordings[i].Span(); from.IsZero() {
			return fmt.Errorf("replay %s: there are no looks in it", file)
		}
	}
	for i, rec := range recordings {
		for _, note := range rec.Notes {
			fmt.Fprintln(console.Stderr, "note:", note)
		}
		if from, to := rec.Span(); c.Output == "text" {
			fmt.Fprintf(console.Stdout, "%s: %s from %s\n", c.Files[i], to.Sub(from).Round(time.Second), from.Format(time.RFC3339))
		}
		if err := config.replay(rec, printChange(console.Stdout, c.Output)); err != nil {
			return err
		}
	}
	return nil
}

// replay runs the pipeline over a recording, and gives each change to print.
func (c *Config) replay(rec *recording.Recording, print func(*pipeline.Change) error) error {
	from, to := rec.Span()
	for _, name := range rec.Connections() {
		watch := c.newWatch(from, name, nil, nil, pipeline.State{})
		rehearsal := pipeline.Rehearsal{Streams: rec.Streams(name), At: rec.At}
		if rec.HasOrigins() {
			rehearsal.Origin = rec.Origin
		}
		var failed error
		rehearsal.Run(watch, from, to, func(_ time.Time, changes []pipeline.Change) {
			for i := range changes {
				if failed == nil {
					failed = print(&changes[i])
				}
			}
		})
		if failed != nil {
			return failed
		}
	}
	return nil
}

// printChange returns a function that prints a change as one line.
func printChange(w io.Writer, output string) func(*pipeline.Change) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return func(c *pipeline.Change) error {
		if output == "json" {
			if err := encoder.Encode(c.Line()); err != nil {
				return fmt.Errorf("print: %w", err)
			}
			return nil
		}
		i := &c.Incident
		_, err := fmt.Fprintf(w, "%s  %-9s %-8s %-12s %s: %s  [%s]\n",
			c.At.Format("15:04:05.000"), c.Kind, i.Level, i.Rule, i.Subject, story(c), i.ID)
		if err != nil {
			return fmt.Errorf("print: %w", err)
		}
		return nil
	}
}
