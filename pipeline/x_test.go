package pipeline_test

import (
	"fmt"
	"testing"
	"time"
	"mirrorwatch/pipeline"
)

func show(w *world) {
	n := map[string]int{}
	for i, c := range w.changes {
		n[string(c.Kind)+" "+c.Incident.Rule+" "+c.Incident.Reason]++
		if i < 12 {
			fmt.Println("  ", c.At.Sub(epoch), c.Kind, c.Incident.Rule, c.Incident.Subject.Stream, c.Incident.Reason, c.Incident.Detail, "since", c.Incident.Since.Sub(epoch))
		}
	}
	fmt.Println("   counts", n, "asked", len(w.asked))
}

func TestX(t *testing.T) {
	fmt.Println("one cut")
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), cut: cut(60.5, 120.5)}, &mirror{key: key("B"), limit: secs(30)})
	w.run(0, 180)
	show(w)
	fmt.Println("one frozen of two")
	w = newWorld(t, &mirror{key: key("A"), limit: secs(30), frozen: cut(60.5, 120.5)}, &mirror{key: key("B"), limit: secs(30)})
	w.run(0, 180)
	show(w)
	for _, lim := range []float64{5, 6, 7, 9, 12, 33, 31} {
		fmt.Println("one frozen of two, limit", lim)
		w = newWorld(t, &mirror{key: key("A"), limit: secs(lim), frozen: cut(60.5, 120.5)}, &mirror{key: key("B"), limit: secs(30)})
		w.run(0, 180)
		show(w)
	}
	fmt.Println("all frozen")
	w = newWorld(t, &mirror{key: key("A"), limit: secs(30), frozen: cut(60.5, 120.5)}, &mirror{key: key("B"), limit: secs(30), frozen: cut(60.5, 120.5)})
	w.run(0, 180)
	show(w)
	for _, lim := range []float64{20, 30, 60} {
		for _, n := range []int{3000, 10000} {
			began := time.Now()
			var ms []*mirror
			for i := range n {
				ms = append(ms, &mirror{key: key(fmt.Sprint("M", i)), limit: secs(lim), delay: time.Duration(i%100) * time.Millisecond / 10})
			}
			w = newWorld(t, ms...)
			w.run(0, 180)
			fmt.Println("streams", n, "limit", lim, time.Since(began))
			show(w)
		}
	}
	_ = pipeline.OK
}
