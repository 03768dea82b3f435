package jetstream

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
)

// maxBreaks is how many ends of leafnode connections are kept.
const maxBreaks = 64

// events are the newest ends of leafnode connections, oldest first.
type events struct {
	mu     sync.Mutex
	breaks []leafBreak
}

// leafBreak is a leafnode connection that ended, or was refused.
type leafBreak struct {
	Time   time.Time  `json:"timestamp"`
	Server serverInfo `json:"server"`
	Client struct {
		ID      uint64 `json:"id"`
		Kind    string `json:"kind"`
		Account string `json:"acc"`
		Name    string `json:"name"`
		Host    string `json:"host"`
	} `json:"client"`
	Reason string `json:"reason"`

	refused bool
}

// heed is called after each connect. It subscribes a client, once, to what servers tell the system account by themselves.
func (s *System) heed(nc *nats.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heeding == nc {
		return
	}
	s.heeding = nc
	s.refusals.forget()
	for subject, take := range map[string]nats.MsgHandler{
		advisoryPrefix + "LEADER_ELECTED.*": s.advised(pipeline.AdvisoryLeader),
		advisoryPrefix + "QUORUM_LOST.*":    s.advised(pipeline.AdvisoryQuorum),
		"$SYS.ACCOUNT.*.DISCONNECT":         s.broke(false),
		"$SYS.SERVER.*.CLIENT.AUTH.ERR":     s.broke(true),
	} {
		if _, err := nc.Subscribe(subject, take); err != nil {
			s.log.Debug("events cannot be received", "subject", subject, "error", err)
		}
	}
}

// refused takes that the server refuses a subscription to events. It is said once of each.
func (s *System) refused(subject string) bool {
	if !slices.ContainsFunc([]string{"$JS.EVENT.", "$SYS.ACCOUNT.", "$SYS.SERVER."}, func(events string) bool {
		return strings.HasPrefix(subject, events)
	}) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unheard == nil {
		s.unheard = map[string]bool{}
	}
	if !s.unheard[subject] {
		s.unheard[subject] = true
		s.log.Info("the user may not receive events; looks go on without them", "subscribe", subject)
	}
	return true
}

// advised takes advisories about streams.
func (s *System) advised(kind pipeline.AdvisoryKind) nats.MsgHandler {
	return func(msg *nats.Msg) {
		var told struct {
			advisory
			Account string `json:"account"`
			Stream  string `json:"stream"`
		}
		if err := json.Unmarshal(msg.Data, &told); err != nil || !s.config.Streams.Watches(told.Stream) {
			return
		}
		text := "a leader was elected"
		switch {
		case kind == pipeline.AdvisoryQuorum:
			text = "the stream lost its quorum" + told.offline()
		case told.Leader != "":
			text = told.Leader + " was elected leader"
		}
		s.conn.mu.Lock()
		defer s.conn.mu.Unlock()
		s.conn.signal(pipeline.Signal{
			Kind: pipeline.SignalAdvisory,
			Key: pipeline.StreamKey{
				Connection: s.config.Name, Account: s.streams.accountName(told.Account), Domain: told.Domain, Stream: told.Stream,
			},
			Advisory: pipeline.Advisory{At: time.Now(), Kind: kind, Text: text},
		})
	}
}

// broke takes ends of connections, of which those of leafnodes are kept. Most are of clients, and are not decoded.
func (s *System) broke(refused bool) nats.MsgHandler {
	return func(msg *nats.Msg) {
		if !bytes.Contains(msg.Data, []byte("Leafnode")) {
			return
		}
		b := leafBreak{refused: refused}
		if err := json.Unmarshal(msg.Data, &b); err != nil || b.Client.Kind != "Leafnode" {
			return
		}
		s.events.mu.Lock()
		defer s.events.mu.Unlock()
		if len(s.events.breaks) == maxBreaks {
			s.events.breaks = s.events.breaks[1:]
		}
		s.events.breaks = append(s.events.breaks, b)
	}
}

// end returns the newest end of one connection.
func (e *events) end(server string, id uint64) (leafBreak, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := len(e.breaks) - 1; i >= 0; i-- {
		if b := e.breaks[i]; !b.refused && b.Server.id() == server && b.Client.ID == id {
			return b, true
		}
	}
	return leafBreak{}, false
}

// refusals are the newest refused connections by server and host, since a time.
func (e *events) refusals(since time.Time) map[[2]string]leafBreak {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := map[[2]string]leafBreak{}
	for _, b := range e.breaks {
		if b.refused && b.Time.After(since) {
			all[[2]string{b.Server.id(), b.Client.Host}] = b
		}
	}
	return all
}
