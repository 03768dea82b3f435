package outbox_test

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/outbox"
)

// A storm of one commit is one batch a receiver and step, in a handful of commits.
func TestStormIsOneMessageAtEachStep(t *testing.T) {
	const n = 10_000
	withStage(t, nil, func(s *stage) {
		for _, sink := range s.sinks {
			sink.Answer(func(_ context.Context, _ pipeline.Notification) (pipeline.Receipt, error) {
				return pipeline.Receipt("C1/1"), nil
			})
		}
		for number, kind := range []pipeline.ChangeKind{pipeline.Opened, pipeline.Updated, pipeline.Resolved} {
			s.submit(steps("m", n, kind, number+1)...)
			pass(time.Minute)
		}
		for name, sink := range s.sinks {
			got := sink.Delivered()
			if len(got) != 3 {
				t.Fatalf("%s: %d batches", name, len(got))
			}
			for i, one := range got {
				open, ended, members := n, 0, n
				if i == 2 {
					open, ended, members = 0, n, pipeline.MostEnded
				}
				if len(one.Changes) != n || one.Open != open || one.Ended != ended || len(one.Members) != members {
					t.Errorf("%s: batch %d of %d changes, %d open, %d ended, %d members", name, i, len(one.Changes), one.Open, one.Ended, len(one.Members))
				}
			}
		}
		ops, oncall := s.sinks["ops"].Delivered(), s.sinks["oncall"].Delivered()
		if ops[0].Members[17] != oncall[0].Members[17] {
			t.Error("receivers do not share the changes")
		}
		if c := len(s.journal.Commits()); c > 3*(1+3*2) {
			t.Errorf("%d commits", c)
		}
		if left := s.journal.State(); len(left.Groups)+len(left.Outbox) != 0 {
			t.Errorf("%d groups, %d rows left", len(left.Groups), len(left.Outbox))
		}
	}, "ops", "oncall", "third")
}

// Where each incident has to be told on its own, a storm takes no longer than it must.
func TestStormOfSingleBatches(t *testing.T) {
	const n = 3000
	withStage(t, most(1), func(s *stage) {
		s.submit(steps("m", n, pipeline.Opened, 1)...)
		pass(time.Minute)
		got := s.sinks["ops"].Delivered()
		if len(got) != n || got[n-1].Open != n {
			t.Errorf("%d batches", len(got))
		}
		records := 0
		for _, c := range s.journal.Commits() {
			records += len(c.Groups)
		}
		if records > 2 {
			t.Errorf("the group was written %d times", records)
		}
	}, "ops")
}

// idle is a journal that takes everything and keeps nothing.
type idle struct{}

func (idle) Load() (pipeline.State, error) { return pipeline.State{}, nil }

func (idle) Commit(pipeline.Commit) error { return nil }

// BenchmarkStorm is 10,000 incidents that open in one commit and are told to three receivers as one group, and then end; the
// journal and the receivers take no time.
func BenchmarkStorm(b *testing.B) {
	for name, most := range map[string]int{"in one batch": 0, "in batches of 100": 100, "each in its own": 1} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				storm(b, 10_000, most)
			}
		})
	}
}

func storm(b *testing.B, n, most int) {
	heard := make(chan int, n)
	how := outbox.Dispatch{Routes: pipeline.Routes{{Receivers: []string{"0", "1", "2"}, GroupBy: pipeline.DefaultGroupBy()}}}
	for i := range 3 {
		how.Receivers = append(how.Receivers, pipeline.Receiver{Name: strconv.Itoa(i), Notifier: counter{heard}, Most: most})
	}
	log := slog.New(slog.DiscardHandler)
	c := outbox.NewCommitter(outbox.CommitterOptions{
		Journal: idle{}, Outbox: outbox.New(how, pipeline.State{}, log), Board: pipeline.NewBoard(time.Now()), Log: log,
	})
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	for number, kind := range []pipeline.ChangeKind{pipeline.Opened, pipeline.Resolved} {
		c.Submit(pipeline.Kept{Changes: steps("m", n, kind, number+1)})
		for left := 3 * n; left > 0; {
			left -= <-heard
		}
	}
	stop()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}

// counter tells how many changes it accepted.
type counter struct{ heard chan<- int }

func (counter) Render(pipeline.Notification) ([]byte, error) { return []byte{}, nil }

func (c counter) Notify(_ context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
	c.heard <- len(n.Changes)
	return nil, nil
}
