package pipelinetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// ServerOptions say what a NATS server of a test is.
type ServerOptions struct {
	Name       string
	Domain     string   // JetStream domain; empty: none
	StoreDir   string   // of JetStream
	Leafnodes  bool     // listens for leafnodes
	Remotes    []string // addresses "host:port" of leafnode listeners that it connects to, and only these
	SystemUser bool     // has the account SystemAccount with the user SystemUser, unless Config sets a system account

	// Child runs the server in a process of its own, which can be frozen and killed. The test's package calls Main, or
	// ServeChild, from its TestMain.
	Child bool

	// Config is nats-server configuration, for accounts, users and the like; Configure has the last word, and is not for
	// a Child. Both are used anew at each start, so that Configure may change the server between two starts.
	Config    string
	Configure func(*server.Options) `json:"-"`
}

// Server is a NATS server with JetStream on loopback, in the test's process or in a child of it. It keeps its ports and
// its store over a Stop and a Start.
type Server struct {
	mu      sync.Mutex
	plan    blueprint
	running instance // nil: it does not run
	frozen  bool
}

// instance is a server that runs.
type instance interface {
	// reload makes the server take over what changed; stop ends it and returns when it is gone.
	reload(blueprint) error
	stop()
}

// startTimeout is how long a server may take to listen.
const startTimeout = 10 * time.Second

// NewServer returns a server that is not running yet.
func NewServer(o ServerOptions) *Server { return &Server{plan: blueprint{Options: o}} }

// StartServer runs a server until the test ends, with a store of its own unless o names one.
func StartServer(t testing.TB, o ServerOptions) *Server {
	t.Helper()
	return start(t, blueprint{Options: o})
}

func start(t testing.TB, plan blueprint) *Server {
	t.Helper()
	if plan.Options.StoreDir == "" {
		plan.Options.StoreDir = t.TempDir()
	}
	s := &Server{plan: plan}
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
	launch := startEmbedded
	if s.plan.Options.Child {
		launch = startChild
	}
	running, at, err := launch(s.plan)
	if err != nil {
		return err
	}
	s.running, s.frozen, s.plan.Port, s.plan.LeafPort = running, false, at.Client, at.Leafnode
	return nil
}

// Stop ends the server as an operator would, and returns when it is gone. It does nothing when the server does not run.
// A frozen server is thawed first.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return
	}
	s.running.stop()
	s.running, s.frozen = nil, false
}

// Reload changes what the server is made from, and makes it take that over while it runs, as an operator's reload does;
// what nats-server cannot change so is an error. A server that does not run takes it over at its next start.
func (s *Server) Reload(change func(*ServerOptions)) error {
	return s.rebuild(func(plan *blueprint) { change(&plan.Options) })
}

func (s *Server) rebuild(change func(*blueprint)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	plan := s.plan
	change(&plan)
	if s.running != nil {
		if err := s.running.reload(plan); err != nil {
			return fmt.Errorf("reload server %s: %w", s.plan.Options.Name, err)
		}
	}
	s.plan = plan
	return nil
}

// Name is the server's name.
func (s *Server) Name() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.plan.Options.Name
}

// Addr is the address of the client listener, once the server was started.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return loopback(s.plan.Port)
}

// URL is Addr as clients want it.
func (s *Server) URL() string { return "nats://" + s.Addr() }

// LeafnodeAddr is the address of the leafnode listener, once the server was started.
func (s *Server) LeafnodeAddr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return loopback(s.plan.LeafPort)
}

// Answers tells whether the server runs and is not frozen.
func (s *Server) Answers() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running != nil && !s.frozen
}

// NATS is the running server itself, or nil; that of a Child is out of reach.
func (s *Server) NATS() *server.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.running.(*embedded); ok {
		return e.server
	}
	return nil
}
