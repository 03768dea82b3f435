package otlplog

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
)

const (
	enoughRefused = 10 // records refused in a row that cast doubt on the server
	enoughNear    = 2  // others refused after them, one on each side of a good stretch,
	enoughSpread  = 10 // and others from all over after those, that settle it
	shifts        = 4  // attempts that ask in places of their own: as many as an outbox makes
	mostNamed     = 5  // refused records that an error names
)

// progress is what became of a batch's records.
//
// A record that is refused by itself is set aside until another one is taken: that tells the records which a server cannot take from a
// server that takes none. After enoughRefused in a row others are asked about one by one: some next to where the last good one was
// found, as they are rarely alone, and then some from all over what is left. Where all are refused, it is the server, and nothing
// more is lost yet.
type progress struct {
	begun    bool       // the server took or refused some of it
	attempt  int        // how many failed
	left     []span     // what is not settled, by place
	later    []span     // what earlier attempts had refused by itself: sent when nothing else is left
	near     int        // the place of the last one that was taken of those from all over
	taken    int        // records in requests that the server took in this attempt
	aside    []*refusal // records refused by themselves since it took any
	large    []*refusal // records that are too large for it by themselves, or so it says: they are sent again in another attempt
	refused  []*refusal // records that it cannot take
	rejected []error    // what requests were taken without
}

// refusal is of one record.
type refusal struct {
	place  span
	key    string // of the change that it tells of
	err    error
	record bool // it is invalid, and not too large
}

// next takes out what is to be sent next.
func (p *progress) next() span {
	if len(p.left) == 0 {
		p.left, p.later = p.later, nil
	}
	switch asked := len(p.aside) - enoughRefused; {
	case asked < 0:
		return p.cut(0, p.left[0])
	case asked < enoughNear:
		return p.nearest()
	default:
		return p.spread(asked - enoughNear)
	}
}

// nearest takes out the record next to near: a stretch of good ones is followed to both its ends.
func (p *progress) nearest() span {
	k := 0
	for other, s := range p.left {
		if s.distance(p.near) < p.left[k].distance(p.near) {
			k = other
		}
	}
	at := min(max(p.near, p.left[k].from), p.left[k].to-1)
	return p.cut(k, span{at, at + 1})
}

// spread takes out one record after so many others: they are spread evenly over all that were left, and each attempt has its own.
func (p *progress) spread(asked int) span {
	all := asked
	for _, s := range p.left {
		all += s.count()
	}
	at, k := max(0, all*(shifts*asked+(p.attempt+1)%shifts)/(shifts*enoughSpread)-asked), 0
	for ; at >= p.left[k].count(); k++ {
		at -= p.left[k].count()
	}
	at += p.left[k].from
	return p.cut(k, span{at, at + 1})
}

// cut takes some out of a span that is left.
func (p *progress) cut(k int, some span) span {
	s := p.left[k]
	p.left = slices.Replace(p.left, k, k+1, withoutEmpty(span{s.from, some.from}, span{some.to, s.to})...)
	return some
}

// more tells whether there is anything to be sent.
func (p *progress) more() bool { return len(p.left)+len(p.later) > 0 }

// back puts back what was taken out.
func (p *progress) back(spans ...span) {
	p.left = append(p.left, spans...)
	slices.SortFunc(p.left, func(a, b span) int { return a.from - b.from })
}

// halve puts a span back in halves.
func (p *progress) halve(s span) {
	p.begun = true
	middle := s.from + s.count()/2
	p.back(span{s.from, middle}, span{middle, s.to})
}

// take counts a request in that the server took: what was set aside was refused for what it is.
func (p *progress) take(s span, answer *collogspb.ExportLogsServiceResponse) {
	p.begun, p.taken = true, p.taken+s.count()
	if len(p.aside) >= enoughRefused+enoughNear {
		p.near = s.from
	}
	p.settle()
	if partial := answer.GetPartialSuccess(); partial.GetRejectedLogRecords() > 0 {
		p.rejected = append(p.rejected, fmt.Errorf("rejected %d of %d records: %s",
			partial.GetRejectedLogRecords(), s.count(), plain(partial.GetErrorMessage())))
	}
}

// settle takes what was set aside as refused.
func (p *progress) settle() {
	for _, r := range p.aside {
		if r.record {
			p.refused = append(p.refused, r)
		} else {
			p.large = append(p.large, r)
		}
	}
	p.aside = nil
}

// doubtful tells whether the server may take nothing.
func (p *progress) doubtful() bool { return len(p.aside) >= enoughRefused }

// end is the error of an attempt in which nothing more is to be sent; nil: all is settled, or there is more to send. An error ends the
// attempt, and leaves what was set aside to the next.
func (p *progress) end() (err error) {
	more := p.more()
	switch {
	case len(p.aside) >= enoughRefused+enoughNear+enoughSpread, !more && len(p.aside) > 0 && (p.taken == 0 || p.doubtful()):
		err = p.aside[len(p.aside)-1].err
	case more:
		return nil
	default:
		if p.settle(); len(p.large) > 0 {
			err = p.large[0].err
		}
	}
	return err
}

// resume makes ready for another attempt: what was set aside is asked about again after all others, and is judged anew.
func (p *progress) resume() {
	for _, r := range append(p.aside, p.large...) {
		p.later = append(p.later, r.place)
	}
	p.aside, p.large, p.taken = nil, nil, 0
	p.attempt++
}

// lost is an error of what the server will not have; nil: there is nothing.
func (p *progress) lost() error {
	var all []error
	if n := len(p.refused); n > 0 {
		names := make([]string, 0, mostNamed)
		for _, r := range p.refused[:min(n, mostNamed)] {
			names = append(names, r.key)
		}
		if n > mostNamed {
			names = append(names, "...")
		}
		all = append(all, fmt.Errorf("%d records refused (%s): %v", n, strings.Join(names, ", "), p.refused[0].err)) // without its kind
	}
	return errors.Join(append(all, p.rejected...)...)
}
