package otlplog

import (
	"errors"
	"fmt"
	"strings"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
)

const (
	enoughRefused = 10 // records refused in a row that cast doubt on the server
	enoughAsked   = 10 // others refused after them that settle it
	mostNamed     = 5  // refused records that an error names
)

// progress is what became of a batch's records.
//
// A record that is refused by itself is set aside until another one is taken: that tells the records which a server cannot take from a
// server that takes none. After enoughRefused in a row others are asked about one by one, from all over what is left; where
// enoughAsked of them are refused too, it is the server, and nothing is lost yet.
type progress struct {
	begun    bool       // the server took or refused some of it
	left     []span     // what is not settled, in the order in which it is sent
	taken    int        // records in requests that the server took
	aside    []*refusal // records refused by themselves since it took any
	large    []*refusal // records that are too large for it by themselves, or so it says: they are sent again when all others are settled
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
	s := p.left[0]
	p.left = p.left[1:]
	if p.doubtful() && s.count() > 1 {
		middle := span{s.from + s.count()/2, s.from + s.count()/2 + 1}
		p.left = append(p.left, withoutEmpty(span{s.from, middle.from}, span{middle.to, s.to})...)
		return middle
	}
	return s
}

// halve puts a span back in halves, to be sent at once.
func (p *progress) halve(s span) {
	p.begun = true
	middle := s.from + s.count()/2
	p.left = append([]span{{s.from, middle}, {middle, s.to}}, p.left...)
}

// take counts a request in that the server took: what was set aside was refused for what it is.
func (p *progress) take(s span, answer *collogspb.ExportLogsServiceResponse) {
	p.begun, p.taken = true, p.taken+s.count()
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
	more := len(p.left) > 0
	switch {
	case len(p.aside) >= enoughRefused+enoughAsked, !more && len(p.aside) > 0 && (p.taken == 0 || p.doubtful()):
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

// resume puts back what was set aside.
func (p *progress) resume() {
	for _, r := range append(p.aside, p.large...) {
		p.left = append(p.left, r.place)
	}
	p.aside, p.large = nil, nil
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
