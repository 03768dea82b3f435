package pipelinetest

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// ServerOptions say what an embedded NATS server is.
type ServerOptions struct {
	Name      string
	Domain    string   // JetStream domain; empty: none
	StoreDir  string   // of JetStream
	Leafnodes bool     // listens for leafnodes
	Remotes   []string // addresses "host:port" of leafnode listeners that it connects to, and only these

	// Config is nats-server configuration, for accounts, users and the like; Configure has the last word. Both are used
	// anew at each start, so that Configure may change the server between two starts.
	Config    string
	Configure func(*server.Options)
}

// Server is an embedded NATS server with JetStream on loopback. It keeps its ports and its store over a Stop and a
// Start.
type Server struct {
	options ServerOptions

	mu       sync.Mutex
	running  *server.Server
	port     int // of clients; 0 before the first start
	leafPort int
}

// leafReconnect is how soon a server tries again to reach a remote: a quarter of nats-server's own, to keep tests fast.
const leafReconnect = 250 * time.Millisecond

// startTimeout is how long a server may take to listen.
const startTimeout = 10 * time.Second

// NewServer returns a server that is not running yet.
func NewServer(o ServerOptions) *Server { return &Server{options: o} }

// StartServer runs a server until the test ends, with a store of its own unless o names one.
func StartServer(t testing.TB, o ServerOptions) *Server {
	t.Helper()
	if o.StoreDir == "" {
		o.StoreDir = t.TempDir()
	}
	s := NewServer(o)
	t.Cleanup(s.Stop)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// Start runs the server, and returns when it takes connections. It does nothing when the server runs.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		return nil
	}
	opts, err := s.build()
	if err != nil {
		return fmt.Errorf("configure server %s: %w", s.options.Name, err)
	}
	running, err := server.NewServer(opts)
	if err != nil {
		return fmt.Errorf("make server %s: %w", s.options.Name, err)
	}
	running.Start()
	if !running.ReadyForConnections(startTimeout) {
		running.Shutdown()
		return fmt.Errorf("start server %s: not ready after %s", s.options.Name, startTimeout)
	}
	addr, ok := running.Addr().(*net.TCPAddr)
	if !ok {
		running.Shutdown()
		return fmt.Errorf("start server %s: no listener", s.options.Name)
	}
	s.running, s.port, s.leafPort = running, addr.Port, opts.LeafNode.Port
	return nil
}

// Stop ends the server as an operator would, and returns when it is gone. It does nothing when the server does not run.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return
	}
	s.running.Shutdown()
	s.running.WaitForShutdown()
	s.running = nil
}

// Addr is the address of the client listener, once the server was started.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return loopback(s.port)
}

// URL is Addr as clients want it.
func (s *Server) URL() string { return "nats://" + s.Addr() }

// LeafnodeAddr is the address of the leafnode listener, once the server was started.
func (s *Server) LeafnodeAddr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return loopback(s.leafPort)
}

// NATS is the running server itself, or nil.
func (s *Server) NATS() *server.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running
}

func (s *Server) build() (*server.Options, error) {
	opts := &server.Options{}
	if s.options.Config != "" {
		if err := opts.ProcessConfigString(s.options.Config); err != nil {
			return nil, err
		}
	}
	opts.ServerName = s.options.Name
	opts.Host, opts.Port = "127.0.0.1", portOr(s.port)
	opts.NoLog, opts.NoSigs = true, true
	opts.JetStream, opts.JetStreamDomain, opts.StoreDir = true, s.options.Domain, s.options.StoreDir
	opts.JetStreamMaxMemory, opts.JetStreamMaxStore = 256<<20, 4<<30
	if s.options.Leafnodes {
		opts.LeafNode.Host, opts.LeafNode.Port = "127.0.0.1", portOr(s.leafPort)
		opts.LeafNode.NoAdvertise = true // gossip would lead round a link
	}
	opts.LeafNode.ReconnectInterval = leafReconnect
	for _, addr := range s.options.Remotes {
		opts.LeafNode.Remotes = append(opts.LeafNode.Remotes, &server.RemoteLeafOpts{
			URLs:                    []*url.URL{{Scheme: "nats-leaf", Host: addr}},
			IgnoreDiscoveredServers: true,
		})
	}
	if s.options.Configure != nil {
		s.options.Configure(opts)
	}
	return opts, nil
}

// portOr returns the port, or for none what asks nats-server for a free one.
func portOr(port int) int {
	if port == 0 {
		return server.RANDOM_PORT
	}
	return port
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
