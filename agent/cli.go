package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

const description = `Proves, again and again, that every JetStream mirror and source is in contact with its origin and copying, and
tells somebody the moment it cannot be proven within the limit.`

// commandLine is every command and flag of mirrorwatch. A command's own struct stands in its own file.
type commandLine struct {
	ShowVersion kong.VersionFlag `name:"version" help:"Say which build this is, and end."`

	LogLevel slog.Level `name:"log-level" default:"info" placeholder:"LEVEL" help:"Log at this level and above: debug, info, warn or error."`

	Run    runCommand     `cmd:"" help:"Watch, notify and export until told to end."`
	Check  checkCommand   `cmd:"" help:"Watch for a moment and give one verdict on every link."`
	Record recordCommand  `cmd:"" help:"Keep looks in a file."`
	Replay replayCommand  `cmd:"" help:"Run the pipeline over recorded looks."`
	Config configCommands `cmd:"" help:"Check a configuration, or show what is in force."`
	Notify notifyCommands `cmd:"" help:"Test the receivers."`

	Silence   silenceCommands  `cmd:"" help:"Withhold notifications for a time, as during maintenance."`
	Incidents incidentsCommand `cmd:"" help:"List incidents, open and over."`
	Report    reportCommand    `cmd:"" help:"Tell how well the limits were kept in a period."`
	Audit     auditCommands    `cmd:"" help:"Verify or export the audit."`

	Version versionCommand `cmd:"" help:"Say which build this is."`
}

// Console is what a command may read, write and know of its surroundings.
type Console struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Environ        []string // KEY=value
	Log            *slog.Logger
}

// ExitStatus is an error of a command that has told everything already; only the process's exit code is left to say.
type ExitStatus int

// Error gives the code.
func (e ExitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// Exit codes other than 0. The commands check and audit verify have more, of their own: 3 is unknown there.
const (
	exitFailure      = 1
	exitCheckUnknown = 3
)

// Main runs the command that args name and returns the process's exit code. SIGINT and SIGTERM end the command's context.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	collectAt(gcPercent)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal kills
	console := &Console{Stdin: stdin, Stdout: stdout, Stderr: stderr, Environ: os.Environ()}
	logGRPC(console)
	return execute(ctx, args, console)
}

func execute(ctx context.Context, args []string, console *Console) int {
	var line commandLine
	helped := false
	parser, err := kong.New(&line,
		kong.Name("mirrorwatch"),
		kong.Description(description),
		kong.Writers(console.Stdout, console.Stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.Exit(func(int) { helped = true }), // kong calls it after printing help or version, and goes on
		kong.Vars{"version": ThisBuild().String()},
	)
	if err != nil {
		return fail(console, "", err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	switch {
	case helped:
		return 0
	case err != nil:
		return misused(console, args, err)
	}
	console.Log = NewLogger(console.Stderr, line.LogLevel)
	logTelemetry(console.Log)
	name, chosen := topCommand(parsed), parsed.Selected().Target.Addr().Interface().(command)
	if err := chosen.Run(ctx, console); err != nil { // what knows the command line is free by then
		return fail(console, name, err)
	}
	return 0
}

// command is what each command of the command line is.
type command interface {
	Run(ctx context.Context, console *Console) error
}

// fail tells the error and returns the exit code for it. Faults of a configuration stand alone, each on its line.
func fail(console *Console, command string, err error) int {
	var status ExitStatus
	if errors.As(err, &status) {
		return int(status)
	}
	var faults Faults
	if errors.As(err, &faults) {
		fmt.Fprintln(console.Stderr, faults)
	} else {
		fmt.Fprintf(console.Stderr, "mirrorwatch: %v\n", err)
	}
	return failureOf(command)
}

// failureOf is the exit code of a command that could not do its work: for check, that is "unknown".
func failureOf(command string) int {
	if command == "check" {
		return exitCheckUnknown
	}
	return exitFailure
}

// misused tells what is wrong with the command line, and where the help is that fits.
func misused(console *Console, args []string, err error) int {
	var commands []string
	if parse := (*kong.ParseError)(nil); errors.As(err, &parse) && parse.Context != nil {
		commands = commandsOf(parse.Context)
	}
	err = fmt.Errorf("%w (see %s --help)", err, strings.Join(append([]string{"mirrorwatch"}, commands...), " "))
	command := ""
	if len(commands) > 0 {
		command = commands[0]
	}
	if command == "check" {
		err = couldNotCheck(console.Stdout, outputOf(args), err)
	}
	return fail(console, command, err)
}

// outputOf finds the form that a command line asks for which could not be parsed.
func outputOf(args []string) string {
	output := ""
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--output="); ok {
			output = value
		} else if arg == "--output" && i+1 < len(args) {
			output = args[i+1]
		}
	}
	return output
}

// topCommand is the first command on the command line, or "".
func topCommand(c *kong.Context) string {
	if commands := commandsOf(c); len(commands) > 0 {
		return commands[0]
	}
	return ""
}

// commandsOf is the commands on the command line: config, check.
func commandsOf(c *kong.Context) []string {
	var names []string
	for _, part := range c.Path {
		if part.Command != nil {
			names = append(names, part.Command.Name)
		}
	}
	return names
}

// printJSON writes v as one indented document.
func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// versionCommand is mirrorwatch version.
type versionCommand struct {
	Output string `enum:"text,json" default:"text" help:"text or json."`
}

// Run prints the build.
func (c *versionCommand) Run(_ context.Context, console *Console) error {
	if c.Output == "json" {
		return printJSON(console.Stdout, ThisBuild())
	}
	_, err := fmt.Fprintln(console.Stdout, ThisBuild())
	return err
}
