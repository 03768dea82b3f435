package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// How everything is listed. A cluster waits up to 4 s for streams whose leader is silent, on each page.
const (
	pageSize  = 256 // of today's servers; the answers tell
	widePages = 8   // fetched at once after a slow one
)

// page is one answer of STREAM.LIST.
type page struct {
	Total   int               `json:"total"`
	Limit   int               `json:"limit"`
	Streams []json.RawMessage `json:"streams"`
	Missing []string          `json:"missing"`
	Offline map[string]string `json:"offline"` // name to reason
	Error   *apiError         `json:"error"`

	offset    int
	asked, at time.Time
	err       error
}

// empty tells whether the page names no stream: its offset is at the end or past it.
func (p *page) empty() bool { return len(p.Streams)+len(p.Missing)+len(p.Offline) == 0 }

// lookAtAll lists every stream. A page that is not answered takes none of the others along.
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
	r := &reading{source: s, domain: domain, yield: yield, seen: map[string]struct{}{}}
	asked, failed := 0, 0
	s.pages(ctx, newPacer(s.pace), func(p *page) {
		asked++
		if p.err == nil {
			p.err = r.take(p)
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
	return nil
}

// pages fetches page after page, several at once after a slow one, and gives each to take. It ends after an error that
// would be every page's, or with the last page.
func (s *Source) pages(ctx context.Context, pace *pacer, take func(*page)) {
	total, step, next, width, pending := int(s.listed.Load()), pageSize, 0, 1, 0
	fetched := make(chan *page)
	start := func() {
		offset, size := next, min(step, total-next)
		next += step
		pending++
		go func() { fetched <- s.fetch(ctx, pace, offset, size) }()
	}
	for start(); pending > 0; {
		p := <-fetched
		pending--
		switch {
		case errors.Is(p.err, pipeline.ErrNoAnswer):
			width = widePages
		case p.err != nil, p.empty():
			total = 0
		default:
			total = p.Total
			s.listed.Store(int64(total))
			if p.offset == 0 && p.Limit > 0 {
				step, next = p.Limit, p.Limit
			}
		}
		if p.at.Sub(p.asked) > s.patience.slow {
			width = widePages
		}
		for pending < width && next < total {
			start()
		}
		take(p)
	}
}

// fetch asks for one page once the pace allows it. A size of 0 or less is not known beforehand.
func (s *Source) fetch(ctx context.Context, pace *pacer, offset, size int) *page {
	p := &page{offset: offset}
	paid := max(size, 1)
	if err := pace.wait(ctx, paid); err != nil {
		p.err = fmt.Errorf("wait for the pace: %w", err)
		return p
	}
	p.asked = time.Now()
	doc, err := s.conn.ask(ctx, s.prefix+".STREAM.LIST", fmt.Appendf(nil, `{"offset":%d}`, offset), s.patience.list)
	p.at = time.Now()
	if err != nil {
		p.err = err
		return p
	}
	err = json.Unmarshal(doc, p)
	switch {
	case p.Error != nil:
		p.err = p.Error
	case err != nil:
		p.err = fmt.Errorf("decode stream list: %w", err)
	}
	pace.owe(len(p.Streams) - paid)
	return p
}
