package pipeline_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/diagnosis"
)

// TestWhatLiesPackedIsDecidedOnAsIfItWereOpen walks random histories with two watches: one reads its streams and origins from where they
// lie packed, before each step, and takes in in passing what it may; the other reads none of them back, and judges each sample. Both ask the
// same, tell the same, know the same, show the same and keep the same.
func TestWhatLiesPackedIsDecidedOnAsIfItWereOpen(t *testing.T) {
	t.Parallel()
	calm, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		h := drawPastime(t)
		defer func() { calm, all = calm+h.calm, all+h.all }()
		packed, open := h.walk(t, false), h.walk(t, true)
		for n := range min(len(packed), len(open)) {
			if packed[n] != open[n] {
				p, o := apart(packed[n], open[n])
				t.Fatalf("step %d\npacked: %s\nopen:   %s", n, p, o)
			}
		}
		if len(packed) != len(open) {
			t.Fatalf("%d steps of one, %d of the other", len(packed), len(open))
		}
	})
	if 10*calm < all {
		t.Errorf("%d of %d streams were calm when they were counted, want a tenth: it is hardly tried what is taken in in passing", calm, all)
	}
}

// apart is where two texts differ, with what is around that.
func apart(a, b string) (aroundA, aroundB string) {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	around := func(text string) string { return text[max(0, n-600):min(len(text), n+200)] }
	return around(a), around(b)
}

// pastime is a history that answers the same whoever asks, and how it is watched.
type pastime struct {
	mirrors []*mirror
	origins []pastOrigin
	opt     pipeline.WatchOptions
	away    []span // the connection is down
	restart float64

	calm, all int // streams of the watch that packs, counted again and again
}

// pastOrigin is an origin in a history.
type pastOrigin struct {
	anew  time.Time // when it was created a second time
	fault []faulty
}

func drawPastime(t *rapid.T) *pastime {
	h := &pastime{away: drawSpans(t, "away", 20, 1), restart: rapid.Float64Range(20, 200).Draw(t, "restart")}
	well := rapid.IntRange(0, 2).Draw(t, "mostly well") > 0
	for range 3 {
		o := pastOrigin{anew: at(rapid.Float64Range(0, historyEnds).Draw(t, "created anew"))}
		if well {
			o.anew = at(historyEnds)
		}
		for _, s := range drawSpans(t, "origin's faults", 0, 1) {
			o.fault = append(o.fault, faulty{s, rapid.SampledFrom([]pipeline.FaultKind{
				pipeline.FaultNoAnswer, pipeline.FaultDenied, pipeline.FaultNoResponders, pipeline.FaultNotFound,
			}).Draw(t, "origin's fault")})
		}
		h.origins = append(h.origins, o)
	}
	for i := range rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "mirrors") {
		m := drawMirror(t, fmt.Sprintf("M%d", i))
		if well {
			m.limit, m.delay, m.early, m.frozen, m.fault = max(m.limit, 20*time.Second), min(m.delay, 100*time.Millisecond), 0, nil, m.fault[:min(1, len(m.fault))]
			m.cut, m.limits = m.cut[:min(1, len(m.cut))], m.limits[:0]
		}
		m.frozen = append(m.frozen, h.away...)
		m.edit = drawEdit(t, m.source, well)
		h.mirrors = append(h.mirrors, m)
	}
	h.opt = pipeline.WatchOptions{
		Connection: "dr", Rules: allRules(), Origins: true, Metadata: []string{"team"}, Diagnoser: diagnosis.Diagnoser{},
		Interval:       rapid.SampledFrom([]time.Duration{2 * time.Second, 5 * time.Second, 20 * time.Second}).Draw(t, "interval"),
		LooksPerSecond: rapid.SampledFrom([]float64{2, 50, 500}).Draw(t, "looks per second"),
	}
	if rapid.Bool().Draw(t, "held") {
		h.opt.Holds = drawHolds(t)
	}
	return h
}

