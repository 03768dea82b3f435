package jetstream

import (
	"net/url"
	"strconv"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// guardedServer is a server that speaks TLS only, and with none but clients of its authority.
type guardedServer struct {
	*pipelinetest.Server
	trusts *authority // what the next start uses
	url    URLs
}

// startGuarded runs one until the test ends: with TLS after the greeting, "first" or by "websocket".
func startGuarded(t *testing.T, trusts *authority, how string) *guardedServer {
	t.Helper()
	g := &guardedServer{trusts: trusts}
	port := -1
	g.Server = pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", Configure: func(o *server.Options) {
		if how == "websocket" {
			o.Websocket = server.WebsocketOpts{Host: "127.0.0.1", Port: port, TLSConfig: g.trusts.server(t)}
			return
		}
		o.TLS, o.TLSVerify, o.TLSHandshakeFirst, o.TLSConfig = true, true, how == "first", g.trusts.server(t)
	}})
	g.url = URLs(g.Addr())
	if how == "websocket" {
		web, err := url.Parse(g.NATS().WebsocketURL())
		if err != nil {
			t.Fatal(err)
		}
		if port, err = strconv.Atoi(web.Port()); err != nil {
			t.Fatal(err)
		}
		g.url = URLs(web.String())
	}
	return g
}

// files are those of a client that an authority vouches for.
func (a *authority) files(t *testing.T) map[string]string {
	t.Helper()
	cert, key := a.issue(t, "client")
	return map[string]string{"ca.crt": a.pem, "tls.crt": cert, "tls.key": key}
}

// tlsFrom is the configuration that uses the files.
func tlsFrom(m *mount, how string) TLS {
	return TLS{
		CAFile: m.path("ca.crt"), CertFile: m.path("tls.crt"), KeyFile: m.path("tls.key"), HandshakeFirst: how == "first",
	}
}

func TestClientCertificate(t *testing.T) {
	for _, how := range []string{"plain", "first", "websocket"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			ca := newAuthority(t)
			srv := startGuarded(t, ca, how)
			c := Config{Name: "dr", URL: srv.url, TLS: tlsFrom(newMount(t, ca.files(t)), how)}
			proves(t, c)
			c.TLS.CertFile, c.TLS.KeyFile = "", ""
			s, _ := open(t, c)
			await(t, s, pipeline.SignalDisconnected, "tls: certificate required; see tls.cert_file")
		})
	}
}

// TestRotatedCertificatesAreUsedAtTheNextConnect gives a server the certificate of another authority, and then the agent.
func TestRotatedCertificatesAreUsedAtTheNextConnect(t *testing.T) {
	for _, how := range []string{"plain", "first", "websocket"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			before, after := newAuthority(t), newAuthority(t)
			srv := startGuarded(t, before, how)
			old, fresh := before.files(t), after.files(t)
			secrets := newMount(t, old)
			s, log := open(t, Config{URL: srv.url, TLS: tlsFrom(secrets, how)})
			await(t, s, pipeline.SignalConnected, "n1")

			srv.Stop()
			srv.trusts = after
			if err := srv.Start(); err != nil {
				t.Fatal(err)
			}
			await(t, s, pipeline.SignalDisconnected, "; see tls.ca_file")
			secrets.swap(t, map[string]string{"ca.crt": fresh["ca.crt"], "tls.crt": fresh["tls.crt"], "tls.key": old["tls.key"]})
			await(t, s, pipeline.SignalDisconnected, "read tls.cert_file and tls.key_file: tls: private key does not match public key")
			secrets.swap(t, map[string]string{"tls.crt": fresh["tls.crt"], "tls.key": fresh["tls.key"]})
			await(t, s, pipeline.SignalDisconnected, "read tls.ca_file: open "+secrets.path("ca.crt")+": ")
			secrets.swap(t, fresh)
			await(t, s, pipeline.SignalConnected, "n1")
			if _, err := look(t, s); err != nil {
				t.Error(err)
			}
			if log.count("read tls.") != 2 || log.count("unknown authority") != 1 || log.count("msg=connected") != 2 {
				t.Errorf("log:\n%s", log.text.String())
			}
		})
	}
}

// A server that begins in another way than the agent expects is told as what it is.
func TestTLSThatDoesNotFit(t *testing.T) {
	ca := newAuthority(t)
	secrets := newMount(t, ca.files(t))
	plain := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1"})
	after, first := startGuarded(t, ca, "plain"), startGuarded(t, ca, "first")
	for want, c := range map[string]Config{
		"first record does not look like a TLS handshake; see tls.handshake_first": {URL: after.url, TLS: tlsFrom(secrets, "first")},
		"does not answer as a NATS server":                                         {URL: first.url, TLS: tlsFrom(secrets, "plain")},
		"secure connection not available":                                          {URL: URLs("tls://" + plain.Addr())},
	} {
		s, _ := open(t, c)
		await(t, s, pipeline.SignalDisconnected, want)
	}
}

// A certificate of ours that has no key, or is none, is told when the connection is opened.
func TestUnusableCertificatesAreRefused(t *testing.T) {
	none := write(t, "none.pem", "not PEM\n")
	for want, c := range map[string]TLS{
		"read tls.ca_file: " + none + " has no PEM certificate":                                      {CAFile: none},
		"read tls.cert_file and tls.key_file: tls: failed to find any PEM data in certificate input": {CertFile: none, KeyFile: none},
	} {
		if _, err := (Config{TLS: c}).identity(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
