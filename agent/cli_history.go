package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"mirrorwatch/pipeline/history"
	"mirrorwatch/pipeline/journal"
)

// historyFlags say where the history is read: from a running agent, or from the journal of one that does not run.
type historyFlags struct {
	agentFlags
	DataDir string `placeholder:"DIR" type:"path" help:"Read the journal in this folder; no agent may use it."`
}

// choose asks the running agent, or has a folder read where none runs: --data-dir says that at once, else it is done where
// nothing answers and no --address was given. read fails with fs.ErrNotExist where there is no journal.
func (f *historyFlags) choose(console *Console, ask func(*agentClient) error, read func(dir string, config *Config) error) error {
	config, err := f.config(console.Environ)
	if err != nil {
		return err
	}
	if f.DataDir != "" {
		return read(f.DataDir, config)
	}
	client, err := f.client(config)
	if err != nil {
		return err
	}
	asked := ask(client)
	if !errors.Is(asked, errNoAgent) || f.Address != "" {
		return asked
	}
	err = read(config.DataDir, config)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w; and there is no journal in %s: name the agent with --address, or its folder with --data-dir or --config", asked, config.DataDir)
	}
	fmt.Fprintf(console.Stderr, "note: %v; the journal in %s was read\n", asked, config.DataDir)
	return err
}

// past is choose where the journal in the folder is to be whole.
func (f *historyFlags) past(console *Console, ask func(*agentClient) error, read func(historian, *Config) error) error {
	return f.choose(console, ask, func(dir string, config *Config) error {
		reader, err := openReader(dir)
		if err != nil {
			return err
		}
		return errors.Join(read(reader, config), reader.Close())
	})
}

func openReader(dir string) (*journal.Reader, error) {
	reader, err := journal.OpenReader(dir)
	if errors.Is(err, journal.ErrInUse) {
		return nil, inUse(dir)
	}
	return reader, err
}

func inUse(dir string) error {
	return fmt.Errorf("a running agent uses %s: ask it, with --address and without --data-dir", dir)
}

// incidentsCommand is mirrorwatch incidents.
type incidentsCommand struct {
	historyFlags
	periodFlags
	Match  []string `sep:"none" placeholder:"LABEL=GLOB" help:"Only those that match, such as stream=PAYMENTS* or level=critical; given several times, all have to."`
	Open   bool     `help:"Only those that are open."`
	Rule   string   `placeholder:"NAME" help:"Only those of this rule."`
	Limit  int      `default:"100" help:"At most so many, the newest; 0: all."`
	Output string   `enum:"text,json" default:"text" help:"text, or json: one change a line."`
}

// Help says more than one line.
func (incidentsCommand) Help() string {
	return `Lists incidents, open and over, the newest last. A period takes in every incident that was open at some time of it.
A running agent is asked; where none answers, the journal in data_dir is read. Silenced incidents are among them.`
}

// Run lists.
func (c *incidentsCommand) Run(ctx context.Context, console *Console) error {
	now := time.Now()
	from, to, zone, err := c.period(now)
	if err != nil {
		return err
	}
	filter := history.Filter{From: from, To: to, Open: c.Open, Rule: c.Rule}
	if filter.Match, err = parseMatch(c.Match); err != nil {
		return err
	}
	if c.Limit < 0 {
		return errors.New("--limit: want a whole number, 0 for no limit")
	}
	var state HistoryState
	err = c.past(console, func(client *agentClient) error {
		return client.read(ctx, "/api/v1/history", historyQuery(filter, c.Limit), &state)
	}, func(h historian, _ *Config) (err error) {
		state, err = pastIncidents(h, filter, c.Limit, now)
		return err
	})
	if err != nil {
		return err
	}
	if state.More {
		fmt.Fprintf(console.Stderr, "note: the newest %d are shown, there are more: see --limit, --from and --match\n", c.Limit)
	}
	if c.Output == "json" {
		return printLines(console.Stdout, &state)
	}
	return printIncidents(console.Stdout, &state, zone)
}

// printLines writes one change a line.
func printLines(w io.Writer, state *HistoryState) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for _, line := range state.lines() {
		if err := encoder.Encode(line); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	return nil
}

// printIncidents writes one incident a line.
func printIncidents(w io.Writer, state *HistoryState, zone *time.Location) error {
	if len(state.Incidents) == 0 {
		_, err := fmt.Fprintln(w, "no incidents")
		return err
	}
	table := newTextTable(w, "OPENED ("+zoneName(zone)+")", "LASTED", "STATE", "LEVEL", "RULE", "INCIDENT", "WHAT", "STORY")
	open := 0
	for n := range state.Incidents {
		i := &state.Incidents[n]
		lasted := spanText(time.Duration(i.Lasted * float64(time.Second)))
		how := "open"
		if i.Ended == nil {
			open++
		} else if len(i.Lines) > 0 {
			how = string(i.Lines[len(i.Lines)-1].Change)
		}
		story := i.Story
		if i.Silenced {
			story += "; silenced at first or all the time"
		}
		table.row(i.Opened.In(zone).Format(time.DateTime), lasted, how, i.Level.String(), i.Rule, i.Incident, i.subject(), story)
	}
	if err := table.end(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s, %d open\n", counted(len(state.Incidents), "incident"), open)
	return err
}

// counted is "1 incident", "2 incidents".
func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// zoneName is what people call a time zone.
func zoneName(zone *time.Location) string {
	if zone == time.Local {
		return "local time"
	}
	return strings.ReplaceAll(zone.String(), "_", " ")
}
