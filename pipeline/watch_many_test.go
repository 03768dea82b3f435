package pipeline_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// many makes mirrors that answer a little apart from each other.
func many(n int, limit float64) []*mirror {
	all := make([]*mirror, n)
	for i := range all {
		all[i] = &mirror{key: key(fmt.Sprintf("M%05d", i)), limit: secs(limit), delay: time.Duration(i%50) * time.Millisecond / 10}
	}
	return all
}

func TestTenThousandStreamsStayWithinTheBudget(t *testing.T) {
	t.Parallel()
	const n, perSec = 10_000 / shrunk, 500 / shrunk
	w := newWorld(t, many(n, 60)...)
	w.opt.LooksPerSecond = perSec
	w.run(0, 240)
	w.wants()
	if looks := len(w.asked); looks > 240*perSec+2*n {
		t.Errorf("%d looks in 240 s, %d a second are allowed besides the first pair", looks, perSec)
	}
	bySecond := map[int]int{}
	for _, q := range w.asked {
		bySecond[int(q.at.Sub(epoch)/time.Second)]++
	}
	for second, looks := range bySecond {
		if looks > n+4*perSec {
			t.Errorf("%d looks in second %d", looks, second)
		}
	}
}

// Ten thousand deadlines within one second must not all ask for their looks at once.
func TestShortLimitsOfTenThousandHealthyStreamsOpenNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, many(10_000/shrunk, 30)...)
	w.opt.LooksPerSecond /= shrunk
	w.run(0, 180)
	w.wants()
}

// A start does not hold the records of all streams at once, and loses none.
func TestRecordsOfManyNewStreamsAreGivenOutBitByBit(t *testing.T) {
	t.Parallel()
	const n = 2500
	f := newFleet(n, false)
	f.begin()
	for i := range f.names {
		f.tell(i)
	}
	f.watch.Done(f.now, f.round, nil)
	told := map[pipeline.StreamKey]bool{}
	for range n {
		f.watch.Turn(f.now)
		kept := f.watch.Drain(false).Streams
		if len(kept) == 0 {
			break
		}
		if len(kept) > 1000 {
			t.Fatalf("%d records at once", len(kept))
		}
		for i := range kept {
			told[kept[i].Key] = true
		}
		if soon := f.now.Add(250 * time.Millisecond); len(told) < n && f.watch.Next().After(soon) {
			t.Fatalf("the next turn is at %s, %d of %d records are to be given out at %s", f.watch.Next(), n-len(told), n, soon)
		}
		f.now = f.watch.Next()
	}
	if len(told) != n {
		t.Errorf("%d records of %d streams were given out", len(told), n)
	}
}

func TestLimitsThatCannotBeProvenAreSaidOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, many(10_000/shrunk, 10)...)
	w.opt.LooksPerSecond /= shrunk
	w.run(0, 30)
	findings := 0
	for _, c := range w.changes {
		if c.Incident.Rule == pipeline.RulePolicy && c.Kind == pipeline.Opened {
			findings++
		}
	}
	if findings != 1 {
		t.Errorf("%d policy findings, want one", findings)
	}
}

func TestFrozenThirdDelaysNobodyElse(t *testing.T) {
	mirrors := many(900, 30)
	for i, m := range mirrors {
		switch i % 3 {
		case 0:
			m.frozen = cut(60.5, 999)
		case 1:
			m.cut = cut(60.5, 999) // dead, but answering: these must open in time
		}
	}
	w := newWorld(t, mirrors...)
	w.run(0, 200)
	opened := map[pipeline.StreamKey]time.Time{}
	for _, c := range w.changes {
		if c.Kind == pipeline.Opened {
			opened[c.Incident.Subject.StreamKey] = c.At
		}
		if c.Incident.Rule != pipeline.RuleSeen {
			t.Errorf("%s of %s at %s", c.Kind, c.Incident.Rule, since(c.At))
		}
	}
	for i, m := range mirrors {
		when, open := opened[m.key]
		if open != (i%3 != 2) {
			t.Errorf("%s: opened %t", m.key.Stream, open)
		}
		if late := when.Sub(at(90)); i%3 == 1 && late > 600*time.Millisecond {
			t.Errorf("%s opened at %s, %s late", m.key.Stream, since(when), late)
		}
	}
}

func TestIncidentsOfManyStreamsResolveBeforeTheNextRound(t *testing.T) {
	t.Parallel()
	const dead = 100 / shrunk
	mirrors := many(6000/shrunk, 60)
	for _, m := range mirrors[:dead] {
		m.cut = cut(60.5, 151)
	}
	w := newWorld(t, mirrors...)
	w.opt.LooksPerSecond /= shrunk
	w.run(0, 200)
	resolved := 0
	for _, c := range w.changes {
		if c.Kind == pipeline.Resolved {
			resolved++
			if late := c.At.Sub(at(151)); late > secs(12) {
				t.Errorf("%s resolved %s after contact was back", c.Incident.Subject, late)
			}
		}
	}
	if resolved != dead {
		t.Errorf("%d resolved, want %d", resolved, dead)
	}
}

// What many streams wait for may be over at once: they are put back one by one, not held open together.
func TestManyStreamsThatNeedNoLookAnyMoreTakeNoMemory(t *testing.T) {
	const n = 5000
	f := newFleet(n, false)
	f.turn()
	f.begin()
	f.watch.Done(f.now, f.round, nil) // it told of none: each is to be asked about
	asked := 0
	for _, q := range f.watch.Turn(f.now) {
		asked += len(q.Scope)
	}
	f.watch.Signal(f.now, pipeline.Signal{Kind: pipeline.SignalDisconnected})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f.watch.Turn(f.now)
	runtime.ReadMemStats(&after)
	if took := (after.TotalAlloc - before.TotalAlloc) / n; asked == 0 || took > 100 {
		t.Errorf("%d bytes were allocated for each stream, after %d were asked about", took, asked)
	}
}
