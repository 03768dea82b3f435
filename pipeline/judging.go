package pipeline

import (
	"strings"
	"time"
)

// judging is the judgement of one stream, from its first verdict to its last. A Watch has one, and uses its memory again.
type judging struct {
	now    time.Time
	stream *stream
	docket *docket // what is open on the stream by now
	made   []Change
	opened bool
	awaits bool // a verdict changes without an answer, beside those on silence
	last   int  // the link that the newest verdict on one was about
	view   View
}

// begin opens the judgement of a stream.
func (j *judging) begin(now time.Time, s *stream, d *docket) {
	clear(j.made)
	*j = judging{now: now, stream: s, docket: d, made: j.made[:0], view: j.view}
	d.hush()
}

// see views the stream, in memory that is used again for the next one.
func (j *judging) see(s *stream, now time.Time, blind string, fresh time.Duration) *View {
	if j.view.Stream == nil || cap(j.view.Stream.Links) > mostMade {
		j.view.Stream = &StreamView{}
	}
	s.view(j.view.Stream, now, blind, fresh)
	return &j.view
}

// about is the stream's links that a subject stands for: one, or all of them where it is the stream itself.
func (j *judging) about(subject *Subject) []*link {
	links := j.stream.links
	if subject.IsStream() {
		return links
	}
	for range links { // rules speak of links in their order: it is the same again, or the next
		if links[j.last%len(links)].subject == *subject {
			j.last %= len(links)
			return links[j.last : j.last+1]
		}
		j.last++
	}
	return nil
}

// heed takes in a verdict on the stream that is being judged.
func (w *Watch) heed(v Verdict) {
	j := &w.judging
	if v.Due.After(j.now) {
		j.stream.due = earlier(j.stream.due, v.Due)
		j.awaits = j.awaits || !v.Silence
	}
	var m *matter
	opened := false
	if !j.docket.quiet(&v) {
		if change, changed := w.tracker.judge(j.now, j.docket, &v); changed {
			opened = change.Kind == Opened
			j.opened = j.opened || opened
			j.made = append(append(j.made, change), w.tracker.EndOthers(j.now, change)...)
		}
		j.docket = w.tracker.docket(j.stream.key)
		if m = j.docket.matter(v.Rule, &v.Subject); m != nil {
			m.spoken = true
		}
	}
	open := m != nil && m.incident != nil
	links := j.about(&v.Subject)
	for _, l := range links {
		l.note(&v, open, opened)
	}
	if v.Silence {
		w.await(j.now, links, &v, m.held(), open)
	}
}

// endJudging closes the judgement. Where the stream was seen whole, what no verdict came on is over. It returns all changes that were made.
func (w *Watch) endJudging() []Change {
	j := &w.judging
	if j.docket == nil {
		return j.made
	}
	if j.stream.whole != nil {
		j.made = append(j.made, w.tracker.CloseRest(j.now, j.stream.key, ReasonLimitRemoved, func(rule string, subject Subject) bool {
			return j.docket.matter(rule, &subject).spoken
		})...)
	}
	if due := w.tracker.Due(j.stream.key); due.After(j.now) {
		j.stream.due = earlier(j.stream.due, due)
	}
	return j.made
}

// note writes a verdict that is about the link into its status. Open tells whether the verdict's incident is, opened that it
// has just been.
func (l *link) note(v *Verdict, open, opened bool) {
	st := &l.status
	// What another rule cannot tell just now makes a link no less proven.
	if v.Level.Worse(st.Level) && (v.Level != Unknown || v.Silence) {
		st.Level, st.Reason = v.Level, v.Reason
	}
	if !v.Silence {
		return
	}
	l.rule = v.Rule
	st.Dark = open && v.Level != OK
	st.Starting = v.Level == Unknown && v.Reason != ReasonBlind
	if opened {
		st.Violations++
	}
}

// said is the fault in words after others; before, what was said last, where that is the same.
func (f Fault) said(words, before string) string {
	if rest, ok := strings.CutPrefix(before, words); ok {
		if rest, ok = strings.CutPrefix(rest, string(f.Kind)); ok && (rest == "" && f.Text == "" || rest == ": "+f.Text) {
			return before
		}
	}
	return words + f.String()
}
