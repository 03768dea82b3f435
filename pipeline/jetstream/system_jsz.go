package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// jszOptions are what JSZ is asked with. Offset and Limit count accounts, and mean nothing where one is named.
type jszOptions struct {
	Account          string `json:"account,omitempty"`
	Streams          bool   `json:"streams,omitempty"`
	Config           bool   `json:"config,omitempty"`
	StreamLeaderOnly bool   `json:"stream_leader_only,omitempty"`
	Offset           int    `json:"offset,omitempty"`
	Limit            int    `json:"limit,omitempty"`
}

// How much one answer may bring. Above answerRoom it is asked for compressed: a server lets 64 MB pend for a client by default, and
// three answers may be under way at once. Streams cannot be paged, only accounts.
const (
	accountsPage = 256
	answerRoom   = 20_000_000
	bytesBare    = 350 // of a stream without its configuration
	bytesWhole   = 1000
)

// size is how many accounts an answer is to tell of at most, and whether it is asked for compressed.
func (s *System) size(config bool) (accounts int, packed bool) {
	each := bytesBare
	if config {
		each = bytesWhole
	}
	streams, of := s.streams.most()
	if of == 0 { // nobody told yet
		return accountsPage, config
	}
	return min(max(s.room/(each*(streams/of+1)), 1), accountsPage), each*streams >= s.room
}

// askStreams puts a JSZ question to all servers and gives every copy to visit, as answers arrive. Where the question has no limit of its
// own, all pages are asked for.
func (s *System) askStreams(ctx context.Context, q jszOptions, visit func(*copied)) (silent map[string]bool, err error) {
	all := q.Limit == 0 && q.Account == ""
	accounts, packed := s.size(q.Config)
	if all {
		q.Limit = accounts
	}
	r := s.newReader()
	defer s.release(r)
	next := map[string]int{} // the offset of each server's next page
	return gather(ctx, s, question[jsz]{"JSZ", q, packed, r.answer}, func(one *said[jsz]) any {
		s.members.runs(one.Server.id(), !one.Data.Disabled)
		if one.Data.Disabled {
			return nil
		}
		s.readStreams(r, one, visit)
		if !all {
			return nil
		}
		offset := next[one.Server.ID] + q.Limit
		if offset >= one.Data.Total {
			return nil
		}
		next[one.Server.ID] = offset
		page := q
		page.Offset = offset
		return page
	})
}

// telling is what all streams of one answer have in common.
type telling struct {
	server    serverInfo
	asked, at time.Time
	read      time.Time     // the server's clock when it read them
	blur      time.Duration // how far from that it may have been
}

// copied is what one server tells of its copy of a stream. It is valid while it is visited.
type copied struct {
	*telling
	key   pipeline.StreamKey
	doc   *document
	led   bool  // by that server
	bare  bool  // its configuration is not known
	wrong error // why nothing can be read of it
}

// readStreams takes one answer apart. A stream's ts is the server's own clock at the time when it read that stream: streams
// are read one after another, between the times when the answer was begun and when it was sent.
func (s *System) readStreams(r *jszReader, one *said[jsz], visit func(*copied)) {
	d := one.Data
	if d.Meta != nil && d.Meta.Leader == one.Server.Name {
		s.members.counted(one.Server, d.Meta.Replicas, one.at)
	}
	alone := d.Meta == nil && one.Server.Cluster == ""
	took := max(0, one.Server.Time.Sub(d.Now))
	s.streams.answered(one.Server.id(), d.Streams, d.Total, took)
	if took > s.longRead {
		s.log.Warn("a server takes too long to tell of its streams: nothing can be proven by that", "server", one.Server.Name, "took", took)
	}
	c := &r.copied
	c.telling = &telling{server: one.Server, asked: one.asked, at: one.at, read: d.Now.Add(took / 2), blur: took / 2}
	for _, a := range r.accounts {
		account := s.streams.account(a.name, a.id)
		r.streams(a, func(doc *document, err error) {
			if doc.Name == "" {
				s.log.Warn("a server tells of a stream without a name", "server", one.Server.Name, "account", account, "error", err)
				return
			}
			doc.TS = c.read
			if alone {
				doc.Cluster = nil // it names itself, and has no peers
			}
			c.key = pipeline.StreamKey{Connection: s.config.Name, Account: account, Domain: one.Server.Domain, Stream: doc.Name}
			c.doc, c.bare, c.wrong = doc, false, err
			c.led = doc.Cluster == nil || doc.Cluster.Leader == one.Server.Name
			s.streams.learn(c, &r.decoder)
			if took > s.longRead || !c.led {
				doc.Mirror, doc.Sources = nil, nil
			}
			visit(c)
		})
	}
}

// fill turns a copy with its configuration into a sample, in memory that is used anew. A follower's is one without a leader.
func (c *copied) fill(x *pipeline.Sample) {
	x.Key, x.Asked, x.At, x.Fault = c.key, c.asked, c.at, pipeline.Fault{}
	clearAnswer(x)
	err := c.wrong
	if err == nil {
		err = c.doc.fill(x)
	}
	if err != nil {
		x.Fault = pipeline.Fault{Kind: pipeline.FaultNonsense, Text: err.Error()}
		return
	}
	x.Blur = c.blur
	if !c.led {
		x.Leader = ""
	}
}

// sample is the copy as a sample of its own.
func (c *copied) sample() *pipeline.Sample {
	x := &pipeline.Sample{}
	c.fill(x)
	return x
}

// jszReader reads JSZ answers, one after another in the same memory. It is used by one goroutine at a time.
type jszReader struct {
	decoder  decoder
	accounts []jszAccount // of the newest answer
	copied   copied
}

// newReader returns a reader that nobody else uses, to be given back by release.
func (s *System) newReader() *jszReader {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.readers); n > 0 {
		r := s.readers[n-1]
		s.readers = s.readers[:n-1]
		return r
	}
	r := &jszReader{decoder: *newDecoder(&s.settings)}
	r.decoder.memory.listens = true
	return r
}

func (s *System) release(r *jszReader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.decoder.reset(nil)
	if len(s.readers) < mostSamplers {
		s.readers = append(s.readers, r)
	}
}

// errForeign says that a stream came with the configuration of another.
var errForeign = errors.New("the configuration is another stream's")

// streams reads the streams of one account and calls visit for each, with what was wrong with it. The syntax was checked before.
func (r *jszReader) streams(a jszAccount, visit func(*document, error)) {
	d := &r.decoder
	if a.streams == 0 {
		return
	}
	d.pos, d.depth = a.streams, 0
	if !d.open('[') {
		return
	}
	for d.more(']') {
		d.element()
		err := d.wrong
		d.wrong = nil
		switch {
		case err != nil:
			err = fmt.Errorf("decode stream info: %w", err)
		case d.doc.Config.Name != "" && d.doc.Config.Name != d.doc.Name:
			err = errForeign
		}
		visit(&d.doc, err)
	}
}
