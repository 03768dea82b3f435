package pipeline

import (
	"slices"
	"time"
)

// WatchOptions says what a Watch watches and how.
type WatchOptions struct {
	Connection     string
	Rules          []Rule
	Defaults       Policy            // limits where the metadata says nothing
	Interval       time.Duration     // between rounds
	LooksPerSecond float64           // streams asked about in a second; deadline looks may use four times that
	Origins        bool              // ask about origins, where the source can
	Trunks         bool              // ask about the ways between servers, where the source can
	Diagnoser      Diagnoser         // nil: no causes are named
	Watched        func(string) bool // which streams, by name; nil: all. Only for records: a source leaves out by itself
	Board          *Board            // nil: none is kept

	// Holds says by rule for how long a verdict has to last until it is told. None: it is told at once.
	Holds map[string]time.Duration
	// Metadata is the keys of stream metadata that incidents carry.
	Metadata []string
}

// Watch is one connection's way from schedule to tracker, without its I/O and without a clock. Its owner calls Turn,
// asks what that returns, gives the answers to Observe and Done, and calls Turn again at Next, which each of these may bring forward.
// It is for one goroutine at a time.
type Watch struct {
	opt     WatchOptions
	started time.Time
	tracker *Tracker
	shelf   *shelf // streams, and origins
	kins    kins
	plain   map[uint64]uint32 // streams seen to hold no links, or taken out, by the hash of their key, with the newest round then
	listed  []uint32          // by the number of a stream: the newest round that told of it
	wakes   wakes
	waits   [queues][]*stream // for a look
	rounds  rounds
	budget  budget // of urgent looks
	sight   sight

	origins      origins
	askedOrigins map[uint64]*origin   // by question
	viewings     []*viewing           // by next
	waiting      map[*origin]*viewing // of whose streams takes in the view that waits
	told         []telling            // to be concluded
	routes       []Trunk              // as told newest; nil: nobody could tell
	routesDue    time.Time            // when they are to be asked for; zero: nobody can tell

	recovery budget                 // of the looks that are not urgent
	starved  time.Time              // when a budget that kept streams waiting has a look again; zero: none does
	lately   [mostWitnesses]*stream // answered lately, newest first
	took     time.Duration          // by looks at single streams that were answered, smoothed
	measured bool                   // took is of single looks; else of the newest answer in a round

	looks  map[uint64]*look
	lastID uint64
	round  uint32 // number of the newest whole round
	asking int    // looks at streams that answered last time
	silent int    // looks at streams that did not

	connectionDue time.Time
	uncovered     int
	covering      bool    // an incident of the connection covers its links
	held          bool    // uncovered links kept the connection's incident open when it was judged last
	unseen        int     // streams that were named but never seen, as of the newest round
	demand        float64 // looks a second that limits ask for beside the rounds, as of the newest one
	demanding     int     // streams whose limits do
	links         int
	roundAt       time.Time               // when the newest whole round ended
	roundError    string                  // why the newest round fell short; empty: it did not
	seeing        time.Time               // since when the connection is not blind
	skew          time.Duration           // the largest difference of clocks in the newest round
	skewing       time.Duration           // the same since that round ended
	clocked       bool                    // a server's clock was read since then
	ended         map[StreamKey]time.Time // streams forgotten lately: answers to older questions say nothing of them
	turned        time.Time               // when Turn was called last
	promised      time.Time               // what Next says; zero before the first Turn
	proven        int                     // links proven anew since proofs was called
	way           func() string           // of the source, as its Teller says

	judging judging
	emit    func(Verdict) // heed
	changes []Change
	dirty   []*stream // with records to give out
	room    int       // for records that may be given out until drained
	drained time.Time // when there is room again
	gone    []StreamKey
	pages   pages
}

// Question is a look to make. Scope is nil for everything. Where Origin is set, it is a look at that origin instead, and its
// view goes to ObserveOrigin; where Trunks is set, at the ways between servers, for ObserveTrunks.
type Question struct {
	ID     uint64
	Scope  []StreamKey
	Origin *OriginKey
	Exact  bool // of an origin: OriginView.Newest is wanted
	Trunks bool
}

type look struct {
	began  time.Time
	scope  map[StreamKey]bool // still unanswered; value: counted as silent. nil for everything
	round  uint32             // its number among the rounds; 0: it is none
	listed int                // samples so far
}