// drawEdit draws what a stream has beside its first link, and when that changes.
func drawEdit(t *rapid.T, source, well bool) func(time.Time, *pipeline.Sample) {
	origin, startSeq := rapid.IntRange(0, 2).Draw(t, "origin"), rapid.Uint64Range(0, 5).Draw(t, "start sequence")
	via, filter := rapid.SampledFrom([]string{"", "$JS.hub.API"}).Draw(t, "via"), rapid.SampledFrom([]string{"", "orders.>"}).Draw(t, "filter")
	more := 0
	if source {
		more = rapid.SampledFrom([]int{0, 1, 3, 20}).Draw(t, "more sources")
	}
	peers, lag := rapid.IntRange(0, 2).Draw(t, "peers"), rapid.SampledFrom([]uint64{0, 100}).Draw(t, "lag")
	change := at(rapid.Float64Range(0, historyEnds).Draw(t, "when all that changes"))
	blur, full := rapid.SampledFrom([]int{0, 0, 1, 20}).Draw(t, "blur"), rapid.Bool().Draw(t, "full")
	if well {
		lag = 0
	}
	return func(now time.Time, s *pipeline.Sample) {
		changed, links, jitter := !now.Before(change), more, time.Duration(now.Nanosecond()%1000)
		s.Blur = time.Duration(blur) * (time.Millisecond + jitter)
		if full {
			s.State.FirstSeq, s.State.Messages, s.State.LastTime = 1, s.State.LastSeq, now.Truncate(time.Second)
		}
		first := &s.Links[0]
		first.Origin, first.Via, first.Filter, first.StartSeq = fmt.Sprintf("O%d", origin), via, filter, startSeq
		own := settings(s)
		own.Metadata = map[string]string{"team": fmt.Sprint(changed)}
		own.Policy.LagCritical = pipeline.Some(uint64(50))
		if changed {
			first.Lag = lag
			if lag > 0 {
				first.Error, first.ErrCode = "consumer not found", 10059
			}
			if links = more / 2; !well {
				own.Policy.Findings = []pipeline.Finding{{Key: "k", Value: "v", Problem: "unknown"}}
			}
		}
		for n := range links {
			link := *first
			link.Filter = fmt.Sprintf("more.%d", n)
			s.Links = append(s.Links, link)
		}
		for n := range peers {
			s.Peers = append(s.Peers, pipeline.Peer{Name: fmt.Sprintf("P%d", n), Current: !changed, Offline: changed, Active: time.Second + jitter, Lag: lag})
		}
	}
}

// look answers a question about an origin.
func (h *pastime) look(key pipeline.OriginKey, now time.Time) (pipeline.OriginView, time.Duration) {
	const delay = 30 * time.Millisecond
	v := pipeline.OriginView{Key: key, Path: pipeline.PathOwn, Asked: now, At: now.Add(delay)}
	o := &h.origins[int(key.Stream[1]-'0')]
	for _, f := range o.fault {
		if within([]span{f.span}, now) {
			v.Fault = pipeline.Fault{Kind: f.kind, Text: "in this history"}
			return v, delay
		}
	}
	v.ServerTime, v.Created, v.Leader = now, epoch.Add(-time.Hour), "o1"
	v.State = pipeline.StreamState{FirstSeq: 1, LastSeq: uint64(now.Unix()), LastTime: now.Truncate(time.Second)}
	if !now.Before(o.anew) {
		v.Created, v.State.LastSeq = o.anew, uint64(now.Sub(o.anew)/time.Second)
	}
	return v, delay
}

// walk watches the history, and tells of each step.
func (h *pastime) walk(t *rapid.T, open bool) (story []string) {
	w := newWorld(t, h.mirrors...)
	w.opt, w.opt.Board = h.opt, w.board
	w.origin = func(key pipeline.OriginKey, _ bool, now time.Time) (pipeline.OriginView, time.Duration) {
		w.asked = append(w.asked, asked{now, pipeline.StreamKey{Connection: key.Via, Stream: key.Stream}})
		return h.look(key, now)
	}
	begin := func(from float64) {
		w.goOn(from, w.disk.state())
		if open {
			pipeline.KeepOpen(w.watch)
		}
	}
	told, questions := 0, 0
	w.watching = func(now time.Time) {
		step := fmt.Sprintf("%s: next %s, asks %v", since(now), since(w.watch.Next()), w.asked[questions:])
		if told < len(w.changes) {
			step += ", tells " + document(w.changes[told:])
		}
		if told, questions = len(w.changes), len(w.asked); len(story)%20 == 0 {
			if !open {
				calm, all := pipeline.Calm(w.watch)
				h.calm, h.all = h.calm+calm, h.all+all
			}
			if pairs, streams := pipeline.Named(w.watch); pairs != streams {
				t.Fatalf("%s: %d pairs of names are held for %d streams", since(now), pairs, streams)
			}
			rows := linksOn(w.board)
			slices.SortFunc(rows, func(a, b pipeline.LinkStatus) int { return cmp.Compare(a.Subject.String(), b.Subject.String()) })
			step += fmt.Sprint(", knows ", pipeline.Known(w.watch), ", shows ") + document(rows) + document(w.board.Connections()) + document(w.board.Incidents())
		}
		story = append(story, step)
	}
	begin(0)
	from := 0.0
	until := func(to float64) {
		w.run(from, to)
		from = to
	}
	for _, s := range h.away {
		until(s.from.Sub(epoch).Seconds())
		w.watch.Signal(s.from, pipeline.Signal{Kind: pipeline.SignalDisconnected, Reason: "test"})
		until(s.to.Sub(epoch).Seconds())
		w.watch.Signal(s.to, pipeline.Signal{Kind: pipeline.SignalConnected})
	}
	until(max(from, h.restart))
	w.disk.keep(w.watch.Drain(true))
	from += 5
	begin(from)
	until(from + 60)
	w.disk.keep(w.watch.Drain(true))
	return append(story, document(w.disk.state()))
}

func document(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
