package pipeline_test

import (
	"slices"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/rules"
)

// epoch is when every test's time begins.
var epoch = time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return epoch.Add(secs(seconds)) }

func secs(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// mirror is one mirror in a world, as its server keeps it. Healthy, it hears of its origin each second.
type mirror struct {
	key     pipeline.StreamKey
	limit   time.Duration // its seen-critical; 0: none is set
	cut     []span        // no contact
	reset   time.Duration // while cut, the stamp is set anew this often; 0: never
	frozen  []span        // no answer
	fault   []faulty      // answers that say nothing of the stream; each stretch of 404 ends in another creation
	absent  []span        // nobody leads: the link's state is not told
	source  bool          // it is a source, not a mirror
	limits  []limited     // changes of limit
	data    bool          // each contact brings a message
	leaders []time.Time   // when its leader changes; the stamp is lost
	edit    func(t time.Time, s *pipeline.Sample)
	delay   time.Duration // of each answer
	early   float64       // from 0 to 1: how early within that delay the server read its clock and its state
}

type span struct{ from, to time.Time }

type faulty struct {
	span
	kind pipeline.FaultKind
}

type limited struct {
	at    time.Time
	limit time.Duration
}

func cut(from, to float64) []span { return []span{{at(from), at(to)}} }

func within(spans []span, t time.Time) bool {
	return slices.ContainsFunc(spans, func(s span) bool { return !t.Before(s.from) && t.Before(s.to) })
}

const noAnswerAfter = 2 * time.Second

// look answers a question that goes out at t.
func (m *mirror) look(t time.Time) (pipeline.Sample, time.Duration) {
	s := pipeline.Sample{Key: m.key, Asked: t}
	if within(m.frozen, t) {
		s.At, s.Fault.Kind = t.Add(noAnswerAfter), pipeline.FaultNoAnswer
		return s, noAnswerAfter
	}
	s.At = t.Add(m.delay)
	for _, f := range m.fault {
		if within([]span{f.span}, t) {
			s.Fault.Kind = f.kind
			return s, m.delay
		}
	}
	s.ServerTime = s.At.Add(-time.Duration(m.early * float64(m.delay)))
	s.Created, s.Leader = m.created(s.ServerTime), m.leader(s.ServerTime)
	if limit := m.limitAt(s.ServerTime); limit > 0 {
		settings(&s).Policy.SeenCritical = pipeline.Some(limit)
	}
	link := pipeline.LinkSample{Kind: pipeline.KindMirror, Origin: "O", Reported: true, Active: m.active(s.ServerTime)}
	if m.data {
		s.State.LastSeq = uint64(m.contact(s.ServerTime).Unix())
	}
	if m.source {
		link.Kind, link.Seq = pipeline.KindSource, s.State.LastSeq
	}
	if within(m.absent, s.ServerTime) {
		s.Leader, link = "", pipeline.LinkSample{Kind: link.Kind, Origin: link.Origin}
	}
	s.Links = []pipeline.LinkSample{link}
	if m.edit != nil {
		m.edit(s.ServerTime, &s)
	}
	return s, m.delay
}

func (m *mirror) limitAt(t time.Time) time.Duration {
	limit := m.limit
	for _, l := range m.limits {
		if !t.Before(l.at) {
			limit = l.limit
		}
	}
	return limit
}

func (m *mirror) created(t time.Time) time.Time {
	created := epoch.Add(-time.Hour)
	for _, f := range m.fault {
		if f.kind == pipeline.FaultNotFound && !t.Before(f.to) {
			created = later(created, f.to)
		}
	}
	return created
}

func (m *mirror) leader(t time.Time) string {
	n := 0
	for _, change := range m.leaders {
		if !t.Before(change) {
			n++
		}
	}
	return string(rune('A' + n))
}

// active is how long ago the server's stamp was set.
func (m *mirror) active(t time.Time) time.Duration {
	wiped := epoch.Add(-time.Hour)
	for _, change := range m.leaders {
		if !t.Before(change) {
			wiped = later(wiped, change)
		}
	}
	stamp := m.contact(t)
	if m.reset > 0 {
		for _, c := range m.cut {
			if !t.Before(c.from) && t.Before(c.to) {
				if n := t.Sub(m.contact(t)) / m.reset; n > 0 {
					stamp = m.contact(t).Add(n * m.reset)
				}
			}
		}
	}
	if stamp.Before(wiped) {
		return -1
	}
	return t.Sub(stamp)
}

// contact is the true last contact by t: each whole second outside the cuts.
func (m *mirror) contact(t time.Time) time.Time {
	beat := t.Truncate(time.Second)
	for _, c := range slices.Backward(m.cut) {
		if !beat.Before(c.from) && beat.Before(c.to) {
			beat = c.from.Truncate(time.Second)
			if !beat.Before(c.from) {
				beat = beat.Add(-time.Second)
			}
		}
	}
	return beat
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// tester is what *testing.T and *rapid.T have in common.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// world is a connection with some mirrors, and what watching it led to.
type world struct {
	t        tester
	mirrors  map[pipeline.StreamKey]*mirror
	keys     []pipeline.StreamKey
	watch    *pipeline.Watch
	board    *pipeline.Board
	opt      pipeline.WatchOptions
	changes  []pipeline.Change
	ended    []pipeline.Incident // what start goes on from beside open incidents
	disk     *disk
	asked    []asked
	watching func(now time.Time) // after each step
	away     func(t time.Time) time.Duration
	short    func(t time.Time) error // how rounds fall short
	origin   func(key pipeline.OriginKey, exact bool, t time.Time) (pipeline.OriginView, time.Duration)
}

type asked struct {
	at  time.Time
	key pipeline.StreamKey
}

func key(name string) pipeline.StreamKey {
	return pipeline.StreamKey{Connection: "dr", Stream: name}
}

func allRules() []pipeline.Rule {
	return []pipeline.Rule{
		rules.Seen{},
		rules.SeenDefault{After: 5 * time.Minute},
		rules.Lag{},
		rules.NotCopying{},
		rules.Diverged{},
		rules.Leaderless{},
		rules.Sources{},
		rules.Peers{},
		rules.Messages{},
		rules.Subjects{},
		rules.Policy{},
		rules.Unobserved{Patience: rules.DefaultPatience},
	}
}

func newWorld(t tester, mirrors ...*mirror) *world {
	w := &world{t: t, mirrors: map[pipeline.StreamKey]*mirror{}, board: pipeline.NewBoard(epoch), disk: newDisk()}
	w.opt = pipeline.WatchOptions{
		Connection: "dr", Rules: allRules(), Interval: 5 * time.Second, LooksPerSecond: 500, Board: w.board,
	}
	for _, m := range mirrors {
		w.mirrors[m.key] = m
		w.keys = append(w.keys, m.key)
	}
	return w
}

// run watches from one time to another; it goes on where an earlier run ended.
func (w *world) run(from, to float64) {
	if w.watch == nil {
		w.start(from, nil, nil)
	}
	r := pipeline.Rehearsal{Streams: w.keys, Keep: w.disk.keep, Away: w.away, Short: w.short, Origin: w.origin, At: func(k pipeline.StreamKey, t time.Time) (pipeline.Sample, time.Duration) {
		w.asked = append(w.asked, asked{t, k})
		return w.mirrors[k].look(t)
	}}
	r.Run(w.watch, at(from), at(to), func(now time.Time, changes []pipeline.Change) {
		w.changes = append(w.changes, changes...)
		if w.watching != nil {
			w.watching(now)
		}
	})
}

func (w *world) start(from float64, records []pipeline.StreamRecord, open []pipeline.Incident) {
	w.goOn(from, pipeline.State{Streams: records, Incidents: open, Ended: w.ended})
}

func (w *world) goOn(from float64, state pipeline.State) {
	w.watch = pipeline.NewWatch(at(from), w.opt, state)
}

// link returns the board's row of a mirror.
func (w *world) link(k pipeline.StreamKey) pipeline.LinkStatus {
	w.t.Helper()
	for l := range w.board.Links() {
		if l.Subject.StreamKey == k {
			return *l
		}
	}
	w.t.Fatalf("%s is not on the board", k.Stream)
	return pipeline.LinkStatus{}
}

// wants holds the changes so far against "seconds kind rule stream: reason" in order; a kind of updated is left out.
func (w *world) wants(want ...change) {
	w.t.Helper()
	var got []change
	for _, c := range w.changes {
		if c.Kind != pipeline.Updated {
			got = append(got, change{c.At.Sub(epoch).Seconds(), c.Kind, c.Incident.Rule, c.Incident.Subject.Stream, c.Incident.Reason})
		}
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("changes:\n%v\nwant:\n%v", got, want)
	}
}

type change struct {
	at     float64
	kind   pipeline.ChangeKind
	rule   string
	stream string
	reason string
}

// settings gives the sample settings of its own, to be changed before it is told.
func settings(s *pipeline.Sample) *pipeline.Settings {
	own := pipeline.Settings{}
	if s.Settings != nil {
		own = *s.Settings
	}
	s.Settings = &own
	return s.Settings
}

// linksOn returns a copy of every link on the board.
func linksOn(b *pipeline.Board) (all []pipeline.LinkStatus) {
	for l := range b.Links() {
		all = append(all, *l)
	}
	return all
}
