package diagnosis_test

import (
	"time"

	"mirrorwatch/pipeline"
)

// now is the time of all diagnoses here.
var now = time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)

func ago(seconds float64) time.Time {
	return now.Add(-time.Duration(seconds * float64(time.Second)))
}

const hub = "$JS.hub.API"

// world is a mirror, what is known of it, and an incident on it.
type world struct {
	stream   pipeline.StreamView
	link     pipeline.LinkView
	routes   []pipeline.Trunk
	rule     string
	whole    bool // the incident is on the whole stream
	incident pipeline.Incident
}

// healthy is a mirror of 480 messages, over a leafnode, as seen 2 s ago; its origin was seen 5 s ago and has the same.
func healthy() *world {
	key := pipeline.StreamKey{Connection: "dr", Domain: "leaf", Stream: "ORDERS_DR"}
	w := &world{rule: pipeline.RuleSeen}
	w.stream = pipeline.StreamView{
		Key: key, First: ago(86400),
		Whole: &pipeline.Sample{
			Key: key, Asked: ago(2), At: ago(2), ServerTime: ago(2), Created: ago(86400), Leader: "n1",
			Peers: []pipeline.Peer{{Name: "n2", Current: true}, {Name: "n3", Current: true}},
			State: pipeline.StreamState{Messages: 480, FirstSeq: 1, LastSeq: 480, LastTime: ago(60), Bytes: 48000},
		},
	}
	w.link = pipeline.LinkView{
		First: ago(86400), Proof: ago(2.5), Bound: ago(2.5),
		Sample: pipeline.LinkSample{Kind: pipeline.KindMirror, Origin: "ORDERS", Via: hub, Reported: true, Active: 500 * time.Millisecond},
	}
	w.link.Subject = w.link.Sample.Subject(key)
	w.link.Origin = w.origin(5, 480)
	return w
}

// origin is a view through the link's own path, asked some seconds ago.
func (w *world) origin(asked float64, last uint64) *pipeline.OriginView {
	return &pipeline.OriginView{
		Path: pipeline.PathOwn, Asked: ago(asked), At: ago(asked - 0.1), Created: ago(90000), Leader: "h1", Subjects: []string{"orders.>"},
		State: pipeline.StreamState{Messages: last, FirstSeq: 1, LastSeq: last, LastTime: ago(asked)},
	}
}

// silent has the link without contact for some seconds, and the server's stamp with it.
func (w *world) silent(seconds float64) *world {
	w.link.Proof, w.link.Bound = ago(seconds), ago(seconds)
	w.link.Sample.Active = time.Duration((seconds - 2) * float64(time.Second))
	return w
}

// unseen has questions about the origin fail for some seconds.
func (w *world) unseen(seconds float64, kind pipeline.FaultKind, text string) *world {
	w.link.Origin = w.origin(seconds+10, 480)
	w.link.Unseen, w.link.UnseenFor = pipeline.Fault{Kind: kind, Text: text}, ago(seconds)
	return w
}

// inside has the link within one domain, across a gateway.
func (w *world) inside() *world {
	w.link.Sample.Via = ""
	w.link.Subject.Via = ""
	return w
}

// stalled has the origin go on to 1684 since 40 s ago, with the link in contact.
func (w *world) stalled() *world {
	p := &w.link.Progress
	look := func(seconds float64) {
		s := *w.stream.Whole
		s.Asked, s.At = ago(seconds), ago(seconds)
		p.Observe(&s, &w.link.Sample, ago(seconds+0.5))
	}
	look(50)
	p.ObserveOrigin(w.origin(48, 480))
	look(45)
	w.link.Origin = w.origin(40, 1684)
	p.ObserveOrigin(w.link.Origin)
	for _, seconds := range []float64{38, 30, 20, 10, 2} {
		look(seconds)
	}
	w.rule = pipeline.RuleNotCopying
	return w
}

// replaced has another stream take the origin's name, and end at 12; restored has the same one end there.
func (w *world) replaced(created time.Time) *world {
	p := &w.link.Progress
	s := *w.stream.Whole
	s.Asked, s.At = ago(50), ago(50)
	p.Observe(&s, &w.link.Sample, ago(50))
	p.ObserveOrigin(w.origin(48, 480))
	for _, seconds := range []float64{42, 20} {
		v := w.origin(seconds, 12)
		v.Created = created
		p.ObserveOrigin(v)
		w.link.Origin = v
	}
	w.rule = pipeline.RuleDiverged
	return w
}

// strayed has the origin take in subjects that the link's filter does not let through, as it did before.
func (w *world) strayed() *world {
	w.link.Sample.Filter = "orders.eu.>"
	w.link.Subject.Filter = w.link.Sample.Filter
	p := &w.link.Progress
	s := *w.stream.Whole
	s.Asked, s.At = ago(50), ago(50)
	p.Observe(&s, &w.link.Sample, ago(50))
	p.ObserveOrigin(w.origin(48, 480))
	w.link.Origin = w.origin(20, 500)
	w.link.Origin.Subjects = []string{"orders.us.*"}
	p.ObserveOrigin(w.link.Origin)
	return w
}

// view returns what a Diagnoser is asked with.
func (w *world) view() (*pipeline.View, *pipeline.Incident) {
	s := w.stream
	s.Links = []pipeline.LinkView{w.link}
	i := w.incident
	i.Rule, i.Subject = w.rule, w.link.Subject
	if w.whole {
		i.Subject = pipeline.Subject{StreamKey: s.Key}
	}
	i.Opened, i.Since = ago(10), w.link.Since()
	if i.Changed.IsZero() {
		i.Changed = i.Opened
	}
	return &pipeline.View{Stream: &s}, &i
}
