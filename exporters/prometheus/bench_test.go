package prometheus

import (
	"compress/gzip"
	"fmt"
	"io"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// watched is a board that shows healthy mirrors as a watch has them.
func watched(now time.Time, n int) *pipeline.Board {
	board := pipeline.NewBoard(now)
	w := pipeline.NewWatch(now, pipeline.WatchOptions{Connection: "dr", Interval: time.Minute, LooksPerSecond: 1e6, Board: board}, pipeline.State{})
	settings := &pipeline.Settings{Policy: pipeline.Policy{SeenCritical: pipeline.Some(time.Minute)}}
	for _, q := range w.Turn(now) {
		for i := range n {
			w.Observe(now, q.ID, &pipeline.Sample{
				Key: pipeline.StreamKey{Connection: "dr", Stream: fmt.Sprintf("STREAM_%06d", i)}, Asked: now, At: now, ServerTime: now,
				Created: now.Add(-time.Hour), Leader: "A", Settings: settings,
				Links: []pipeline.LinkSample{{Kind: pipeline.KindMirror, Origin: fmt.Sprintf("ORIGIN_%06d", i), Reported: true, Active: time.Second, Lag: 7}},
			})
		}
		w.Done(now, q.ID, nil)
	}
	return board
}

// BenchmarkPage100k writes the page of 100,000 links.
func BenchmarkPage100k(b *testing.B) {
	now := time.Now()
	h := open(watched(now, 100_000), nothing, Default())
	for name, pack := range map[string]func(io.Writer) io.WriteCloser{
		"plain":  func(to io.Writer) io.WriteCloser { return unclosed{to} },
		"packed": func(to io.Writer) io.WriteCloser { w, _ := gzip.NewWriterLevel(to, gzip.BestSpeed); return w },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var written counted
			for b.Loop() {
				written = 0
				w := pack(&written)
				if err := h.write(b.Context(), w, now.Add(time.Second)); err != nil {
					b.Fatal(err)
				}
				if err := w.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(written)/1e6, "MB/page")
		})
	}
}

// counted counts what is written, and keeps none of it.
type counted int

func (c *counted) Write(b []byte) (int, error) {
	*c += counted(len(b))
	return len(b), nil
}

type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }
