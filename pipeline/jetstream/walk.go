package jetstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// namePay is for how many looks a page of 1024 names is taken, a fifth: a name costs its server 5 µs, a stream on a page of STREAM.LIST
// 15 µs and more.
const namePay = 205

// costs is what the questions of one look by names and info cost.
type costs struct {
	streams int           // that there are, as names tell; 0: not told
	info    time.Duration // server's time for single streams, as far as it can be seen from here
	asked   int
	pages   time.Duration // the same for pages of the sweep
	paged   int           // streams on them
}

// walk looks at everything by names and info: at the streams that hold links, then at those that are new or changed. Names tell of
// new ones: as many pages a look as the pace has room for, the others next time. A slow sweep by STREAM.LIST finds what neither
// names nor advisories told of.
func (s *Source) walk(ctx context.Context, domain string, pace *pacer, known *roster, yield func(*pipeline.Sample)) error {
	r := s.newSampler()
	defer s.release(r)
	w := &walking{source: s, domain: domain, pace: pace, roster: known, sampler: r, yield: yield, beside: s.roundTrip(ctx)}
	holders := known.holders()
	err := w.ask(ctx, holders)
	room := pace.burst()/2 - len(holders)
	if err == nil {
		err = w.names(ctx, room)
	}
	if err == nil {
		unknown := known.unknown()
		err = w.ask(ctx, unknown[:min(len(unknown), max(room, s.rounds.most()))])
	}
	switch {
	case errors.Is(err, pipeline.ErrDenied): // listing may be allowed all the same
		s.choice.refuse()
		return s.list(ctx, domain, pace, nil, yield)
	case errors.Is(err, errSilence):
		s.choice.leave(time.Now().Add(s.choice.sweep))
		return s.list(ctx, domain, pace, nil, yield)
	}
	if err == nil {
		err = w.sweep(ctx)
	}
	s.choice.walked(time.Now(), known, &w.costs, s.heeding())
	if err != nil {
		return fmt.Errorf("look at streams by name: %w", err)
	}
	return nil
}

// walking is one look by names and info.
type walking struct {
	costs
	source  *Source
	domain  string
	pace    *pacer
	roster  *roster
	sampler *sampler
	yield   func(*pipeline.Sample)
	beside  time.Duration // of an answer's time, what is the network's
	silent  int           // streams that did not answer
}

// mostSilent is how many streams may leave a look by names and info without an answer, 5 s each. A page of a listing waits 4 s for all
// of its streams at once.
const mostSilent = 8

// errSilence says that more streams are silent than that.
var errSilence = errors.New("too many streams are silent")

// ask looks at streams one by one. Its error is of the connection or the look as a whole. It stops at a missing permission, and where
// many streams are silent.
func (w *walking) ask(ctx context.Context, names []string) (failed error) {
	s := w.source
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	key := func(i int) pipeline.StreamKey {
		return pipeline.StreamKey{Connection: s.config.Name, Domain: w.domain, Stream: names[i]}
	}
	err := s.inquire(ctx, s.rounds, len(names), key, w.pace, func(a *reply) {
		switch {
		case errors.Is(a.err, pipeline.ErrDenied):
			stop(a.err)
			failed = a.err
			return
		case a.err != nil && (errors.Is(a.err, pipeline.ErrDisconnected) || ctx.Err() != nil):
			failed = cmp.Or(failed, a.err)
			return
		}
		if errors.Is(a.err, pipeline.ErrNoAnswer) {
			if w.silent++; w.silent > mostSilent {
				failed = errSilence
				stop(failed)
			}
		}
		w.sampler.info(a)
		x := &w.sampler.sample
		switch x.Fault.Kind {
		case pipeline.FaultNone:
			w.roster.learn(a.key.Stream, len(x.Links) > 0)
			w.asked++
			w.info += max(0, a.at.Sub(a.asked)-w.beside) / time.Duration(a.beside)
		case pipeline.FaultNotFound:
			w.roster.gone(a.key.Stream)
		}
		w.yield(x)
	})
	return cmp.Or(failed, err)
}

// names reads pages of names until the last, or as many as there is room for: one at least.
func (w *walking) names(ctx context.Context, room int) error {
	for {
		last, err := w.name(ctx)
		if room -= namePay; err != nil || last || room < namePay {
			return err
		}
	}
}

// name reads the next page of names, and tells whether it was the last.
func (w *walking) name(ctx context.Context) (last bool, err error) {
	if err := w.pace.wait(ctx, namePay); err != nil {
		return false, fmt.Errorf("wait for the pace: %w", err)
	}
	p := &page{offset: w.roster.at(&w.roster.named)}
	if w.source.turn(ctx, p, ".STREAM.NAMES"); p.err != nil {
		return false, p.err
	}
	if p.offset == 0 || !p.empty() {
		w.streams = p.total
	}
	err = p.names(func(name string) {
		if w.source.config.Streams.Watches(name) {
			w.roster.name(name)
		}
	})
	next := p.offset + max(p.limit, 1)
	if last = p.empty() || next >= p.total; last {
		next = 0
	}
	w.roster.move(&w.roster.named, next)
	return last, err
}

// sweep reads as many pages of the listing as are due.
func (w *walking) sweep(ctx context.Context) error {
	s := w.source
	l := &listing{sampler: w.sampler, domain: w.domain, yield: w.yield, roster: w.roster, beside: w.beside}
	defer func() { w.pages, w.paged = l.took, l.paged }()
	for n := w.roster.due(time.Now(), s.choice.sweep, int(s.listed.Load()), max(1, w.pace.burst()/4/pageSize)); n > 0; n-- {
		offset := w.roster.at(&w.roster.sweep)
		p := s.fetch(ctx, w.pace, offset, pageSize, nil)
		p.alone = true
		if p.err == nil {
			p.err = l.take(p)
		}
		if p.err != nil {
			return p.err
		}
		if next := offset + max(p.limit, 1); p.empty() || next >= p.total {
			w.roster.swung(time.Now())
		} else {
			s.listed.Store(int64(p.total))
			w.roster.move(&w.roster.sweep, next)
		}
	}
	return nil
}

// roundTrip is what the network takes of each answer's time; 0 where it does not matter.
func (s *Source) roundTrip(ctx context.Context) time.Duration {
	nc, err := s.conn.client()
	if err != nil || int(s.listed.Load()) < s.choice.many || !s.standalone.Load() {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	began := time.Now()
	if nc.FlushWithContext(ctx) != nil {
		return 0
	}
	return time.Since(began)
}
