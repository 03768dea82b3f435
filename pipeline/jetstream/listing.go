package jetstream

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// listing turns the pages of a look at everything into samples. Where names change between pages a stream may be told of twice.
type listing struct {
	sampler *sampler
	domain  string
	yield   func(*pipeline.Sample)

	clustered      bool
	streams, links int           // streams told of, and those among them that hold links
	total          int           // that there are, as the newest page tells
	took           time.Duration // by pages that were asked for alone, without what the network took
	paged          int           // streams on them
	beside         time.Duration // what the network takes
	roster         *roster       // what is learnt of the streams; nil: nothing is to be
}

// take yields the streams of one page. Its error tells of an element without a name, or that the page cannot be read further.
func (l *listing) take(p *page) error {
	missing := make(map[string]bool, len(p.missing)) // whether they are listed all the same
	for _, name := range p.missing {
		missing[name] = false
	}
	if !p.empty() {
		l.total = p.total
	}
	if p.alone {
		l.took += max(0, p.at.Sub(p.asked)-l.beside)
		l.paged += p.size()
	}
	x := &l.sampler.sample
	last := ""
	var nameless error
	broken := p.elements(l.sampler.decoder, func(i int, raw []byte, err error) {
		d := &l.sampler.decoder.doc
		name := d.Config.Name
		if name == "" {
			nameless = errors.Join(fmt.Errorf("element %d of the page from offset %d has no name", i, p.offset), err)
			return
		}
		if len(missing) > 0 {
			if _, ok := missing[name]; ok {
				missing[name] = true
				return
			}
		}
		if name == last || !l.begin(p, name) { // names are in order
			return
		}
		last = name
		x.Raw = raw
		if err == nil {
			l.seen(d)
			err = d.fill(x)
		}
		if err != nil {
			x.Fault = pipeline.Fault{Kind: pipeline.FaultNonsense, Text: err.Error()}
		}
		l.yield(x)
	})
	for _, name := range slices.Sorted(maps.Keys(p.offline)) {
		l.fault(p, name, pipeline.FaultOffline, p.offline[name])
	}
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		if _, told := p.offline[name]; told {
			continue
		}
		if missing[name] {
			// Listed and missing: the server wrote what it remembers of a stream whose servers are all down.
			l.fault(p, name, pipeline.FaultOffline, "all of its servers are down")
		} else {
			l.fault(p, name, pipeline.FaultMissing, "its leader did not answer the listing")
		}
	}
	if broken != nil {
		broken = fmt.Errorf("decode stream list: %w", broken)
	}
	return cmp.Or(broken, nameless)
}

// seen counts a stream that was told of, and learns whether it holds links.
func (l *listing) seen(d *document) {
	holds := d.Config.Mirror != nil || len(d.Config.Sources) > 0
	l.clustered = d.Cluster != nil
	if alone := !l.clustered; l.sampler.source.standalone.Load() != alone {
		l.sampler.source.standalone.Store(alone)
	}
	l.streams++
	if holds {
		l.links++
	}
	if l.roster != nil {
		l.roster.learn(d.Config.Name, holds)
	}
}

func (l *listing) fault(p *page, name string, kind pipeline.FaultKind, text string) {
	if l.begin(p, name) {
		l.sampler.sample.Fault = pipeline.Fault{Kind: kind, Text: text}
		l.yield(&l.sampler.sample)
	}
}

// begin clears the sample for a stream. It is false for one that is not watched.
func (l *listing) begin(p *page, name string) bool {
	s, x := l.sampler.source, &l.sampler.sample
	if name == "" || !s.config.Streams.Watches(name) {
		return false
	}
	x.Key = pipeline.StreamKey{Connection: s.config.Name, Domain: l.domain, Stream: name}
	x.Asked, x.At, x.Fault = p.asked, p.at, pipeline.Fault{}
	clearAnswer(x)
	return true
}
