package pipeline

import (
	"cmp"
	"container/heap"
	"time"
)

// How origins are asked about: more gently than streams, and once each for all the links that share one.
const (
	originEvery  = 10 * time.Second // or longer, where there are many
	originAgain  = 2 * time.Second  // at the soonest, whatever happens
	originShare  = 5                // one part in this many of the looks that may be made in a second
	originsAsked = 16               // at one time, and as many again that did not answer last time
	freshFor     = 20 * time.Second // what is known of an origin counts as fresh
)

// origin is what a Watch knows of one origin.
type origin struct {
	key       OriginKey
	told      *OriginView     // newest that told of it; nil: none did
	unseen    Fault           // why the newest told nothing; zero: it did
	unseenFor time.Time       // since when they tell nothing
	streams   map[*stream]int // how many of each one's links come from it

	asked  time.Time // newest question
	asking bool
	due    time.Time // next question
	index  int       // in the queue; -1: not in it
}

// silent tells whether nobody answered about it last time: 0 or 1, as places are counted.
func (o *origin) silent() int {
	if o.unseen.Kind == FaultNone || o.unseen.Answered() {
		return 0
	}
	return 1
}

// origins are the origins of a connection's links.
type origins struct {
	on     bool // there is somebody to ask
	byKey  map[OriginKey]*origin
	queue  [2]originQueue // those to ask about, by silent
	asking [2]int         // questions under way, about origins that answered last time and about others
	budget budget
	ready  time.Time // when one that is due may be asked about; zero: when another is answered, or falls due
}

// join counts a stream's link among those of its origin.
func (w *Watch) join(now time.Time, s *stream, l *link) {
	if !w.origins.on || l.origin != nil {
		return
	}
	key := l.subject.OriginKey()
	o := w.origins.byKey[key]
	if o == nil {
		o = &origin{key: key, streams: map[*stream]int{}, due: now, index: -1}
		w.origins.byKey[key] = o
		heap.Push(w.origins.queueOf(o), o)
	}
	o.streams[s]++
	l.origin = o
	if o.told != nil {
		l.progress.ObserveOrigin(o.told)
	}
}

// leave takes a link out; an origin without links is forgotten.
func (w *Watch) leave(s *stream, l *link) {
	o := l.origin
	if o == nil {
		return
	}
	l.origin = nil
	if o.streams[s]--; o.streams[s] <= 0 {
		delete(o.streams, s)
	}
	if len(o.streams) > 0 {
		return
	}
	delete(w.origins.byKey, o.key)
	if o.index >= 0 {
		heap.Remove(w.origins.queueOf(o), o.index)
	}
}

// hurry wants an origin to be asked about at once.
func (w *Watch) hurry(now time.Time, o *origin) {
	if o == nil || o.asking {
		return
	}
	if due := later(now, o.asked.Add(originAgain)); due.Before(o.due) {
		o.due = due
		heap.Fix(w.origins.queueOf(o), o.index)
	}
}

// turnOrigins returns the origins to ask about now.
func (w *Watch) turnOrigins(now time.Time) (scope []*origin) {
	q := &w.origins
	q.ready = time.Time{}
	if w.sight.blind || !q.on {
		return nil
	}
	for {
		queue := q.next(now)
		if queue == nil {
			return scope
		}
		ready, ok := q.budget.take(now)
		if !ok {
			q.ready = ready
			return scope
		}
		o := heap.Pop(queue).(*origin)
		o.asking, o.asked = true, now
		q.asking[o.silent()]++
		scope = append(scope, o)
	}
}

// next is the queue whose first origin is due, for the longest time, and has a place; nil: there is none.
func (q *origins) next(now time.Time) (next *originQueue) {
	for silent := range q.queue {
		queue := &q.queue[silent]
		if len(*queue) == 0 || (*queue)[0].due.After(now) || q.asking[silent] >= originsAsked {
			continue
		}
		if next == nil || (*queue)[0].due.Before((*next)[0].due) {
			next = queue
		}
	}
	return next
}

