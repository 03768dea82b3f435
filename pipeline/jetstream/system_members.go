package jetstream

import (
	"log/slog"
	"strings"
	"sync"
	"time"
)

// memberForget is how long a silent server is remembered that belongs to no JetStream cluster.
const memberForget = time.Hour

// members are the servers that are known, by name: those that answered, and those that a JetStream cluster counts as its own.
type members struct {
	log *slog.Logger

	mu  sync.Mutex
	all map[string]*member
}

// member is what is known of one server.
type member struct {
	server serverInfo
	silent time.Time // since when it does not answer; zero: it does
	peer   bool      // a JetStream cluster counts it as its own
	plain  bool      // it runs without JetStream
}

// expected are the servers that answered last time.
func (m *members) expected() map[string]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := map[string]bool{}
	for name, x := range m.all {
		if x.silent.IsZero() {
			names[name] = true
		}
	}
	return names
}

// silent are the servers that do not answer.
func (m *members) silent() map[string]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := map[string]bool{}
	for name, x := range m.all {
		if !x.silent.IsZero() {
			names[name] = true
		}
	}
	return names
}

// heard notes that a server answered.
func (m *members) heard(server serverInfo, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.member(server.id())
	if !x.silent.IsZero() {
		m.log.Info("server answers again", "server", server.Name, "cluster", server.Cluster, "silent_for", at.Sub(x.silent).Round(time.Second))
	}
	x.server, x.silent = server, time.Time{}
}

// missed notes that servers did not answer what was asked at that time.
func (m *members) missed(names map[string]bool, asked time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name := range names {
		if x := m.all[name]; x != nil && x.silent.IsZero() {
			x.silent = asked
			m.log.Warn("server does not answer", "server", name, "cluster", x.server.Cluster)
		}
	}
	for name, x := range m.all {
		if !x.silent.IsZero() && !x.peer && asked.Sub(x.silent) > memberForget {
			m.log.Info("server is forgotten", "server", name, "cluster", x.server.Cluster)
			delete(m.all, name)
		}
	}
}

// counted notes which servers a JetStream cluster counts as its own, as its leader tells them. Silent ones that it no longer
// does are forgotten.
func (m *members) counted(leader serverInfo, peers []peer, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	own := map[string]bool{leader.id(): true}
	for _, p := range peers {
		if strings.ContainsRune(p.Name, ' ') { // the server's name is not known to the leader
			continue
		}
		id := serverID(leader.Domain, p.Name)
		own[id] = true
		if x := m.member(id); x.server.ID == "" {
			x.server.Name, x.server.Domain = p.Name, leader.Domain
			if p.Offline && x.silent.IsZero() {
				x.silent = at
				m.log.Warn("server does not answer", "server", p.Name, "cluster", leader.Cluster)
			}
		}
	}
	for name, x := range m.all {
		if own[name] {
			x.peer = true
		} else if x.peer && x.server.Domain == leader.Domain {
			x.peer = false
			if !x.silent.IsZero() {
				m.log.Info("server is forgotten: it was removed from its cluster", "server", name)
				delete(m.all, name)
			}
		}
	}
}

// silentIn names a server of a JetStream domain that does not answer, and may have been alive after the question that went out at
// the given time; empty: none. A zero time means whenever. One that missed that question first may only have been slow, and alive again
// before anybody asked it anew.
func (m *members) silentIn(domain string, since time.Time) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, x := range m.all {
		if x.server.Domain == domain && !x.silent.IsZero() && !x.silent.Before(since) && !x.plain {
			return name
		}
	}
	return ""
}

// runs notes whether a server runs JetStream.
func (m *members) runs(name string, jetStream bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.member(name).plain = !jetStream
}

// disabled tells whether a server runs without JetStream.
func (m *members) disabled(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.member(name).plain
}

// member returns what is known of a server. The lock is held.
func (m *members) member(name string) *member {
	if m.all == nil {
		m.all = map[string]*member{}
	}
	if m.all[name] == nil {
		m.all[name] = &member{}
	}
	return m.all[name]
}
