package pipelinetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
)

// The accounts of a CrossAccount; each has one user, whose name and password are OriginUser and MirrorUser.
const (
	OriginAccount = "ORIGIN"
	MirrorAccount = "MIRROR"
	OriginUser    = "origin"
	MirrorUser    = "mirror"
)

// The subjects over which the mirror's account reaches the origin's.
const (
	ImportedAPI   = "JS.origin.API"  // in the mirror's account: $JS.API of the origin's
	DeliverPrefix = "deliver.mirror" // in both
)

// CrossAccountOptions say what the mirror's account does not import of what the origin's exports; the zero value is
// all that a mirror needs.
type CrossAccountOptions struct {
	WithoutAPI         bool // $JS.API: no new consumer, no view of the origin
	WithoutInfo        bool // of the API all but the consumers' part
	WithoutDelivery    bool // the subjects on which the origin delivers
	WithoutFlowControl bool // $JS.FC: the origin waits for answers that do not come
}

// CrossAccount is one server on which an account's streams mirror those of another account.
type CrossAccount struct {
	Server *Server
}

// StartCrossAccount runs the server until the test ends.
func StartCrossAccount(t testing.TB, o CrossAccountOptions) *CrossAccount {
	t.Helper()
	return &CrossAccount{StartServer(t, ServerOptions{Name: "accounts", SystemUser: true, Config: o.config()})}
}

// Reload changes what is imported while the server runs.
func (x *CrossAccount) Reload(t testing.TB, o CrossAccountOptions) {
	t.Helper()
	if err := x.Server.Reload(func(server *ServerOptions) { server.Config = o.config() }); err != nil {
		t.Fatal(err)
	}
}

// Origin returns JetStream of the origin's account.
func (x *CrossAccount) Origin(t testing.TB) jetstream.JetStream {
	t.Helper()
	return x.Server.JetStream(t, User(OriginUser))
}

// Mirror returns JetStream of the mirror's account.
func (x *CrossAccount) Mirror(t testing.TB) jetstream.JetStream {
	t.Helper()
	return x.Server.JetStream(t, User(MirrorUser))
}

// Source is how a stream of the mirror's account names its origin: as a mirror or as one of its sources.
func (x *CrossAccount) Source(origin string) *jetstream.StreamSource {
	return &jetstream.StreamSource{
		Name: origin, External: &jetstream.ExternalStream{APIPrefix: ImportedAPI, DeliverPrefix: DeliverPrefix},
	}
}

func (o CrossAccountOptions) config() string {
	var imports []string
	service := func(subject, to string) {
		imports = append(imports, fmt.Sprintf("{service: {account: %s, subject: %q}, to: %q}", OriginAccount, subject, to))
	}
	switch {
	case o.WithoutAPI:
	case o.WithoutInfo:
		service("$JS.API.CONSUMER.>", ImportedAPI+".CONSUMER.>")
	default:
		service("$JS.API.>", ImportedAPI+".>")
	}
	if !o.WithoutFlowControl {
		service("$JS.FC.>", "$JS.FC.>")
	}
	if !o.WithoutDelivery {
		imports = append(imports, fmt.Sprintf("{stream: {account: %s, subject: %q}}", OriginAccount, DeliverPrefix+".>"))
	}
	return fmt.Sprintf(`accounts {
		%s {
			jetstream: enabled
			users: [{user: %[2]s, password: %[2]s}]
			exports: [{service: "$JS.API.>"}, {service: "$JS.FC.>"}, {stream: "%[3]s.>"}]
		}
		%s {
			jetstream: enabled
			users: [{user: %[5]s, password: %[5]s}]
			imports: [%s]
		}
	}`, OriginAccount, OriginUser, DeliverPrefix, MirrorAccount, MirrorUser, strings.Join(imports, ", "))
}