// wake is when an origin is next to be asked about; zero: only after an answer.
func (q *origins) wake(now time.Time) time.Time {
	wake := q.ready
	for silent, queue := range q.queue {
		if len(queue) > 0 && queue[0].due.After(now) && q.asking[silent] < originsAsked {
			wake = earlier(wake, queue[0].due)
		}
	}
	return wake
}

// queueOf is where an origin waits for its next question.
func (q *origins) queueOf(o *origin) *originQueue { return &q.queue[o.silent()] }

// ObserveOrigin takes in the view that question id brought.
func (w *Watch) ObserveOrigin(now time.Time, id uint64, v *OriginView) {
	w.awake(now)
	o := w.askedOrigins[id]
	if o == nil {
		return
	}
	delete(w.askedOrigins, id)
	q := &w.origins
	q.asking[o.silent()]--
	o.asking = false
	if v.Fault.Kind == FaultNone {
		o.told, o.unseen, o.unseenFor = v, Fault{}, time.Time{}
	} else {
		if o.unseen.Kind == FaultNone {
			o.unseenFor = v.At
		}
		o.unseen = v.Fault
	}
	if q.byKey[o.key] != o { // forgotten meanwhile
		return
	}
	o.due = o.asked.Add(w.originPeriod())
	heap.Push(q.queueOf(o), o)
	for _, s := range sortedStreams(o.streams) {
		w.observeOrigin(now, s, o, v)
	}
}

// observeOrigin tells the stream's links of a view of their origin. Where that changes nothing that is urgent, the stream is judged
// with its next sample: an aggregate of many sources would else be judged whole for each.
func (w *Watch) observeOrigin(now time.Time, s *stream, o *origin, v *OriginView) {
	urgent := w.tracker.Has(s.key)
	for _, l := range s.links {
		if l.origin != o {
			continue
		}
		before, strayed := l.progress.Record(), l.progress.Strayed()
		l.progress.ObserveOrigin(v)
		if l.progress.Record() != before {
			s.dirty, urgent = true, true
		}
		urgent = urgent || l.progress.Strayed() != strayed
		if l.progress.doubt != "" {
			w.hurry(now, o)
		}
	}
	if urgent {
		w.judge(now, s)
	} else {
		w.plan(now, s)
	}
}

// originPeriod is how far apart questions about one origin are.
func (w *Watch) originPeriod() time.Duration {
	return max(originEvery, time.Duration(float64(len(w.origins.byKey))/w.origins.budget.perSec*float64(time.Second)))
}

// fresh is how old what is known of a link's two ends may be for a verdict on a failover: older than it is while all is well.
func (w *Watch) fresh() time.Duration {
	period, _ := w.rounds.period()
	return max(freshFor, w.originPeriod()+period+pairApart)
}

// originQueue is a heap of origins by the time of their next question.
type originQueue []*origin

// Len, Less, Swap, Push and Pop are heap.Interface.
func (q *originQueue) Len() int { return len(*q) }

func (q *originQueue) Less(i, j int) bool {
	a, b := (*q)[i], (*q)[j]
	if !a.due.Equal(b.due) {
		return a.due.Before(b.due)
	}
	return compareOrigins(a.key, b.key) < 0 // those due together are asked in one order
}

func (q *originQueue) Swap(i, j int) {
	h := *q
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (q *originQueue) Push(x any) {
	o := x.(*origin)
	o.index = len(*q)
	*q = append(*q, o)
}

func (q *originQueue) Pop() any {
	h := *q
	o := h[len(h)-1]
	h[len(h)-1] = nil
	o.index = -1
	*q = h[:len(h)-1]
	return o
}

func compareOrigins(a, b OriginKey) int {
	return cmp.Or(
		cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Domain, b.Domain),
		cmp.Compare(a.Via, b.Via), cmp.Compare(a.Stream, b.Stream),
	)
}
