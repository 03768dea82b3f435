package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/recording"
)

// recordCommand is mirrorwatch record.
type recordCommand struct {
	connectionFlags
	Out      string        `required:"" placeholder:"FILE" type:"path" help:"The recording to make, a new file; compressed where the name ends in .gz."`
	Interval time.Duration `default:"1s" help:"Time between two looks at everything."`
	For      time.Duration `placeholder:"TIME" help:"End after this long (default: at SIGINT or SIGTERM)."`
}

// Help says more than one line.
func (recordCommand) Help() string {
	return `Keeps every look in a file that replay understands: what the servers answered of the streams,
and of the origins of their links, and what they did not. It judges nothing.`
}

// Run records until ctx or its own time ends.
func (c *recordCommand) Run(ctx context.Context, console *Console) error {
	if c.Interval < 100*time.Millisecond {
		return fmt.Errorf("--interval %s: want at least 100ms", c.Interval)
	}
	config, err := c.load(console.Environ)
	if err != nil {
		return err
	}
	if c.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.For)
		defer cancel()
	}
	for i := range config.Connections {
		if c := &config.Connections[i]; c.SystemScope() {
			return fmt.Errorf("connection %q is of scope system, where servers tell no STREAM.INFO documents: record from its accounts", c.Name)
		}
	}
	config.Interval = c.Interval
	sources, closeAll, err := c.open(ctx, config, console.Log)
	defer closeAll()
	if err != nil {
		return err
	}
	out, err := recording.Create(c.Out, recording.Header{Name: c.Out, Interval: c.Interval.Seconds()})
	if err != nil {
		return err
	}
	r := &recorder{out: out}
	var all sync.WaitGroup
	for i, s := range sources {
		if s, ok := s.(interface{ ListAlways() }); ok {
			s.ListAlways()
		}
		all.Go(func() { r.record(ctx, config.Connections[i].Name, s, c.Interval) })
	}
	all.Wait()
	if err := errors.Join(r.failed, out.Close()); err != nil {
		return err
	}
	if r.looks == 0 {
		nothing := fmt.Errorf("nothing was recorded, and no file is left: %w", cmp.Or(r.unseen, errors.New("there was no stream to look at")))
		return errors.Join(nothing, os.Remove(c.Out))
	}
	fmt.Fprintf(console.Stderr, "%s: %d looks recorded, %d of them saw nothing\n", c.Out, r.looks, r.faults)
	return nil
}

// recorder writes the looks of all connections to one file.
type recorder struct {
	mu     sync.Mutex
	out    *recording.Writer
	looks  int
	faults int
	failed error // of the file
	unseen error // of the newest look that fell short
}

// record looks at everything, and at each link's origin by the link's own path, each interval. Streams that were seen before and that a look does not tell of are written
// as not answering where the look fell short, and are asked about by themselves where it did not.
func (r *recorder) record(ctx context.Context, connection string, source source, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	known, origins := map[pipeline.StreamKey]bool{}, map[pipeline.OriginKey]bool{}
	var asking sync.WaitGroup
	defer asking.Wait()
	for {
		told := map[pipeline.StreamKey]bool{}
		asked := time.Now()
		err := source.Look(ctx, nil, func(s *pipeline.Sample) {
			known[s.Key], told[s.Key] = true, true
			r.write(s)
			for i := range s.Links {
				if key := s.Links[i].Subject(s.Key).OriginKey(); !origins[key] {
					origins[key] = true
					asking.Go(func() { r.recordOrigin(ctx, source, key, interval) })
				}
			}
		})
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			r.fellShort(err)
		}
		var rest []pipeline.StreamKey
		for key := range known {
			switch {
			case told[key]:
			case err != nil:
				r.write(&pipeline.Sample{Key: key, Asked: asked, At: time.Now(), Fault: pipeline.Fault{Kind: pipeline.FaultNoAnswer, Text: err.Error()}})
			default:
				rest = append(rest, key)
			}
		}
		if len(rest) > 0 {
			_ = source.Look(ctx, rest, r.write) // each sample says by itself how it fell short
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// recordOrigin asks about an origin each interval.
func (r *recorder) recordOrigin(ctx context.Context, source pipeline.OriginSource, key pipeline.OriginKey, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	exact := false
	for {
		v := source.LookAtOrigin(ctx, key, exact)
		exact = v.Listable()
		if ctx.Err() != nil {
			return
		}
		r.mu.Lock()
		if err := r.out.WriteOrigin(v); err != nil && r.failed == nil {
			r.failed = err
		}
		r.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (r *recorder) fellShort(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unseen = err
}

func (r *recorder) write(s *pipeline.Sample) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looks++
	if s.Fault.Kind != pipeline.FaultNone {
		r.faults++
	}
	if err := r.out.Write(s); err != nil && r.failed == nil {
		r.failed = err
	}
}
