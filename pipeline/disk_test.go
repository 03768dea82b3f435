package pipeline_test

import (
	"cmp"
	"maps"
	"slices"

	"mirrorwatch/pipeline"
)

// disk is what a journal would hold of one connection.
type disk struct {
	streams map[pipeline.StreamKey]pipeline.StreamRecord
	pages   map[int]pipeline.ProofPage
	open    map[string]pipeline.Incident
	ended   []pipeline.Incident

	renewed int // stream records that were written
}

func newDisk() *disk {
	return &disk{
		streams: map[pipeline.StreamKey]pipeline.StreamRecord{}, pages: map[int]pipeline.ProofPage{}, open: map[string]pipeline.Incident{},
	}
}

// keep writes what a watch gave out.
func (d *disk) keep(k pipeline.Kept) {
	for _, r := range k.Streams {
		d.streams[r.Key] = r
		d.renewed++
	}
	for _, key := range k.Gone {
		delete(d.streams, key)
	}
	for _, p := range k.Proofs {
		if d.pages[p.Number] = p; p.Data == nil {
			delete(d.pages, p.Number)
		}
	}
	for _, c := range k.Changes {
		if d.open[c.Incident.ID] = c.Incident; c.Kind.Ends() {
			delete(d.open, c.Incident.ID)
			d.ended = append(d.ended, c.Incident)
		}
	}
}

// state is what a process that begins now finds.
func (d *disk) state() pipeline.State {
	var s pipeline.State
	for _, r := range d.streams {
		r.Links = slices.Clone(r.Links)
		s.Streams = append(s.Streams, r)
	}
	slices.SortFunc(s.Streams, func(a, b pipeline.StreamRecord) int { return cmp.Compare(a.Key.Stream, b.Key.Stream) })
	for _, number := range slices.Sorted(maps.Keys(d.pages)) {
		s.Proofs = append(s.Proofs, d.pages[number])
	}
	for _, id := range slices.Sorted(maps.Keys(d.open)) {
		s.Incidents = append(s.Incidents, d.open[id])
	}
	s.Ended = slices.Clone(d.ended)
	return s
}
