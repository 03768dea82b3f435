package jetstream

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"mirrorwatch/pipeline"
)

// reading turns the pages of one listing into samples, one a stream.
type reading struct {
	source *Source
	domain string
	yield  func(*pipeline.Sample)
	seen   map[string]struct{}
	sample pipeline.Sample // used anew for each stream
}

// take yields the streams of one page. Its error tells of an element without a name.
func (r *reading) take(p *page) error {
	missing := make(map[string]struct{}, len(p.Missing))
	for _, name := range p.Missing {
		missing[name] = struct{}{}
	}
	var nameless error
	for i, raw := range p.Streams {
		d, err := parse(raw)
		name := d.Config.Name
		if name == "" {
			nameless = errors.Join(fmt.Errorf("element %d of the page from offset %d has no name", i, p.offset), err)
			continue
		}
		if _, ok := missing[name]; ok {
			// Listed and missing: the server wrote what it remembers of a stream whose servers are all down.
			r.fault(p, name, pipeline.FaultOffline, cmp.Or(p.Offline[name], "all of its servers are down"))
			continue
		}
		if !r.begin(p, name) {
			continue
		}
		r.sample.Raw = raw
		if err == nil {
			r.source.standalone.Store(d.Cluster == nil)
			err = d.fill(&r.sample)
		}
		if err != nil {
			r.sample.Fault = pipeline.Fault{Kind: pipeline.FaultNonsense, Text: err.Error()}
		}
		r.yield(&r.sample)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Offline)) {
		r.fault(p, name, pipeline.FaultOffline, p.Offline[name])
	}
	for _, name := range p.Missing {
		r.fault(p, name, pipeline.FaultMissing, "its leader did not answer the listing")
	}
	return nameless
}

func (r *reading) fault(p *page, name string, kind pipeline.FaultKind, text string) {
	if r.begin(p, name) {
		r.sample.Fault = pipeline.Fault{Kind: kind, Text: text}
		r.yield(&r.sample)
	}
}

// begin clears the sample for a stream. It is false for one that is not watched, or was yielded before.
func (r *reading) begin(p *page, name string) bool {
	if _, again := r.seen[name]; again || name == "" || !r.source.config.Streams.Watches(name) {
		return false
	}
	r.seen[name] = struct{}{}
	key := pipeline.StreamKey{Connection: r.source.config.Name, Domain: r.domain, Stream: name}
	r.sample = pipeline.Sample{Key: key, Asked: p.asked, At: p.at, Links: r.sample.Links[:0]}
	return true
}
