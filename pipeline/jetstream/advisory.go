package jetstream

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
)

// advisoryPrefix begins the subjects of advisories about streams: the event and the stream's name follow.
const advisoryPrefix = "$JS.EVENT.ADVISORY.STREAM."

// advisories receives what servers tell of streams unasked. Looks do without.
type advisories struct {
	log   *slog.Logger
	come  chan *nats.Msg // from every event, in the order in which they come
	ended chan struct{}

	mu   sync.Mutex
	on   *nats.Conn // subscribed; the client does that anew by itself after it reconnects
	told bool       // that the server refuses
}

func newAdvisories(log *slog.Logger) *advisories {
	return &advisories{log: log, come: make(chan *nats.Msg, 4*signalRoom), ended: make(chan struct{})}
}

// advisoryEvents are the events that are listened for, as subjects have them.
func advisoryEvents() []string {
	return []string{"CREATED", "UPDATED", "DELETED", "LEADER_ELECTED", "QUORUM_LOST"}
}

// subscribe is called after each connect.
func (a *advisories) subscribe(nc *nats.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.on == nc {
		return
	}
	a.on = nc
	for _, event := range advisoryEvents() {
		if _, err := nc.ChanSubscribe(advisoryPrefix+event+".*", a.come); err != nil {
			a.log.Debug("advisories cannot be received", "event", event, "error", err)
		}
	}
}

// refused takes that the server refuses a subscription, and tells whether it is one of these. It is said once.
func (a *advisories) refused(subject string) bool {
	if !strings.HasPrefix(subject, advisoryPrefix) {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.told {
		a.told = true
		a.log.Info("the user may not receive advisories; looks go on without them", "subscribe", advisoryPrefix+">")
	}
	return true
}

// listen turns advisories into signals until the connection is closed.
func (s *Source) listen() {
	defer close(s.advisories.ended)
	for {
		select {
		case <-s.conn.life.Done():
			return
		case msg := <-s.advisories.come:
			if signal, ok := s.readAdvisory(msg.Subject, msg.Data); ok {
				switch signal.Advisory.Kind {
				case pipeline.AdvisoryCreated, pipeline.AdvisoryUpdated:
					s.choice.doubt(signal.Key.Stream)
				}
				s.conn.mu.Lock()
				s.conn.signal(signal)
				s.conn.mu.Unlock()
			}
		}
	}
}

// advisory is what is read of an advisory about a stream.
type advisory struct {
	Domain   string `json:"domain"`
	Leader   string `json:"leader"`
	Replicas []peer `json:"replicas"`
}

// readAdvisory returns the signal that an advisory is; ok is false for one that is about none of the streams that looks
// yield. Leafnodes carry those of other domains; where the API is another account's, they are about other streams.
func (s *Source) readAdvisory(subject string, body []byte) (signal pipeline.Signal, ok bool) {
	event, name, _ := strings.Cut(strings.TrimPrefix(subject, advisoryPrefix), ".")
	var told advisory
	if err := json.Unmarshal(body, &told); err != nil || !s.config.Streams.Watches(name) {
		return signal, false
	}
	s.mu.Lock()
	domain, placed := s.domain, s.placed
	s.mu.Unlock()
	if !placed || told.Domain != domain || !s.ownAPI(domain) {
		return signal, false
	}
	signal.Kind = pipeline.SignalAdvisory
	signal.Key = pipeline.StreamKey{Connection: s.config.Name, Domain: domain, Stream: name}
	signal.Advisory.At = time.Now()
	switch event {
	case "CREATED":
		signal.Advisory.Kind, signal.Advisory.Text = pipeline.AdvisoryCreated, "the stream was created"
	case "UPDATED":
		signal.Advisory.Kind, signal.Advisory.Text = pipeline.AdvisoryUpdated, "the stream's configuration was changed"
	case "DELETED":
		signal.Advisory.Kind, signal.Advisory.Text = pipeline.AdvisoryDeleted, "the stream was deleted"
	case "LEADER_ELECTED":
		signal.Advisory.Kind, signal.Advisory.Text = pipeline.AdvisoryLeader, "a leader was elected"
		if told.Leader != "" {
			signal.Advisory.Text = told.Leader + " was elected leader"
		}
	case "QUORUM_LOST":
		signal.Advisory.Kind, signal.Advisory.Text = pipeline.AdvisoryQuorum, "the stream lost its quorum"+told.offline()
	}
	return signal, signal.Advisory.Kind != ""
}

// offline names the members that are away, to follow a sentence; empty: none is.
func (a *advisory) offline() string {
	var away []string
	for _, p := range a.Replicas {
		if p.Offline {
			away = append(away, p.Name)
		}
	}
	if len(away) == 0 {
		return ""
	}
	return fmt.Sprintf("; offline: %s", strings.Join(away, ", "))
}

// ownAPI tells whether the API is that of the domain, and no other account's.
func (s *Source) ownAPI(domain string) bool {
	return s.prefix == "$JS.API" || s.prefix == "$JS."+domain+".API"
}

// heeding tells whether advisories are received and heeded, as far as can be known.
func (s *Source) heeding() bool {
	s.mu.Lock()
	domain, placed := s.domain, s.placed
	s.mu.Unlock()
	s.advisories.mu.Lock()
	defer s.advisories.mu.Unlock()
	return placed && s.ownAPI(domain) && s.advisories.on != nil && !s.advisories.told
}
