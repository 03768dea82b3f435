package jetstream

import (
	"context"
	"time"

	"mirrorwatch/pipeline"
)

// accountsPage is how many accounts a server tells of in one answer.
const accountsPage = 256

// jszOptions are what JSZ is asked with. Offset and Limit count accounts, and mean nothing where one is named.
type jszOptions struct {
	Account          string `json:"account,omitempty"`
	Streams          bool   `json:"streams,omitempty"`
	Config           bool   `json:"config,omitempty"`
	StreamLeaderOnly bool   `json:"stream_leader_only,omitempty"`
	Offset           int    `json:"offset,omitempty"`
	Limit            int    `json:"limit,omitempty"`
}

// jsz is what is read of a JSZ answer. Now is the server's clock before it read its first stream.
type jsz struct {
	Now      time.Time `json:"now"`
	Disabled bool      `json:"disabled"`
	Streams  int       `json:"streams"`
	Total    int       `json:"total"` // accounts
	Meta     *struct {
		Leader   string `json:"leader"`
		Replicas []peer `json:"replicas"` // the other servers of the cluster
	} `json:"meta_cluster"`
	Accounts []struct {
		Name    string   `json:"name"` // its tag, where it has one
		ID      string   `json:"id"`
		Streams []detail `json:"stream_detail"`
	} `json:"account_details"`
}

// detail is one stream in a JSZ answer: a STREAM.INFO document without ts and domain, and mostly without config.
type detail struct {
	Name string `json:"name"`
	document
}

// copied is what one server tells of its copy of a stream.
type copied struct {
	key       pipeline.StreamKey
	server    string
	doc       *document
	led       bool          // by that server
	bare      bool          // its configuration is not known
	blur      time.Duration // how far from the document's ts it may have been read
	asked, at time.Time
}

// askStreams puts a JSZ question to all servers and gives every copy to visit, as answers arrive.
func (s *System) askStreams(ctx context.Context, q jszOptions, visit func(*copied)) (silent map[string]bool, err error) {
	q.Limit = accountsPage
	next := map[string]int{} // the offset of each server's next page
	return gather(ctx, s, "JSZ", q, q.Config && s.streams.most() >= s.packAt, func(one *said[jsz]) any {
		s.members.runs(one.Server.id(), !one.Data.Disabled)
		if one.Data.Disabled {
			return nil
		}
		s.readStreams(one, visit)
		if q.Account != "" {
			return nil
		}
		offset := next[one.Server.ID] + accountsPage
		if offset >= one.Data.Total {
			return nil
		}
		next[one.Server.ID] = offset
		page := q
		page.Offset = offset
		return page
	})
}

// readStreams takes one answer apart. A stream's ts is the server's own clock at the time when it read that stream: streams
// are read one after another, between the times when the answer was begun and when it was sent.
func (s *System) readStreams(one *said[jsz], visit func(*copied)) {
	d := one.Data
	if d.Meta != nil && d.Meta.Leader == one.Server.Name {
		s.members.counted(one.Server, d.Meta.Replicas, one.at)
	}
	alone := d.Meta == nil && one.Server.Cluster == ""
	took := max(0, one.Server.Time.Sub(d.Now))
	s.streams.answered(one.Server.id(), d.Streams, took)
	if took > s.longRead {
		s.log.Warn("a server takes too long to tell of its streams: nothing can be proven by that", "server", one.Server.Name, "took", took)
	}
	for a := range d.Accounts {
		account := &d.Accounts[a]
		name := s.streams.account(account.Name, account.ID)
		for k := range account.Streams {
			x := &account.Streams[k]
			doc := &x.document
			doc.TS = d.Now.Add(took / 2)
			doc.Domain = one.Server.Domain
			if alone {
				doc.Cluster = nil // it names itself, and has no peers
			}
			c := &copied{
				key: pipeline.StreamKey{
					Connection: s.config.Name, Account: name, Domain: one.Server.Domain, Stream: x.Name,
				},
				server: one.Server.Name, doc: doc, blur: took / 2, asked: one.asked, at: one.at,
				led: doc.Cluster == nil || doc.Cluster.Leader == one.Server.Name,
			}
			if took > s.longRead || !c.led {
				doc.Mirror, doc.Sources = nil, nil
			}
			s.streams.learn(c)
			visit(c)
		}
	}
}

// sample turns a copy with its configuration into a sample. A follower's is one without a leader.
func (s *System) sample(c *copied) *pipeline.Sample {
	x := &pipeline.Sample{Key: c.key, Asked: c.asked, At: c.at, Blur: c.blur}
	if err := c.doc.fill(x); err != nil {
		x.Fault = pipeline.Fault{Kind: pipeline.FaultNonsense, Text: err.Error()}
		return x
	}
	if !c.led {
		x.Leader = ""
	}
	return x
}
