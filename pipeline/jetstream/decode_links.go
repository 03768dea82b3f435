package jetstream

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

const maxActive = 100 * 365 * 24 * time.Hour

// replica is a mirror or a source, as configured or with its state; both forms have the same identity.
type replica struct {
	Name     string `json:"name"`
	External struct {
		API string `json:"api"`
	} `json:"external"`
	StartSeq   uint64    `json:"opt_start_seq"`
	StartTime  time.Time `json:"opt_start_time"`
	Filter     string    `json:"filter_subject"`
	Transforms []struct {
		Source string `json:"src"`
	} `json:"subject_transforms"`

	Active int64     `json:"active"`
	Lag    uint64    `json:"lag"`
	Seq    uint64    `json:"seq"`
	Error  *apiError `json:"error"`

	filters string   // of Transforms, as a decoder reads them
	failure apiError // what Error points to, where a decoder read it
}

// links appends the configured links, each with its state where the document tells it. Of links with the same identity
// the first is kept.
func (d *document) links(links []pipeline.LinkSample) ([]pipeline.LinkSample, error) {
	add := func(kind pipeline.Kind, configured *replica, state *replica) error {
		if configured.Name == "" {
			return fmt.Errorf("a %s in the configuration has no name", kind)
		}
		link := pipeline.LinkSample{
			Kind: kind, Origin: configured.Name, Via: configured.via(), Filter: configured.filter(),
			StartSeq: configured.StartSeq, StartTime: configured.StartTime,
		}
		if slices.ContainsFunc(links, func(l pipeline.LinkSample) bool { return sameLink(&l, &link) }) {
			return nil
		}
		if err := state.report(&link); err != nil {
			return fmt.Errorf("%s %s: %w", kind, configured.Name, err)
		}
		links = append(links, link)
		return nil
	}
	if m := d.Config.Mirror; m != nil {
		// A mirror's state tells its filter only once its consumer was set up: name and path are its identity.
		state := d.Mirror
		if state != nil && !m.samePath(state) {
			state = nil
		}
		if err := add(pipeline.KindMirror, m, state); err != nil {
			return nil, err
		}
	}
	for _, source := range d.Config.Sources {
		if source == nil {
			return nil, errors.New("a source in the configuration is null")
		}
		if err := add(pipeline.KindSource, source, d.stateOf(source)); err != nil {
			return nil, err
		}
	}
	return links, nil
}

// stateOf finds a source's state: the one with its identity, or the only one with its name and path when no other
// source shares them (servers before 2.10 tell no filters).
func (d *document) stateOf(source *replica) *replica {
	var only *replica
	paths := 0
	for _, state := range d.Sources {
		if state == nil || !source.samePath(state) {
			continue
		}
		if source.filter() == state.filter() {
			return state
		}
		only = state
		paths++
	}
	for _, other := range d.Config.Sources {
		if other != nil && other != source && source.samePath(other) {
			return nil
		}
	}
	if paths == 1 {
		return only
	}
	return nil
}

// report takes a link's state, or nothing from a nil one.
func (r *replica) report(l *pipeline.LinkSample) error {
	if r == nil {
		return nil
	}
	if r.Active < -1 || time.Duration(r.Active) > maxActive {
		return fmt.Errorf("active %d is absurd", r.Active)
	}
	l.Reported, l.Active, l.Lag, l.Seq = true, time.Duration(r.Active), r.Lag, r.Seq
	if r.Error != nil {
		l.Error, l.ErrCode = r.Error.text(), r.Error.ErrCode
	}
	return nil
}

func (r *replica) via() string { return r.External.API }

func (r *replica) filter() string {
	switch {
	case r.Filter != "":
		return r.Filter
	case len(r.Transforms) == 0:
		return r.filters
	}
	sources := make([]string, len(r.Transforms))
	for i, t := range r.Transforms {
		sources[i] = t.Source
	}
	return strings.Join(sources, ",")
}

func (r *replica) samePath(other *replica) bool {
	return r.Name == other.Name && r.via() == other.via()
}

func sameLink(a, b *pipeline.LinkSample) bool {
	return a.Kind == b.Kind && a.Origin == b.Origin && a.Via == b.Via && a.Filter == b.Filter
}
