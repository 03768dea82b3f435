// Command compare puts mirrorwatch beside what else looks at mirrors: one server with a thousand real mirrors, one of them dead, and
// each tool in its turn. It measures what each costs, on both sides of the wire, and what it says of the dead mirror. See docs/compare.md.
package main

import (
	"context"
	"os"
	"path/filepath"

	"mirrorwatch/agent/internal/measure"
)

const description = `Measures mirrorwatch, nats server check stream and a plain loop on the same real mirrors, one of which is dead, and prints what
each costs and says. Linux only; takes a quarter of an hour. Run it from the repository's root.`

// commandLine is every command and flag.
type commandLine struct {
	Compare compareCommand `cmd:"" default:"withargs" help:"Compare."`
	Part    struct {
		Server serverPart `cmd:""`
	} `cmd:"" hidden:"" help:"The processes that it starts of itself."`
}

// compareCommand is what it does unless it is a part.
type compareCommand struct {
	NATS        string `name:"nats" help:"The nats command line tool." placeholder:"FILE" required:"" type:"existingfile"`
	Mirrorwatch string `help:"A mirrorwatch that was built before; left out: it is built." placeholder:"FILE" type:"existingfile"`
	Mirrors     int    `help:"How many mirrors, the dead one among them." default:"1000"`
}

func main() {
	os.Exit(measure.Main("compare", description, &commandLine{}))
}

// Run plays both acts, with every tool in each.
func (c *compareCommand) Run(ctx context.Context, io *measure.Console) error {
	dir, err := os.MkdirTemp("", "compare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tools, err := c.tools(ctx, io, dir)
	if err != nil {
		return err
	}
	s, err := openScene(ctx, io, dir, c.Mirrors)
	if err != nil {
		return err
	}
	defer s.close()
	if err := tools.agent.meet(ctx, s); err != nil {
		return err
	}
	for _, act := range []struct {
		title string
		begin func(context.Context) error
	}{
		{"The link to the dead mirror's origin is cut", s.cut},
		{"Then the mirrors' server is restarted", s.restart},
	} {
		if err := act.begin(ctx); err != nil {
			return err
		}
		io.Tell("%s", act.title)
		told, rows, err := s.measureAll(ctx, tools.all())
		if err != nil {
			return err
		}
		printAct(io.Out, act.title, told, rows)
	}
	return nil
}

// tools are what is compared.
type tools struct {
	check *checkTool
	agent *running // it met the mirrors while all were well
	fresh *running
	cli   *cliTool
	loop  *loopTool
}

func (t *tools) all() []tool { return []tool{t.check, t.agent, t.fresh, t.cli, t.loop} }

func (c *compareCommand) tools(ctx context.Context, io *measure.Console, dir string) (*tools, error) {
	io.Tell("building")
	mirrorwatch, loop := c.Mirrorwatch, filepath.Join(dir, "plainloop")
	if mirrorwatch == "" {
		mirrorwatch = filepath.Join(dir, "mirrorwatch")
		if err := measure.Build(ctx, io.Log, "mirrorwatch/agent/mirrorwatch", mirrorwatch); err != nil {
			return nil, err
		}
	}
	if err := measure.Build(ctx, io.Log, "mirrorwatch/agent/compare/plainloop", loop); err != nil {
		return nil, err
	}
	return &tools{
		check: &checkTool{binary: mirrorwatch},
		agent: &running{title: "mirrorwatch run, a round", binary: mirrorwatch, dir: dir, rounds: 60},
		fresh: &running{title: "the same, with an empty journal", binary: mirrorwatch, dir: dir, rounds: 15, fresh: true},
		cli:   &cliTool{binary: c.NATS, home: dir},
		loop:  &loopTool{binary: loop},
	}, nil
}
