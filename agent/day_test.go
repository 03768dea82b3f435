package agent

import (
	"context"
	"flag"
	"io/fs"
	"log/slog"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
	"mirrorwatch/pipeline/outbox"
)

// The whole of it: go test ./agent -run VirtualDay -v -timeout 2h -dayhours 24 -daylinks 10000. The figures are for -v.
var (
	dayHours = flag.Int("dayhours", 2, "hours of virtual time")
	dayLinks = flag.Int("daylinks", 100, "links in it")
)

// What a day holds its agent to.
const (
	dayLate       = 250 * time.Millisecond // from the last proof and the limit to the decision
	dayOlder      = 40 * time.Second       // by which a proof may be older than the contact: a pair of rounds at 500 looks a second
	daySettled    = 2                      // hours after which nothing may grow
	dayHeapGrowth = 1.1                    // times what lives on the heap then
	dayHeapMore   = 1 << 20                // and bytes: a map's next size
	dayGoroutines = 4                      // more than then: looks that are under way
	dayAudit      = 800                    // bytes of audit a link that retention leaves
	dayFiles      = 8                      // times as much on disk: beside it the index, what a storm has open and owes, streams and proofs
	dayFileStep   = 16 << 20               // bytes by which the file grows
)

// Over a day of virtual time every link that falls silent is told of at its limit, nothing else is, all ends well, and
// memory, goroutines and files do not grow. Ring, journal, committer and outbox are the agent's own, the journal on a real disk.
func TestVirtualDayLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDay(t, *dayLinks)
		t.Logf("%4s %14s %10s %11s %14s %18s", "hour", "heap bytes", "goroutines", "file bytes", "opened, ended", "latest decision")
		for hour := range *dayHours {
			d.hour(t, hour)
			d.measure(t)
		}
		d.end(t)
		d.judge(t)
	})
}

// virtualDay is an agent's parts around a scripted source.
type virtualDay struct {
	began     time.Time
	world     *dayWorld
	pages     *dayPages
	ops       *dayReceiver
	board     *pipeline.Board
	journal   *journal.Journal
	dir       string
	ring      *task
	committed chan error
	stop      context.CancelFunc // of the committer
	hours     []dayHour
}

// dayHour is what an agent holds at the end of an hour.
type dayHour struct {
	heap       uint64 // bytes that live after a collection
	goroutines int
	files      int64
}

func newDay(t *testing.T, links int) *virtualDay {
	t.Helper()
	now := time.Now()
	d := &virtualDay{
		began: now, world: newDayWorld(links), ops: &dayReceiver{}, board: pipeline.NewBoard(now), dir: t.TempDir(),
		committed: make(chan error, 1),
	}
	d.pages = newDayPages(d.world)
	var err error
	if d.journal, err = journal.Open(d.dir, now); err != nil {
		t.Fatal(err)
	}
	d.journal.SetRetention(journal.Options{Size: int64(links) * dayAudit})
	state, err := d.journal.Load()
	if err != nil {
		t.Fatal(err)
	}
	config, log := DefaultConfig(), slog.New(slog.DiscardHandler)
	dispatch := config.dispatch([]pipeline.Receiver{{Name: "ops", Notifier: d.ops}}, []pipeline.Receiver{{Name: "each", Notifier: d.pages}})
	committer := outbox.NewCommitter(outbox.CommitterOptions{
		Journal: d.journal, Outbox: outbox.New(dispatch, state, log), Board: d.board, Rules: config.agentRules(), State: state, Log: log,
	})
	var committing context.Context
	committing, d.stop = context.WithCancel(t.Context())
	go func() { d.committed <- committer.Run(committing) }()
	watch := config.newWatch(now, dayConnection, nil, d.board, state)
	d.ring = begin(t.Context(), pipeline.NewRing(dayConnection, watch, d.world, committer, nil, log).Run)
	return d
}

// hour lets an hour pass in which things go wrong, other streams in each.
func (d *virtualDay) hour(t *testing.T, hour int) {
	n := len(d.world.streams)
	many, few := n*3/100, n/100
	first := hour * 997 * many % n
	at := func(minute int) {
		time.Sleep(time.Until(d.began.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)))
		synctest.Wait()
	}
	at(5)
	d.world.cut(first, many)
	at(25) // the longest limit is long over
	d.pages.knowsCut(t)
	d.world.mend(first, many)
	at(30)
	switch hour % 4 {
	case 1:
		d.world.freeze(hour % dayServers)
	case 2:
		d.world.connect(false)
	case 3: // and there is something to be told
		d.ops.refuse(true)
		d.world.cut(first, many)
	}
	at(40)
	d.world.freeze(-1)
	if hour%4 == 2 {
		d.world.connect(true)
	}
	d.ops.refuse(false)
	d.world.mend(first, many)
	at(45)
	d.world.replace(first+many, few)
	at(50)
	d.world.limit(first+many+few, few)
	at(60)
	d.pages.fits(t)
	for _, i := range d.board.Incidents() {
		t.Errorf("hour %d: still open: %s of %s: %s, %s", hour+1, i.Rule, i.Subject.Stream, i.Reason, i.Detail)
	}
}

func (d *virtualDay) measure(t *testing.T) {
	t.Helper()
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	h := dayHour{heap: memory.HeapAlloc, goroutines: runtime.NumGoroutine()}
	err := filepath.WalkDir(d.dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			h.files += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	d.hours = append(d.hours, h)
	t.Logf("%4d %14d %10d %11d %14s %18s", len(d.hours), h.heap, h.goroutines, h.files, d.pages.counts(), d.pages.latest())
	if t.Failed() {
		t.FailNow()
	}
}

// end stops everything, as an agent does.
func (d *virtualDay) end(t *testing.T) {
	t.Helper()
	d.ring.end()
	d.stop()
	if err := <-d.committed; err != nil {
		t.Error(err)
	}
	if err := d.journal.Close(); err != nil {
		t.Error(err)
	}
	if verified, err := journal.Verify(d.dir); err != nil || verified.Status != journal.Good {
		t.Errorf("audit: %s %v", verified, err)
	}
}

// judge holds the last hour against the one after which nothing may grow.
func (d *virtualDay) judge(t *testing.T) {
	t.Helper()
	settled, last := d.hours[min(daySettled, len(d.hours)-1)-1], d.hours[len(d.hours)-1]
	if most := dayHeapGrowth*float64(settled.heap) + dayHeapMore; float64(last.heap) > most {
		t.Errorf("the heap grew from %d to %d bytes, want at most %.0f", settled.heap, last.heap, most)
	}
	if most := settled.goroutines + dayGoroutines; last.goroutines > most {
		t.Errorf("%d goroutines, want at most %d", last.goroutines, most)
	}
	if most := settled.files + dayFileStep; last.files > most {
		t.Errorf("the files grew from %d to %d bytes, want at most %d", settled.files, last.files, most)
	}
	if most := int64(len(d.world.streams))*dayAudit*dayFiles + dayFileStep; last.files > most {
		t.Errorf("files of %d bytes, want at most %d", last.files, most)
	}
	opened, ended := d.pages.total()
	if opened == 0 || opened != ended {
		t.Errorf("%d incidents opened and %d ended, want as many, and some", opened, ended)
	}
	t.Logf("%d incidents opened and %d ended, %d about silence; %d deleted streams were told of; ops got %s", opened, ended, d.pages.silent, d.pages.deleted, d.ops)
}
