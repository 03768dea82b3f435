package jetstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// Standalone is the leader of every stream on a server without a JetStream cluster: such a server names no leader in
// STREAM.LIST.
const Standalone = "standalone"

const maxActive = 100 * 365 * 24 * time.Hour

// document is what is read of a STREAM.INFO answer, or of one element of a STREAM.LIST answer.
type document struct {
	Error  *apiError `json:"error"`
	Config struct {
		Name     string            `json:"name"`
		Metadata map[string]string `json:"metadata"`
		Mirror   *replica          `json:"mirror"`
		Sources  []*replica        `json:"sources"`
	} `json:"config"`
	Created time.Time `json:"created"`
	State   struct {
		Messages uint64 `json:"messages"`
		Bytes    uint64 `json:"bytes"`
		FirstSeq uint64 `json:"first_seq"`
		LastSeq  uint64 `json:"last_seq"`
		Subjects uint64 `json:"num_subjects"`
	} `json:"state"`
	Domain  string `json:"domain"`
	Cluster *struct {
		Leader string `json:"leader"`
	} `json:"cluster"`
	Mirror  *replica   `json:"mirror"`
	Sources []*replica `json:"sources"`
	TS      time.Time  `json:"ts"`
}

// replica is a mirror or a source, as configured or with its state; both forms have the same identity.
type replica struct {
	Name     string `json:"name"`
	External *struct {
		API string `json:"api"`
	} `json:"external"`
	Filter     string `json:"filter_subject"`
	Transforms []struct {
		Source string `json:"src"`
	} `json:"subject_transforms"`

	Active int64     `json:"active"`
	Lag    uint64    `json:"lag"`
	Seq    uint64    `json:"seq"`
	Error  *apiError `json:"error"`
}

// Decode fills s from one STREAM.INFO document, or one element of a STREAM.LIST answer. Of s.Key only Stream is set;
// Asked, At and Fault are left alone. It refuses what does not hold together; s then holds nothing but the stream's name,
// where there was one. s.Raw is doc itself.
func Decode(doc []byte, s *pipeline.Sample) error {
	d, err := parse(doc)
	if err == nil {
		err = d.err()
	}
	clearAnswer(s)
	s.Key.Stream, s.Raw = d.Config.Name, doc
	if err != nil {
		return err
	}
	return d.fill(s)
}

// parse reads a document. It is never nil: on an error it holds what could be read, which may be the name.
func parse(doc []byte) (*document, error) {
	d := &document{}
	if err := json.Unmarshal(doc, d); err != nil {
		return d, fmt.Errorf("decode stream info: %w", err)
	}
	return d, nil
}

func (d *document) err() error {
	if d.Error != nil {
		return d.Error
	}
	return nil
}

// fill takes the document into a cleared sample, or leaves it cleared.
func (d *document) fill(s *pipeline.Sample) error {
	switch year := d.TS.Year(); {
	case d.Config.Name == "":
		return errors.New("decode stream info: config.name is missing")
	case d.TS.IsZero():
		return errors.New("decode stream info: ts is missing")
	case year < 1990 || year > 2200:
		return fmt.Errorf("decode stream info: ts %s is absurd", d.TS.Format(time.RFC3339))
	}
	links, err := d.links(s.Links[:0])
	if err != nil {
		return fmt.Errorf("decode stream info: %w", err)
	}
	s.Links = links
	s.ServerTime, s.Created, s.Leader = d.TS, d.Created, d.leader()
	s.State = pipeline.StreamState{
		Messages: d.State.Messages, Bytes: d.State.Bytes, Subjects: d.State.Subjects,
		FirstSeq: d.State.FirstSeq, LastSeq: d.State.LastSeq,
	}
	s.Policy = ParsePolicy(d.Config.Metadata)
	return nil
}

func (d *document) leader() string {
	if d.Cluster == nil {
		return Standalone
	}
	return d.Cluster.Leader
}

// links appends the configured links, each with its state where the document tells it. Of links with the same identity
// the first is kept.
func (d *document) links(links []pipeline.LinkSample) ([]pipeline.LinkSample, error) {
	add := func(kind pipeline.Kind, configured *replica, state *replica) error {
		if configured.Name == "" {
			return fmt.Errorf("a %s in the configuration has no name", kind)
		}
		link := pipeline.LinkSample{Kind: kind, Origin: configured.Name, Via: configured.via(), Filter: configured.filter()}
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

func (r *replica) via() string {
	if r.External == nil {
		return ""
	}
	return r.External.API
}

func (r *replica) filter() string {
	if r.Filter != "" || len(r.Transforms) == 0 {
		return r.Filter
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

// clearAnswer empties what an answer fills, and keeps the memory of the links.
func clearAnswer(s *pipeline.Sample) {
	*s = pipeline.Sample{Key: s.Key, Asked: s.Asked, At: s.At, Fault: s.Fault, Links: s.Links[:0]}
}
