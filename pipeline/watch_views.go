package pipeline

import (
	"slices"
	"time"
)

// This file holds how streams take in views of their origins. To take down, judge and put back a stream of many links costs some
// microseconds a link, and a thousand origins are seen a hundred times a second: such a stream takes them in together, once in viewsApart,
// and whoever shares an origin with it waits as long. Nothing is lost by that: before a stream is judged, takes in a sample, or is looked at
// because its deadline nears, it takes in what waits for it, so that neither a sample nor a page overtakes a view.

const (
	manyLinks  = 16
	viewsApart = time.Second
)

// viewing is a stream of many links that took in views lately.
type viewing struct {
	stream *stream
	next   time.Time // when it takes in those that came since
	views  []waitingView
}

type waitingView struct {
	origin *origin // counts as being asked about
	view   *OriginView
}

// postpone tells whether a view is to wait, and then keeps it.
func (w *Watch) postpone(now time.Time, o *origin, v *OriginView) bool {
	for _, g := range w.viewings {
		if now.Before(g.next) && w.origins.feeds(o, g.stream) {
			g.views = append(g.views, waitingView{o, v})
			w.waiting[o] = g
			return true
		}
	}
	return false
}

// viewed notes that a stream took in a view.
func (w *Watch) viewed(now time.Time, s *stream) {
	for _, g := range w.viewings {
		if g.stream == s && now.Before(g.next) {
			return
		}
	}
	w.viewings = append(w.viewings, &viewing{stream: s, next: now.Add(viewsApart)})
}

// turnViews takes in what waited for long enough.
func (w *Watch) turnViews(now time.Time) {
	for len(w.viewings) > 0 && !now.Before(w.viewings[0].next) {
		g := w.viewings[0]
		w.viewings = w.viewings[1:]
		w.catchUp(now, g)
	}
}

// catchUpOn takes in what waits for a stream, which is open.
func (w *Watch) catchUpOn(now time.Time, s *stream) {
	if len(w.waiting) == 0 {
		return
	}
	for _, l := range s.links {
		if g := w.waiting[l.origin]; g != nil {
			w.catchUp(now, g)
		}
	}
}

// catchUp takes in the views that wait for a stream, all of them before any stream that they are about is judged.
func (w *Watch) catchUp(now time.Time, g *viewing) {
	views := g.views
	g.views = nil
	for _, it := range views {
		delete(w.waiting, it.origin)
	}
	m := w.shelf.mark()
	base := len(w.told)
	for _, it := range views {
		w.takeView(now, it.origin, it.view)
	}
	w.concludeAll(now, base)
	w.shelf.settle(m)
}

// viewsDue is when views are to be taken in; zero: none waits.
func (w *Watch) viewsDue() time.Time {
	for _, g := range w.viewings {
		if len(g.views) > 0 {
			return g.next
		}
	}
	return time.Time{}
}

// telling is a stream that a view was told to, and whether that is urgent.
type telling struct {
	stream *stream
	urgent bool
}

// takeView takes in a view of an origin. Its streams are added to those told, which are to be concluded.
func (w *Watch) takeView(now time.Time, o *origin, v *OriginView) {
	w.shelf.openOrigin(o)
	q := &w.origins
	o.asking, o.mute, o.changed = false, !v.Fault.Answered(), true
	wanted := o.exact
	if v.Fault.Kind == FaultNone {
		o.told, o.unseen, o.unseenFor = v, Fault{}, time.Time{}
	} else {
		if o.unseen.Kind == FaultNone {
			o.unseenFor = v.At
		}
		o.unseen = v.Fault
	}
	if o.over { // forgotten meanwhile
		return
	}
	q.queueOf(o).set(o.number, o.asked.Add(w.originPause(o)))
	o.exact = false
	for _, s := range q.streamsOf(o) {
		m := w.shelf.mark()
		w.told = append(w.told, telling{s, w.observeOrigin(now, w.shelf.open(s), o, v)})
		if !s.many {
			w.shelf.settle(m)
		}
	}
	if o.exact && !wanted {
		w.hurry(now, o)
	}
	o.known = o.told
}

// observeOrigin tells the stream's links of a view of their origin, and whether the stream is to be judged for that.
func (w *Watch) observeOrigin(now time.Time, s *stream, o *origin, v *OriginView) (urgent bool) {
	urgent = w.tracker.Has(s.key)
	for _, l := range s.links {
		if l.origin != o {
			continue
		}
		before, strayed := l.progress.Record(), l.progress.Strayed()
		l.progress.ObserveOrigin(v)
		if after := l.progress.Record(); !after.equal(&before) {
			s.dirty, urgent = true, true
		}
		urgent = urgent || l.progress.Strayed() != strayed
		if l.progress.doubt != "" {
			w.hurry(now, o)
		}
		o.exact = o.exact || v.Fault.Kind == FaultNone && l.progress.inexact() // a plain question may be answered where this was not
	}
	return urgent
}

// conclude judges a stream that views were told to. Where nothing in them is urgent, it is judged with its next sample.
func (w *Watch) conclude(now time.Time, s *stream, urgent bool) {
	if urgent {
		w.judge(now, s)
	} else {
		w.plan(now, s)
	}
}

// concludeAll concludes the streams told since there were so many, in the order of their keys, each once. That may take in other views,
// whose streams come behind these and are concluded first.
func (w *Watch) concludeAll(now time.Time, base int) {
	slices.SortFunc(w.told[base:], func(a, b telling) int { return compareStreams(a.stream, b.stream) })
	end := len(w.told)
	for i, urgent := base, false; i < end; i++ {
		t := w.told[i]
		urgent = urgent || t.urgent
		if i+1 < end && w.told[i+1].stream == t.stream {
			continue
		}
		if !t.stream.over {
			m := w.shelf.mark()
			w.conclude(now, w.shelf.open(t.stream), urgent)
			if t.stream.many {
				w.viewed(now, t.stream)
			}
			w.shelf.settle(m)
		}
		urgent = false
	}
	clear(w.told[base:])
	w.told = w.told[:base]
}
