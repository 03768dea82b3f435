package pipelinetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// defaultServers is how many servers a cluster has that does not say.
const defaultServers = 3

// ClusterOptions say what a cluster is. From Domain on they are those of each server's ServerOptions.
type ClusterOptions struct {
	Name      string // default "cluster"; its servers are called NAME-1, NAME-2, ...
	Servers   int    // default 3
	Domain    string
	Leafnodes bool
	Remotes   []string
	Child     bool
	Config    string
	Configure func(*server.Options)
}

// Cluster is servers on loopback that are joined by routes and run JetStream together, each with a store and a system
// user of its own.
type Cluster struct {
	Name    string
	Servers []*Server
	meta    []*Server // all that share its JetStream: of a super-cluster, those of the other cluster too
}

// StartCluster runs a cluster until the test ends, and returns when its JetStream is ready.
func StartCluster(t testing.TB, o ClusterOptions) *Cluster {
	t.Helper()
	c := newCluster(t, o)
	c.meta = c.Servers
	run(t, c.Servers)
	c.WaitForLeader(t)
	return c
}

// newCluster returns a cluster whose servers do not run yet, and stop with the test.
func newCluster(t testing.TB, o ClusterOptions) *Cluster {
	t.Helper()
	if o.Name == "" {
		o.Name = "cluster"
	}
	if o.Servers == 0 {
		o.Servers = defaultServers
	}
	ports := freePorts(t, o.Servers)
	c := &Cluster{Name: o.Name}
	for i, port := range ports {
		m := &membership{Cluster: o.Name, Port: port}
		for _, other := range ports {
			if other != port {
				m.Routes = append(m.Routes, loopback(other))
			}
		}
		c.Servers = append(c.Servers, &Server{plan: blueprint{Member: m, Options: ServerOptions{
			Name: fmt.Sprintf("%s-%d", o.Name, i+1), Domain: o.Domain, StoreDir: t.TempDir(), Leafnodes: o.Leafnodes,
			Remotes: o.Remotes, SystemUser: true, Child: o.Child, Config: o.Config, Configure: o.Configure,
		}}})
	}
	return c
}

// run starts servers side by side, and stops them so when the test ends.
func run(t testing.TB, servers []*Server) {
	t.Helper()
	errs := make([]error, len(servers))
	var all sync.WaitGroup
	t.Cleanup(func() {
		for _, s := range servers {
			all.Go(s.Stop)
		}
		all.Wait()
	})
	for i, s := range servers {
		all.Go(func() { errs[i] = s.Start() })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// StopServer stops the server with that index in Servers.
func (c *Cluster) StopServer(i int) { c.Servers[i].Stop() }

// StartServer starts it again. It does not wait until its JetStream is current: WaitForLeader does.
func (c *Cluster) StartServer(t testing.TB, i int) {
	t.Helper()
	if err := c.Servers[i].Start(); err != nil {
		t.Fatal(err)
	}
}

// Reload is Server.Reload for each server.
func (c *Cluster) Reload(t testing.TB, change func(*ServerOptions)) {
	t.Helper()
	for _, s := range c.Servers {
		if err := s.Reload(change); err != nil {
			t.Fatal(err)
		}
	}
}

// URLs are those of all servers, in the order of Servers.
func (c *Cluster) URLs() []string {
	var urls []string
	for _, s := range c.Servers {
		urls = append(urls, s.URL())
	}
	return urls
}

// URL is all of URLs in one, as clients take it.
func (c *Cluster) URL() string { return strings.Join(c.URLs(), ",") }

// Connect returns a client connection to any of the servers, which moves on where one does not answer and ends with the
// test.
func (c *Cluster) Connect(t testing.TB, options ...nats.Option) *nats.Conn {
	t.Helper()
	return connect(t, c.Name, c.URL(), options)
}

// System is Connect for the system account.
func (c *Cluster) System(t testing.TB, options ...nats.Option) *nats.Conn {
	t.Helper()
	return c.Connect(t, append([]nats.Option{nats.UserInfo(SystemUser, SystemPassword)}, options...)...)
}

// JetStream returns JetStream over a connection of its own, as Connect makes it.
func (c *Cluster) JetStream(t testing.TB, options ...nats.Option) jetstream.JetStream {
	t.Helper()
	return newJetStream(t, c.Name, c.Connect(t, options...))
}

// Server returns the server of that name, of a super-cluster also one of the other cluster; nil: none.
func (c *Cluster) Server(name string) *Server {
	i := slices.IndexFunc(c.meta, func(s *Server) bool { return s.Name() == name })
	if i < 0 {
		return nil
	}
	return c.meta[i]
}

// LeaderOf returns the server that leads a stream, or nil while none does.
func (c *Cluster) LeaderOf(t testing.TB, js jetstream.JetStream, stream string) *Server {
	t.Helper()
	info := StreamInfo(t, js, stream)
	if info.Cluster == nil {
		return nil
	}
	return c.Server(info.Cluster.Leader)
}

// FollowersOf returns the servers that hold a stream and do not lead it.
func (c *Cluster) FollowersOf(t testing.TB, js jetstream.JetStream, stream string) []*Server {
	t.Helper()
	var followers []*Server
	if info := StreamInfo(t, js, stream); info.Cluster != nil {
		for _, peer := range info.Cluster.Replicas {
			followers = append(followers, c.Server(peer.Name))
		}
	}
	return followers
}
