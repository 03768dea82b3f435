package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// How everything is listed. A cluster waits up to 4 s for streams whose leader is silent, on each page.
const (
	pageSize  = 256         // of today's servers; the answers tell
	widePages = roundPlaces // fetched at once where one is slow: 10,000 streams
)

// lookAtAll looks at every stream, in the cheaper way.
func (s *Source) lookAtAll(ctx context.Context, yield func(*pipeline.Sample)) error {
	ctx, give := context.WithCancelCause(ctx)
	defer give(nil)
	defer context.AfterFunc(s.conn.life, func() { give(s.conn.down()) })()
	if _, err := s.conn.client(); err != nil {
		return err // says all that there is to say
	}
	domain, err := s.settleDomain(ctx)
	if err != nil {
		return fmt.Errorf("list streams: %w", err)
	}
	pace := newPacer(s.pace)
	known, learnt := s.choice.next()
	if known != nil {
		return s.walk(ctx, domain, pace, known, yield)
	}
	return s.list(ctx, domain, pace, learnt, yield)
}

// list asks for every stream, page after page. A page that is not answered takes none of the others along.
func (s *Source) list(ctx context.Context, domain string, pace *pacer, learnt *roster, yield func(*pipeline.Sample)) (err error) {
	r := s.newSampler()
	defer s.release(r)
	l := &listing{sampler: r, domain: domain, yield: yield, beside: s.roundTrip(ctx), roster: learnt}
	asked, failed := 0, 0
	s.pages(ctx, pace, func(p *page) {
		asked++
		if p.err == nil {
			p.err = l.take(p)
		}
		if p.err != nil {
			failed++
			// That somebody is silent says less than any other error.
			if err == nil || errors.Is(err, pipeline.ErrNoAnswer) {
				err = p.err
			}
		}
	})
	if err != nil {
		return fmt.Errorf("list streams: %d of %d pages failed: %w", failed, asked, err)
	}
	s.choice.listed(time.Now(), l, s.heeding())
	return nil
}

// pages fetches page after page, and gives each to take. Once one is slow, the others do not wait for it: as many as may be are fetched
// at once. It ends after an error that would be every page's, or with the last page.
func (s *Source) pages(ctx context.Context, pace *pacer, take func(*page)) {
	total, step, next, width, pending := int(s.listed.Load()), pageSize, 0, 1, 0
	fetched, slow := make(chan *page), make(chan struct{}, 1)
	start := func() {
		offset, size := next, min(step, total-next)
		next += step
		pending++
		go func() { fetched <- s.fetch(ctx, pace, offset, size, slow) }()
	}
	for start(); pending > 0; {
		var p *page
		select {
		case <-slow:
			width = widePages
		case p = <-fetched:
			pending--
			switch {
			case errors.Is(p.err, pipeline.ErrNoAnswer):
				width = widePages
			case p.err != nil, p.empty():
				total = 0
			default:
				total = p.total
				s.listed.Store(int64(total))
				if p.offset == 0 && p.limit > 0 && p.limit != step {
					step, next = p.limit, p.limit
				}
			}
			p.alone = width == 1
		}
		for pending < width && next < total {
			start()
		}
		if p != nil {
			take(p)
		}
	}
}

// fetch asks for one page once the pace allows it, and tells when it turns out to be slow. A size of 0 or less is not known beforehand.
func (s *Source) fetch(ctx context.Context, pace *pacer, offset, size int, slow chan<- struct{}) *page {
	p := &page{offset: offset}
	paid := max(size, 1)
	if err := pace.wait(ctx, paid); err != nil {
		p.err = fmt.Errorf("wait for the pace: %w", err)
		return p
	}
	late := time.AfterFunc(s.patience.slow, func() {
		select {
		case slow <- struct{}{}:
		default: // it was told before
		}
	})
	defer late.Stop()
	s.turn(ctx, p, ".STREAM.LIST")
	pace.owe(p.size() - paid)
	return p
}

// turn asks for one page of a listing.
func (s *Source) turn(ctx context.Context, p *page, what string) {
	var doc []byte
	p.asked, doc, p.err = s.ask(ctx, s.rounds, s.prefix+what, fmt.Appendf(nil, `{"offset":%d}`, p.offset), s.patience.list)
	p.at = time.Now()
	if p.err != nil {
		return
	}
	err := p.read(doc)
	switch {
	case p.refused != nil:
		p.err = p.refused
	case err != nil:
		p.err = fmt.Errorf("decode stream list: %w", err)
	}
}