// NewWatch returns a watch that goes on from what was kept of its connection, or from the State of one before it: from its streams,
// incidents and proofs. The records in it get what the pages prove. Streams that Watched leaves out are closed.
func NewWatch(now time.Time, opt WatchOptions, from State) *Watch {
	open, ended := slices.Clone(from.Incidents), slices.Clone(from.Ended)
	for i := range ended {
		ended[i].Opened = notAfter(ended[i].Opened, now)
	}
	for i := range open { // what was read before this process began resolves nothing
		open[i].Evidence = now
		open[i].Told, open[i].Changed = notAfter(open[i].Told, now), notAfter(open[i].Changed, now)
		open[i].Since = notAfter(open[i].Since, now)
	}
	w := &Watch{
		opt: opt, started: now, tracker: NewTracker(open, ended),
		shelf: newShelf(now), kins: kins{defaults: opt.Defaults, byKey: map[kinKey]*kin{}},
		plain: map[uint64]uint32{}, ended: map[StreamKey]time.Time{}, looks: map[uint64]*look{}, seeing: now,
		rounds: rounds{interval: opt.Interval, perSec: opt.LooksPerSecond},
		origins: origins{
			on: opt.Origins, places: map[OriginKey]*originPlace{}, shared: map[*origin]map[*stream]bool{},
			budget: budget{perSec: max(1, opt.LooksPerSecond/originShare)},
		},
		askedOrigins: map[uint64]*origin{}, waiting: map[*origin]*viewing{},
		budget: budget{perSec: urgentTimes * opt.LooksPerSecond}, recovery: budget{perSec: opt.LooksPerSecond / 2},
	}
	w.kins.names = &w.shelf.names
	w.wakes, w.origins.queue = newWakes(now, &w.shelf.streams), newOriginQueues(now, &w.shelf.origins)
	w.emit, w.way = w.heed, func() string { return "" }
	w.tracker.Hold(opt.Holds)
	w.rounds.soon(now)
	w.connectionDue = now
	for _, i := range open {
		if opt.Board != nil {
			opt.Board.PutIncident(i)
		}
	}
	w.pages.unread = Renew(from.Streams, from.Proofs)
	for i := range from.Streams {
		w.restore(now, &from.Streams[i])
		w.settle()
	}
	w.beginPages(now, from.Proofs)
	if opt.Board != nil {
		opt.Board.put(opt.Connection, w.shelf)
	}
	return w
}

// able says what the source can tell of beside streams.
func (w *Watch) able(origins, routes bool) {
	w.origins.on = w.origins.on && origins
	w.opt.Trunks = w.opt.Trunks && routes
}

// Turn does what is due, and returns what is to be asked now.
func (w *Watch) Turn(now time.Time) []Question {
	defer w.settle()
	w.turned = now
	if w.shelf.tick(now) {
		w.renewRecords()
	}
	w.awake(now)
	if w.sight.lapse(now, blindAfter) {
		w.connectionDue = now
	}
	w.turnViews(now)
	var questions []Question
	if scope := w.turnStreams(now); len(scope) > 0 {
		questions = append(questions, w.ask(now, scope))
	}
	if w.sight.doubt(now) {
		if scope := w.witnesses(); len(scope) > 0 {
			questions = append(questions, w.ask(now, scope))
		}
	}
	if w.rounds.due(now) {
		questions = append(questions, w.ask(now, nil))
	}
	for _, o := range w.turnOrigins(now) {
		w.lastID++
		w.askedOrigins[w.lastID] = o
		key := o.key()
		questions = append(questions, Question{ID: w.lastID, Origin: &key, Exact: o.exact})
	}
	if w.opt.Trunks && !now.Before(w.routesDue) {
		w.lastID++
		w.routesDue = now.Add(routesEvery)
		questions = append(questions, Question{ID: w.lastID, Trunks: true})
	}
	w.judgeConnection(now)
	w.settle()
	w.turnPages(now)
	w.promised = w.next(now)
	return questions
}

// awake notices a pause of our own: what falls due in it, and shortly after, was not looked at in time.
func (w *Watch) awake(now time.Time) {
	if w.promised.IsZero() || now.Sub(w.promised) <= awayFor {
		return
	}
	w.tracker.skip(now.Sub(w.promised))
	w.resume(now, w.promised)
}

// Slept tells of a pause that the clock behind now did not count, as when a machine is suspended: everything proven is
// older by the gap than it seems. Gaps of up to 2 s are let pass.
func (w *Watch) Slept(now time.Time, gap time.Duration) {
	if gap <= awayFor {
		return
	}
	for s := range w.each() {
		s.first = s.first.Add(-gap)
		for _, l := range s.links {
			l.first = l.first.Add(-gap)
			if !l.graced.IsZero() {
				l.graced = l.graced.Add(-gap)
			}
			l.proof.age(gap)
			l.progress.age(gap)
		}
	}
	w.resume(now, now.Add(-gap))
	for s := range w.each() {
		w.judge(now, s)
	}
}

// resume goes on after a pause that began at some time.
func (w *Watch) resume(now, since time.Time) {
	w.promised = now
	w.sight.forget()
	w.rounds.soon(now)
	for s := range w.each() {
		s.spare(now, since)
	}
}

// Incidents returns the open incidents, oldest first.
func (w *Watch) Incidents() []Incident { return w.tracker.All() }

// tell gives changes out, with the metadata of their streams.
func (w *Watch) tell(changes ...Change) {
	for _, c := range changes {
		w.mark(w.stream(c.Incident.Subject.StreamKey), &c.Incident)
		w.changes = append(w.changes, c)
	}
}

// mark gives an incident the metadata of its stream; nil: it has none.
func (w *Watch) mark(s *stream, i *Incident) {
	if s != nil && len(w.opt.Metadata) > 0 {
		i.Metadata = s.metadata
	}
}
