package jetstream

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// Standalone is the leader of every stream on a server without a JetStream cluster: such a server names no leader in
// STREAM.LIST.
const Standalone = "standalone"

// document is what is read of a STREAM.INFO answer, or of one element of a STREAM.LIST answer. Decoder.document reads it; the tags
// are for encoding/json as its judge in tests.
type document struct {
	Name    string    `json:"name"` // in JSZ answers
	Error   *apiError `json:"error"`
	Config  config    `json:"config"`
	Created time.Time `json:"created"`
	State   struct {
		Messages uint64    `json:"messages"`
		Bytes    uint64    `json:"bytes"`
		FirstSeq uint64    `json:"first_seq"`
		LastSeq  uint64    `json:"last_seq"`
		LastTime time.Time `json:"last_ts"`
		Deleted  int64     `json:"num_deleted"`
		Gone     []uint64  `json:"deleted"` // which messages are deleted, where that was asked for
		Subjects uint64    `json:"num_subjects"`
	} `json:"state"`
	Cluster *group     `json:"cluster"`
	Mirror  *replica   `json:"mirror"`
	Sources []*replica `json:"sources"`
	TS      time.Time  `json:"ts"`
}

// config is a stream's configuration.
type config struct {
	Name     string            `json:"name"`
	Subjects []string          `json:"subjects"`
	Metadata map[string]string `json:"metadata"`
	Mirror   *replica          `json:"mirror"`
	Sources  []*replica        `json:"sources"`
	MaxMsgs  int64             `json:"max_msgs"`
	MaxBytes int64             `json:"max_bytes"`
	Discard  string            `json:"discard"`
	Sealed   bool              `json:"sealed"`

	settings *pipeline.Settings // what Metadata says; nil: nothing, or it was not made yet
}

// group is the servers that hold a stream.
type group struct {
	Leader   string `json:"leader"`
	Replicas []peer `json:"replicas"`
}

// peer is another member of the stream's group.
type peer struct {
	Name    string `json:"name"`
	Current bool   `json:"current"`
	Offline bool   `json:"offline"`
	Pending bool   `json:"pending"`
	Active  int64  `json:"active"`
	Lag     uint64 `json:"lag"`
}

// Decode fills s from one STREAM.INFO document, or one element of a STREAM.LIST answer. Of s.Key only Stream is set;
// Asked, At and Fault are left alone. It refuses what does not hold together; s then holds nothing but the stream's name,
// where there was one. s.Raw is doc itself.
func Decode(doc []byte, s *pipeline.Sample) error {
	d, err := parse(doc)
	return d.into(s, doc, err)
}

// parse reads a document into memory of its own. It is never nil: on an error it holds what could be read, which may be the name.
func parse(doc []byte) (*document, error) {
	d := &decoder{}
	return d.document(doc)
}

// into is the rest of Decode, once doc was read.
func (d *document) into(s *pipeline.Sample, doc []byte, err error) error {
	if err == nil && d.Error != nil {
		err = d.Error
	}
	clearAnswer(s)
	s.Key.Stream, s.Raw = d.Config.Name, doc
	if err != nil {
		return err
	}
	return d.fill(s)
}

// A server's clock before 1990, or after 2200, says nothing.
const firstTime, lastTime = 631_152_000, 7_289_654_399

// check tells what the document lacks of a stream's information.
func (d *document) check() error {
	switch at := d.TS.Unix(); {
	case d.Config.Name == "":
		return errors.New("decode stream info: config.name is missing")
	case d.TS.IsZero():
		return errors.New("decode stream info: ts is missing")
	case at < firstTime || at > lastTime:
		return fmt.Errorf("decode stream info: ts %s is absurd", d.TS.Format(time.RFC3339))
	}
	return nil
}

// fill takes the document into a cleared sample, or leaves it cleared.
func (d *document) fill(s *pipeline.Sample) error {
	if err := d.check(); err != nil {
		return err
	}
	links, err := d.links(s.Links[:0])
	if err != nil {
		return fmt.Errorf("decode stream info: %w", err)
	}
	s.Links = links
	s.ServerTime, s.Created, s.Leader = d.TS, d.Created, d.leader()
	s.State, s.Bounds, s.Peers = d.state(), d.bounds(), d.peers(s.Peers[:0])
	s.Settings = d.Config.settings
	if s.Settings == nil {
		s.Settings = newSettings(d.Config.Metadata)
	}
	return nil
}

func (d *document) state() pipeline.StreamState {
	return pipeline.StreamState{
		Messages: d.State.Messages, Bytes: d.State.Bytes, Subjects: d.State.Subjects,
		FirstSeq: d.State.FirstSeq, LastSeq: d.State.LastSeq, LastTime: d.State.LastTime,
		Deleted: uint64(max(d.State.Deleted, 0)),
	}
}

func (d *document) bounds() pipeline.Bounds {
	return pipeline.Bounds{
		Messages: max(d.Config.MaxMsgs, 0), Bytes: max(d.Config.MaxBytes, 0),
		DiscardNew: d.Config.Discard == "new", Sealed: d.Config.Sealed,
	}
}

func (d *document) leader() string {
	if d.Cluster == nil {
		return Standalone
	}
	return d.Cluster.Leader
}

// peers appends the group's other members, where anybody told of them.
func (d *document) peers(peers []pipeline.Peer) []pipeline.Peer {
	if d.Cluster == nil {
		return peers
	}
	for _, p := range d.Cluster.Replicas {
		peers = append(peers, pipeline.Peer{
			Name: p.Name, Current: p.Current, Offline: p.Offline, Pending: p.Pending, Lag: p.Lag, Active: time.Duration(max(p.Active, 0)),
		})
	}
	return peers
}

// view fills v with what the document tells of an origin.
func (d *document) view(v *pipeline.OriginView) error {
	if err := d.check(); err != nil {
		return err
	}
	v.ServerTime, v.Created, v.Leader = d.TS, d.Created, d.leader()
	v.State, v.Newest, v.Subjects = d.state(), d.newest(), d.Config.Subjects
	v.Replicates = d.Config.Mirror != nil || len(d.Config.Sources) > 0
	return nil
}

// newest is the sequence of the newest message, where the document lists all that are deleted; else 0.
func (d *document) newest() uint64 {
	s := &d.State
	gone := uint64(len(s.Gone))
	if gone == 0 || s.Messages == 0 || s.FirstSeq > s.LastSeq || s.Messages+gone != s.LastSeq-s.FirstSeq+1 {
		return 0
	}
	slices.Sort(s.Gone)
	if s.Gone[0] < s.FirstSeq || s.Gone[gone-1] > s.LastSeq || len(slices.Compact(s.Gone)) < int(gone) {
		return 0
	}
	newest := s.LastSeq
	for i := gone; i > 0 && s.Gone[i-1] == newest; i-- {
		newest--
	}
	return newest
}

// clearAnswer empties what an answer fills, and keeps the memory of its lists.
func clearAnswer(s *pipeline.Sample) {
	*s = pipeline.Sample{Key: s.Key, Asked: s.Asked, At: s.At, Fault: s.Fault, Links: s.Links[:0], Peers: s.Peers[:0]}
}
