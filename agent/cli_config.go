package agent

import (
	"context"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// configCommands is mirrorwatch config.
type configCommands struct {
	Check  configCheckCommand  `cmd:"" help:"Tell everything that is wrong with a configuration, each with its line and key. Exits 1 if anything is."`
	Show   configShowCommand   `cmd:"" help:"Print the configuration in force: defaults, file and environment together, secrets hidden."`
	Schema configSchemaCommand `cmd:"" help:"Print the JSON Schema of the configuration, for editors and checks."`
}

// configCheckCommand is mirrorwatch config check.
type configCheckCommand struct {
	File   string `arg:"" help:"The configuration, YAML."`
	Output string `enum:"text,json" default:"text" help:"text or json."`
}

// configReport is what config check prints as JSON.
type configReport struct {
	OK     bool   `json:"ok"`
	Faults []Note `json:"faults"`
	Notes  []Note `json:"notes"`
}

// Run prints faults and notes.
func (c *configCheckCommand) Run(_ context.Context, console *Console) error {
	cfg, notes, err := LoadConfig(c.File, console.Environ)
	var faults Faults
	if err != nil && !errors.As(err, &faults) {
		if c.Output != "json" {
			return err
		}
		faults = Faults{{File: c.File, Text: err.Error()}}
	}
	if c.Output == "json" {
		report := configReport{OK: err == nil, Faults: append([]Note{}, faults...), Notes: append([]Note{}, notes...)}
		if err := printJSON(console.Stdout, report); err != nil {
			return err
		}
	} else {
		c.printText(console, cfg, faults, notes)
	}
	if len(faults) > 0 {
		return ExitStatus(exitFailure)
	}
	return nil
}

func (c *configCheckCommand) printText(console *Console, cfg *Config, faults, notes []Note) {
	for _, fault := range faults {
		fmt.Fprintln(console.Stdout, fault)
	}
	for _, note := range notes {
		fmt.Fprintln(console.Stdout, "note:", note)
	}
	if cfg != nil {
		fmt.Fprintf(console.Stdout, "%s: good (connections: %d, receivers: %d)\n",
			c.File, len(cfg.Connections), len(cfg.Exporters.names()))
	}
}

// configShowCommand is mirrorwatch config show.
type configShowCommand struct {
	File   string `arg:"" help:"The configuration, YAML."`
	Output string `enum:"text,json" default:"text" help:"text (YAML) or json."`
}

// Run prints the configuration in force.
func (c *configShowCommand) Run(_ context.Context, console *Console) error {
	cfg, _, err := LoadConfig(c.File, console.Environ)
	if err != nil {
		return err
	}
	text, err := cfg.YAML()
	if err != nil {
		return err
	}
	if c.Output == "text" {
		_, err = console.Stdout.Write(text)
		return err
	}
	var document any
	if err := yaml.Unmarshal(text, &document); err != nil {
		return fmt.Errorf("read configuration back: %w", err)
	}
	return printJSON(console.Stdout, document)
}

// configSchemaCommand is mirrorwatch config schema.
type configSchemaCommand struct{}

// Run prints the schema.
func (configSchemaCommand) Run(_ context.Context, console *Console) error {
	return printJSON(console.Stdout, newJSONSchema())
}
