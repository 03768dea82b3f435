package agent

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"mirrorwatch/pipeline/journal"
)

// Exit codes of audit verify.
const (
	exitAuditBad   = 2
	exitCannotTell = 3
)

// auditCommands is mirrorwatch audit.
type auditCommands struct {
	Verify auditVerifyCommand `cmd:"" help:"Tell whether the audit's chain of hashes holds."`
	Export auditExportCommand `cmd:"" help:"Print the audit's records with their hashes, a JSON object a line."`
}

// auditVerifyCommand is mirrorwatch audit verify.
type auditVerifyCommand struct {
	historyFlags
	File   string `arg:"" optional:"" help:"An export to verify (- is the standard input), in place of an agent's own audit."`
	Head   string `placeholder:"NUMBER:HASH" help:"A head that was kept elsewhere: that record has to have this hash still."`
	Output string `enum:"text,json" default:"text" help:"text or json."`
}

// Help says more than one line.
func (auditVerifyCommand) Help() string {
	return `Finds a record that was changed, is missing, stands elsewhere, or was cut off at the end. A running agent is asked for its
audit; where none answers, the journal in data_dir is examined, every page of it.

Who can write the file can make the whole chain anew. Keep the head elsewhere, and name it with --head: it is in the log at
start and stop, in /readyz, and printed here.

Exit code: 0 good, 2 changed, missing, cut short or damaged, 3 cannot tell.`
}

// auditVerdict is what audit verify prints as JSON.
type auditVerdict struct {
	Good bool `json:"good"`
	journal.Result
}

// otherHead is the status of an audit that holds together, and is not the one whose head was kept.
const otherHead journal.Status = "other head"

// Run verifies.
func (c *auditVerifyCommand) Run(ctx context.Context, console *Console) error {
	v, err := c.verify(ctx, console)
	if err != nil {
		fmt.Fprintf(console.Stderr, "mirrorwatch: cannot tell: %v\n", err)
		return ExitStatus(exitCannotTell)
	}
	if c.Output == "json" {
		err = printJSON(console.Stdout, v)
	} else {
		err = v.print(console.Stdout)
	}
	if err != nil {
		return err
	}
	if !v.Good {
		return ExitStatus(exitAuditBad)
	}
	return nil
}

func (c *auditVerifyCommand) verify(ctx context.Context, console *Console) (*auditVerdict, error) {
	kept, err := parseHead(c.Head)
	if err != nil {
		return nil, err
	}
	var result journal.Result
	read := func(r io.Reader) (err error) {
		result, err = journal.VerifyExport(io.TeeReader(r, kept))
		return err
	}
	if c.File != "" {
		err = readFileOr(c.File, console.Stdin, read)
	} else {
		err = c.choose(console, func(client *agentClient) error {
			answer, err := client.open(ctx, http.MethodGet, "/api/v1/audit", nil, nil)
			if err != nil {
				return err
			}
			defer answer.Close()
			return read(answer)
		}, func(dir string, _ *Config) (err error) {
			result, err = journal.Verify(dir)
			if errors.Is(err, journal.ErrInUse) {
				return inUse(dir)
			}
			if err == nil && result.Status == journal.Good {
				return kept.seek(dir)
			}
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	return kept.judge(result)
}

// readFileOr gives a file, or where it is called - the standard input, to read.
func readFileOr(path string, stdin io.Reader, read func(io.Reader) error) error {
	if path == "-" {
		return read(stdin)
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open export: %w", err)
	}
	defer file.Close()
	return read(file)
}

func (v *auditVerdict) print(w io.Writer) error {
	var b strings.Builder
	if v.Good {
		fmt.Fprintf(&b, "good: %s", counted(int(v.Records), "record"))
		if v.Checkpoint.Number > 0 {
			fmt.Fprintf(&b, " since record %d, the newest that was left out or removed by the retention", v.Checkpoint.Number)
		}
		fmt.Fprintf(&b, "\nhead: %d:%s\n", v.Head.Number, v.Head.Hash)
	} else {
		fmt.Fprintf(&b, "BAD, %s: %s\nwell up to: %d:%s (%s)\n", v.Status, v.Text, v.Verified.Number, v.Verified.Hash, counted(int(v.Records), "record"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// auditExportCommand is mirrorwatch audit export.
type auditExportCommand struct {
	historyFlags
	From uint64 `default:"1" placeholder:"NUMBER" help:"Begin with this record."`
	Out  string `placeholder:"FILE" type:"path" help:"A new file to write (default: the standard output)."`
}

// Help says more than one line.
func (auditExportCommand) Help() string {
	return `Each line is one record with its number, its hash and the hash of the one before; the first line tells what comes before, the
last one the head. audit verify FILE holds it against its hashes, without an agent.`
}

// Run exports. Half a file is not left.
func (c *auditExportCommand) Run(ctx context.Context, console *Console) error {
	if c.Out == "" {
		return c.export(ctx, console, console.Stdout)
	}
	file, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make export: %w", err)
	}
	err = errors.Join(c.export(ctx, console, file), file.Close())
	if err != nil {
		err = errors.Join(err, os.Remove(c.Out))
	}
	return err
}

func (c *auditExportCommand) export(ctx context.Context, console *Console, out io.Writer) error {
	buffered := bufio.NewWriter(out)
	err := c.past(console, func(client *agentClient) error {
		answer, err := client.open(ctx, http.MethodGet, "/api/v1/audit", url.Values{"from": {strconv.FormatUint(c.From, 10)}}, nil)
		if err != nil {
			return err
		}
		defer answer.Close()
		if _, err := io.Copy(buffered, answer); err != nil {
			return fmt.Errorf("read the agent's answer: %w", err)
		}
		return nil
	}, func(h historian, _ *Config) error { return h.Export(buffered, c.From) })
	if err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}
