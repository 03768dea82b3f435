package jetstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// Standalone is the leader of every stream on a server without a JetStream cluster: such a server names no leader in
// STREAM.LIST.
const Standalone = "standalone"

// document is what is read of a STREAM.INFO answer, or of one element of a STREAM.LIST answer.
type document struct {
	Error  *apiError `json:"error"`
	Config struct {
		Name     string            `json:"name"`
		Subjects []string          `json:"subjects"`
		Metadata map[string]string `json:"metadata"`
		Mirror   *replica          `json:"mirror"`
		Sources  []*replica        `json:"sources"`
		MaxMsgs  int64             `json:"max_msgs"`
		MaxBytes int64             `json:"max_bytes"`
		Discard  string            `json:"discard"`
		Sealed   bool              `json:"sealed"`
	} `json:"config"`
	Created time.Time `json:"created"`
	State   struct {
		Messages uint64    `json:"messages"`
		Bytes    uint64    `json:"bytes"`
		FirstSeq uint64    `json:"first_seq"`
		LastSeq  uint64    `json:"last_seq"`
		LastTime time.Time `json:"last_ts"`
		Deleted  int64     `json:"num_deleted"`
		Subjects uint64    `json:"num_subjects"`
	} `json:"state"`
	Domain  string `json:"domain"`
	Cluster *struct {
		Leader   string `json:"leader"`
		Replicas []peer `json:"replicas"`
	} `json:"cluster"`
	Mirror  *replica   `json:"mirror"`
	Sources []*replica `json:"sources"`
	TS      time.Time  `json:"ts"`
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

// check tells what the document lacks of a stream's information.
func (d *document) check() error {
	switch year := d.TS.Year(); {
	case d.Config.Name == "":
		return errors.New("decode stream info: config.name is missing")
	case d.TS.IsZero():
		return errors.New("decode stream info: ts is missing")
	case year < 1990 || year > 2200:
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
	s.State, s.Bounds, s.Peers = d.state(), d.bounds(), d.peers()
	if len(d.Config.Metadata) > 0 {
		s.Settings = &pipeline.Settings{Policy: ParsePolicy(d.Config.Metadata), Metadata: d.Config.Metadata}
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

// peer is another member of the stream's group.
type peer struct {
	Name    string `json:"name"`
	Current bool   `json:"current"`
	Offline bool   `json:"offline"`
	Active  int64  `json:"active"`
	Lag     uint64 `json:"lag"`
}

// peers are the group's other members; nil: there are none, or nobody told of them.
func (d *document) peers() []pipeline.Peer {
	if d.Cluster == nil || len(d.Cluster.Replicas) == 0 {
		return nil
	}
	peers := make([]pipeline.Peer, len(d.Cluster.Replicas))
	for i, p := range d.Cluster.Replicas {
		peers[i] = pipeline.Peer{
			Name: p.Name, Current: p.Current, Offline: p.Offline, Lag: p.Lag, Active: time.Duration(max(p.Active, 0)),
		}
	}
	return peers
}

// view fills v with what the document tells of an origin.
func (d *document) view(v *pipeline.OriginView) error {
	if err := d.check(); err != nil {
		return err
	}
	v.ServerTime, v.Created, v.Leader = d.TS, d.Created, d.leader()
	v.State, v.Subjects = d.state(), d.Config.Subjects
	v.Replicates = d.Config.Mirror != nil || len(d.Config.Sources) > 0
	return nil
}

// clearAnswer empties what an answer fills, and keeps the memory of the links.
func clearAnswer(s *pipeline.Sample) {
	*s = pipeline.Sample{Key: s.Key, Asked: s.Asked, At: s.At, Fault: s.Fault, Links: s.Links[:0]}
}
