package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// checkCommand is mirrorwatch check.
type checkCommand struct {
	connectionFlags
	For    time.Duration `default:"12s" help:"Watch for this long at most; less where everything is proven sooner."`
	Output string        `enum:"text,json,nagios" default:"text" help:"text, json or nagios."`
}

// Help says more than one line.
func (checkCommand) Help() string {
	return `Watches every link for 12 seconds and gives one verdict on each: ok where contact with the origin is proven within the
limit, critical where it is certainly older, or where the link copies nothing though its origin has more, else unknown. A
healthy-looking number alone is never ok. Limits on streams as a whole (peers, sources, counts) are the agent's business.

Exit code: 0 ok, 1 warning, 2 critical, 3 unknown.`
}

// checkInterval is how far apart a check's looks at everything are: far enough to tell two heartbeats apart.
const checkInterval = 3 * time.Second

// checkLooks is how many streams a check may ask about in a second: it is short, and must see everything twice.
const checkLooks = 10_000

// Run checks, prints and ends with the exit code of the worst verdict. What reads its output as JSON or for Nagios reads there
// too that it could not check.
func (c *checkCommand) Run(ctx context.Context, console *Console) error {
	err := c.check(ctx, console)
	if status := ExitStatus(0); err == nil || errors.As(err, &status) {
		return err
	}
	return couldNotCheck(console.Stdout, c.Output, err)
}

func (c *checkCommand) check(ctx context.Context, console *Console) error {
	config, err := c.load(console.Environ)
	if err != nil {
		return err
	}
	config.Interval, config.Rules = checkInterval, config.Rules.unheld()
	config.LooksPerSecond = max(config.LooksPerSecond, checkLooks)
	quiet := slog.New(slog.DiscardHandler) // what went wrong is told with the verdict
	sources, closeAll, err := c.open(ctx, config, quiet)
	defer closeAll()
	if err != nil {
		return err
	}
	board := pipeline.NewBoard(time.Now())
	watching, stop := context.WithTimeout(ctx, c.For)
	defer stop()
	var rings sync.WaitGroup
	for i, source := range withOrigins(config.Connections, sources) {
		name := config.Connections[i].Name
		watch := config.newWatch(time.Now(), name, nil, board, pipeline.State{})
		ring := pipeline.NewRing(name, watch, source, onBoard{board}, nil, quiet)
		rings.Go(func() { ring.Run(watching) })
	}
	began := time.Now()
	progress := newProgress(console.Stderr, began, c.For)
	settled := awaitVerdicts(watching, board, len(sources), progress)
	progress.end()
	report := c.report(config, board, time.Now(), began)
	stop()
	rings.Wait()
	if !settled && ctx.Err() != nil {
		return fmt.Errorf("check was ended before it could judge: %w", context.Cause(ctx))
	}
	if err := report.print(console.Stdout, c.Output); err != nil {
		return err
	}
	if report.Status != pipeline.OK {
		return ExitStatus(report.Status)
	}
	return nil
}

// awaitVerdicts waits until no link of any connection can get a better verdict, or ctx ends.
func awaitVerdicts(ctx context.Context, board *pipeline.Board, connections int, p *progress) (settled bool) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
		links, proven := 0, 0
		for l := range board.Links() {
			links++
			if l.Level == pipeline.Warning || l.Level == pipeline.OK && compared(l) {
				proven++
			}
		}
		p.show(time.Now(), links, proven)
		rounds := 0
		for _, c := range board.Connections() {
			if !c.Round.IsZero() && !c.Blind && c.Unseen == 0 {
				rounds++
			}
		}
		if rounds == connections && proven == links {
			return true
		}
	}
}

// compared tells whether a link was held against its origin, and nothing was missing; or cannot be, which a few seconds tell.
func compared(l *pipeline.LinkStatus) bool {
	return l.Risk.Failover == pipeline.FailoverReady || l.Unverified != "" && time.Since(l.First) > originTold
}

// originTold is how long a first question about an origin may take.
const originTold = 5 * time.Second

// onBoard takes a check's changes: nobody is told, the report shows what is open.
type onBoard struct{ board *pipeline.Board }

// Submit implements pipeline.Submitter.
func (b onBoard) Submit(kept pipeline.Kept) {
	for i := range kept.Changes {
		b.board.PutIncident(kept.Changes[i].Incident)
	}
}
