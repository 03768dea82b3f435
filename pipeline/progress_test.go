package pipeline_test

import (
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// pair is a link whose progress is told step by step: a view of the origin and a sample of the mirror, each when it says.
type pair struct {
	p      pipeline.Progress
	link   pipeline.LinkSample
	mirror pipeline.Sample
	view   pipeline.OriginView
	quiet  float64 // since when there is no contact; 0: there is
}

func newPair(kind pipeline.Kind) *pair {
	return &pair{
		link:   pipeline.LinkSample{Kind: kind, Origin: "O", Reported: true},
		mirror: pipeline.Sample{Created: epoch, Leader: "B"},
		view:   pipeline.OriginView{Path: pipeline.PathOwn, Created: epoch, Leader: "A"},
	}
}

// look shows the link at a position.
func (f *pair) look(second float64, pos uint64) *pair {
	s, l, contact := f.mirror, f.link, at(second)
	if f.quiet > 0 {
		contact = at(f.quiet)
		l.Active = at(second).Sub(contact)
	}
	s.Asked, s.At, s.ServerTime = at(second), at(second), at(second)
	if l.Kind == pipeline.KindSource {
		l.Seq = pos
	} else if pos > 0 {
		s.State = pipeline.StreamState{FirstSeq: 1, LastSeq: pos, Messages: pos, LastTime: epoch.Add(time.Duration(pos) * time.Second)}
	}
	f.p.Observe(&s, &l, contact)
	return f
}

// see shows the origin from one sequence to another.
func (f *pair) see(second float64, first, last uint64) *pair {
	f.view.State = pipeline.StreamState{
		FirstSeq: first, LastSeq: last, Messages: last + 1 - first, LastTime: epoch.Add(time.Duration(last) * time.Second),
	}
	return f.ask(second)
}

// seeWith is see, with so many messages deleted in between.
func (f *pair) seeWith(second float64, last, deleted uint64) *pair {
	f.view.State = pipeline.StreamState{FirstSeq: 1, LastSeq: last, Messages: last - deleted, Deleted: deleted}
	return f.ask(second)
}

// seeExactly is seeWith, told which message is the newest.
func (f *pair) seeExactly(second float64, last, deleted, newest uint64) *pair {
	f.view.Newest = newest
	f.seeWith(second, last, deleted)
	f.view.Newest = 0
	return f
}

func (f *pair) ask(second float64) *pair {
	v := f.view
	v.Asked, v.At, v.ServerTime = at(second), at(second), at(second)
	f.p.ObserveOrigin(&v)
	return f
}

// looks shows the link at a position each second.
func (f *pair) looks(from, to float64, pos uint64) *pair {
	for s := from; s <= to; s++ {
		f.look(s, pos)
	}
	return f
}

func (f *pair) silent(since float64) *pair { f.quiet = since; return f }

func (f *pair) restart() *pair { f.p = pipeline.NewProgress(f.p.Record()); return f }

func (f *pair) recreate(second float64) *pair { f.view.Created = at(second); return f }

func (f *pair) lead(leader string) *pair { f.view.Leader = leader; return f }

func (f *pair) askedBy(path string) *pair { f.view.Path = path; return f }

func TestStallsAreTold(t *testing.T) {
	flow := func(f *pair, code int) *pair { f.link.ErrCode = code; return f }
	lag := func(f *pair, lag uint64) *pair { f.link.Lag = lag; return f }
	filtered := func(f *pair) *pair { f.link.Filter = "orders.eu"; return f }
	for name, c := range map[string]struct {
		pair *pair
		kind pipeline.StallKind
		most time.Duration // of its For
	}{
		"it copies":                              {newPair(pipeline.KindMirror).look(0, 10).see(1, 1, 12).looks(2, 9, 12).see(10, 1, 20).looks(11, 30, 20), pipeline.StallNone, 0},
		"the origin has more":                    {newPair(pipeline.KindMirror).look(0, 10).see(1, 1, 12).looks(2, 20, 10), pipeline.StallOrigin, 18 * time.Second},
		"a source's origin has more":             {newPair(pipeline.KindSource).look(0, 10).see(1, 1, 12).looks(2, 20, 10), pipeline.StallOrigin, 18 * time.Second},
		"only some subjects are copied":          {filtered(newPair(pipeline.KindMirror)).look(0, 10).see(1, 1, 12).looks(2, 20, 10), pipeline.StallNone, 0},
		"what it lacks is purged":                {newPair(pipeline.KindMirror).look(0, 10).see(1, 101, 100).looks(2, 20, 10), pipeline.StallNone, 0},
		"what it lacks may be deleted":           {newPair(pipeline.KindMirror).look(0, 10).seeWith(1, 12, 2).looks(2, 20, 10), pipeline.StallNone, 0},
		"the origin took in more since":          {newPair(pipeline.KindMirror).look(0, 10).seeWith(1, 12, 5).look(2, 10).seeWith(10, 14, 7).looks(11, 20, 10), pipeline.StallOrigin, 9 * time.Second},
		"it took in more, all deleted":           {newPair(pipeline.KindMirror).look(0, 10).see(1, 1, 10).look(2, 10).seeWith(10, 15, 5).looks(11, 13, 10).seeExactly(14, 15, 5, 10).looks(15, 30, 10), pipeline.StallNone, 0},
		"the same, seen again":                   {newPair(pipeline.KindMirror).look(0, 10).see(1, 1, 10).look(2, 10).seeExactly(10, 15, 5, 10).look(11, 10).seeWith(20, 15, 5).looks(21, 40, 10), pipeline.StallNone, 0},
		"it took in more, not all deleted":       {newPair(pipeline.KindMirror).look(0, 10).see(1, 1, 10).look(2, 10).seeWith(10, 15, 5).looks(11, 13, 10).seeExactly(14, 15, 5, 12).looks(15, 30, 10), pipeline.StallOrigin, 19 * time.Second},
		"deleted, and then more":                 {newPair(pipeline.KindMirror).look(0, 10).see(1, 1, 10).look(2, 10).seeExactly(10, 15, 5, 10).look(11, 10).seeExactly(20, 17, 6, 17).looks(21, 40, 10), pipeline.StallOrigin, 19 * time.Second},
		"restored from before they were deleted": {newPair(pipeline.KindMirror).look(0, 10).seeExactly(1, 15, 5, 10).look(2, 10).seeWith(10, 15, 0).looks(11, 40, 10), pipeline.StallOrigin, 29 * time.Second},
		"seen first, and not all deleted":        {newPair(pipeline.KindMirror).look(0, 10).seeExactly(1, 15, 5, 15).looks(2, 20, 10), pipeline.StallOrigin, 18 * time.Second},
		"more was taken in without contact":      {newPair(pipeline.KindMirror).look(0, 10).seeWith(1, 12, 5).silent(2).look(9, 10).seeWith(10, 14, 7).silent(0).looks(11, 20, 10), pipeline.StallNone, 0},
		"no contact":                             {newPair(pipeline.KindMirror).look(0, 10).see(1, 1, 12).silent(0.5).looks(2, 20, 10), pipeline.StallNone, 0},
		"contact is back, and a view":            {newPair(pipeline.KindMirror).silent(0.5).looks(1, 30, 10).silent(0).look(31, 10).see(32, 1, 50).looks(33, 40, 10), pipeline.StallOrigin, 7 * time.Second},
		"flow control, told once":                {flow(flow(newPair(pipeline.KindMirror).look(0, 10), 10228).look(1, 10), 0).looks(2, 6, 10), pipeline.StallFlow, 4 * time.Second},
		"flow control, and it moves":             {flow(flow(newPair(pipeline.KindMirror).look(0, 10), 10228).look(1, 10), 0).looks(2, 6, 11), pipeline.StallNone, 0},
		"the lag rises":                          {lag(newPair(pipeline.KindMirror).look(0, 10), 7).looks(1, 6, 10), pipeline.StallLag, 4 * time.Second},
		"a lag that stands":                      {lag(newPair(pipeline.KindMirror), 7).looks(1, 6, 10), pipeline.StallNone, 0},
		"a leaderless origin may not know":       {newPair(pipeline.KindMirror).look(0, 10).lead("").see(1, 1, 12).looks(2, 20, 10), pipeline.StallNone, 0},
		"it starts later than the origin is":     {func() *pair { f := newPair(pipeline.KindMirror); f.link.StartSeq = 100; return f }().look(0, 0).see(1, 1, 50).looks(2, 20, 0), pipeline.StallNone, 0},
		"it starts at once, and copies nothing":  {newPair(pipeline.KindMirror).look(0, 0).see(1, 1, 50).looks(2, 20, 0), pipeline.StallOrigin, 18 * time.Second},
	} {
		if got := c.pair.p.Stall(); got.Kind != c.kind || got.For > c.most || got.For < c.most-2*time.Second {
			t.Errorf("%s: %+v, want kind %d for %s at most", name, got, c.kind, c.most)
		}
	}
}

func TestDivergencesAreTold(t *testing.T) {
	copied := func() *pair { return newPair(pipeline.KindMirror).look(0, 10).see(1, 1, 10).look(2, 10) }
	for name, c := range map[string]struct {
		pair *pair
		want pipeline.DivergenceKind
	}{
		"the same origin":                        {copied().see(10, 1, 20).see(20, 1, 20), ""},
		"recreated, and shorter":                 {copied().recreate(5).see(10, 1, 3).see(12, 1, 4), pipeline.Recreated},
		"recreated, and longer":                  {copied().recreate(5).see(10, 1, 30).see(12, 1, 40), pipeline.Recreated},
		"said once":                              {copied().recreate(5).see(10, 1, 3).see(11, 1, 4), ""},
		"restored":                               {copied().see(10, 1, 3).see(32, 1, 4), pipeline.Restored},
		"recreated before anything was copied":   {newPair(pipeline.KindMirror).look(0, 0).see(1, 1, 10).recreate(5).see(10, 1, 3).see(12, 1, 4), ""},
		"recreated while nobody watched":         {copied().restart().recreate(5).see(10, 1, 30).look(11, 10).see(20, 1, 30).see(22, 1, 30), pipeline.Recreated},
		"recreated, and first seen leaderless":   {copied().recreate(5).lead("").see(10, 0, 0).lead("A").see(12, 1, 30).see(14, 1, 30), pipeline.Recreated},
		"two ways lead to two streams":           {copied().askedBy("primary").recreate(5).see(10, 1, 30).see(12, 1, 30), ""},
		"it is behind for a moment only":         {copied().see(10, 1, 3).see(12, 1, 3).see(29, 1, 11), ""},
		"a source begins anew":                   {newPair(pipeline.KindSource).look(0, 10).see(1, 1, 10).recreate(5).see(10, 1, 3).see(12, 1, 3).look(14, 3).see(50, 1, 4), ""},
		"a source stays ahead":                   {newPair(pipeline.KindSource).look(0, 10).see(1, 1, 10).see(10, 1, 3).look(11, 10).see(20, 1, 3).see(41, 1, 3), pipeline.Restored},
		"the mirror was ahead of an older view":  {copied().look(9, 20).see(8, 1, 10).see(8.5, 1, 10).look(9.5, 20).see(11, 1, 20), ""},
		"the origin is what it was":              {copied().see(10, 1, 3).see(32, 1, 4).see(42, 1, 10), ""},
		"it went past the mirror, and stays so":  {copied().see(10, 1, 3).see(32, 1, 4).see(42, 1, 30), pipeline.Restored},
		"an earlier process found it":            {copied().see(10, 1, 3).see(32, 1, 4).restart().look(42, 10).see(43, 1, 4), pipeline.Restored},
		"the mirror was created anew after that": {func() *pair { f := copied().see(10, 1, 3).see(32, 1, 4); f.mirror.Created = at(35); return f }().look(36, 3).see(37, 1, 4), ""},
	} {
		if got := c.pair.p.Divergence(); got.Kind != c.want {
			t.Errorf("%s: %+v, want %q", name, got, c.want)
		}
	}
}

func TestAFailoverIsReadyOnlyWhereNothingIsMissing(t *testing.T) {
	copied := func() *pair { return newPair(pipeline.KindMirror).look(0, 10).see(1, 1, 10).look(2, 10) }
	for name, c := range map[string]struct {
		pair *pair
		want pipeline.Failover
	}{
		"everything is copied":          {copied(), pipeline.FailoverReady},
		"not seen yet":                  {newPair(pipeline.KindMirror).look(0, 10), pipeline.FailoverUnknown},
		"some is missing":               {copied().see(3, 1, 12).look(4, 10), pipeline.FailoverBehind},
		"missing while there is no way": {copied().silent(2).look(10, 10).see(11, 1, 12).look(12, 10), pipeline.FailoverBehind},
		"what is missing may be gone":   {newPair(pipeline.KindMirror).look(0, 10).seeWith(1, 12, 5).look(2, 10), pipeline.FailoverUnknown},
		"the origin is another one":     {copied().recreate(3).see(4, 1, 3).see(6, 1, 3).look(7, 10), pipeline.FailoverDiverged},
	} {
		if got := c.pair.p.Risk(at(15), &c.pair.link, 20*time.Second); got.Failover != c.want {
			t.Errorf("%s: %+v, want %q", name, got, c.want)
		}
	}
}
