package pipelinetest

import (
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// The user of the system account on servers with ServerOptions.SystemUser, and the user as which clients without one
// connect there, unless Config names users of its own.
const (
	SystemAccount  = "SYS"
	SystemUser     = "sys"
	SystemPassword = "sys"
	defaultUser    = "anyone"
)

// leafReconnect is how soon a server tries again to reach a remote: a quarter of nats-server's own, to keep tests fast.
const leafReconnect = 250 * time.Millisecond

// blueprint is all that a server is made from, as a child process gets it.
type blueprint struct {
	Options  ServerOptions
	Port     int // of clients; 0: any
	LeafPort int
	Member   *membership // of a cluster; nil: none
	LeafUser *leafUser   // as which leafnodes connect; nil: as anyone
}

// membership is a server's place in a cluster.
type membership struct {
	Cluster     string
	Port        int      // of routes
	Routes      []string // addresses of the other members
	GatewayPort int      // 0: no gateway
	Advertise   string   // address that other clusters are told of
	Gateways    map[string][]string
}

// leafUser is the user that leafnodes connect as; both its name and its password are "leaf".
type leafUser struct {
	Denied Denied
}

const leafUserName = "leaf"

// ports are those that a server listens on.
type ports struct {
	Client, Leafnode int
}

// options returns what nats-server makes of the blueprint.
func (b *blueprint) options() (*server.Options, error) {
	o := b.Options
	opts := &server.Options{}
	if o.Config != "" {
		if err := opts.ProcessConfigString(o.Config); err != nil {
			return nil, err
		}
	}
	opts.ServerName = o.Name
	opts.Host, opts.Port = "127.0.0.1", portOr(b.Port)
	opts.NoLog, opts.NoSigs = true, true
	opts.JetStream, opts.JetStreamDomain, opts.StoreDir = true, o.Domain, o.StoreDir
	opts.JetStreamMaxMemory, opts.JetStreamMaxStore = 256<<20, 4<<30
	if o.Leafnodes {
		opts.LeafNode.Host, opts.LeafNode.Port = "127.0.0.1", portOr(b.LeafPort)
		opts.LeafNode.NoAdvertise = true // gossip would lead round a link
	}
	opts.LeafNode.ReconnectInterval = leafReconnect
	for _, addr := range o.Remotes {
		opts.LeafNode.Remotes = append(opts.LeafNode.Remotes, &server.RemoteLeafOpts{
			URLs:                    []*url.URL{{Scheme: "nats-leaf", User: b.remoteUser(), Host: addr}},
			IgnoreDiscoveredServers: true,
		})
	}
	b.addUsers(opts)
	if b.Member != nil {
		b.Member.join(opts)
	}
	return opts, nil
}

// remoteUser is as whom the server connects to its remotes.
func (b *blueprint) remoteUser() *url.Userinfo {
	if b.LeafUser == nil {
		return nil
	}
	return url.UserPassword(leafUserName, leafUserName)
}

// addUsers adds the system account and the leafnodes' user to what the configuration has.
func (b *blueprint) addUsers(opts *server.Options) {
	if !b.Options.SystemUser && b.LeafUser == nil {
		return
	}
	if len(opts.Users) == 0 && len(opts.Nkeys) == 0 && opts.NoAuthUser == "" {
		opts.Users = append(opts.Users, &server.User{Username: defaultUser})
		opts.NoAuthUser = defaultUser
	}
	if b.Options.SystemUser && opts.SystemAccount == "" {
		account := server.NewAccount(SystemAccount)
		opts.Accounts, opts.SystemAccount = append(opts.Accounts, account), SystemAccount
		opts.Users = append(opts.Users, &server.User{Username: SystemUser, Password: SystemPassword, Account: account})
	}
	if b.LeafUser != nil && b.Options.Leafnodes {
		opts.Users = append(opts.Users, &server.User{
			Username: leafUserName, Password: leafUserName, Permissions: b.LeafUser.Denied.permissions(),
		})
	}
}

func (m *membership) join(opts *server.Options) {
	opts.Cluster.Name, opts.Cluster.Host, opts.Cluster.Port = m.Cluster, "127.0.0.1", m.Port
	for _, addr := range m.Routes {
		opts.Routes = append(opts.Routes, &url.URL{Scheme: "nats-route", Host: addr})
	}
	if m.GatewayPort == 0 {
		return
	}
	g := &opts.Gateway
	g.Name, g.Host, g.Port, g.Advertise, g.RejectUnknown = m.Cluster, "127.0.0.1", m.GatewayPort, m.Advertise, true
	for _, name := range slices.Sorted(maps.Keys(m.Gateways)) {
		remote := &server.RemoteGatewayOpts{Name: name}
		for _, addr := range m.Gateways[name] {
			remote.URLs = append(remote.URLs, &url.URL{Scheme: "nats", Host: addr})
		}
		g.Gateways = append(g.Gateways, remote)
	}
}

// portOr returns the port, or for none what asks nats-server for a free one.
func portOr(port int) int {
	if port == 0 {
		return server.RANDOM_PORT
	}
	return port
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
