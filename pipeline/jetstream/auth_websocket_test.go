package jetstream

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// TestWebsocketThroughAProxy reaches a server by a path of a web server, plain and encrypted.
func TestWebsocketThroughAProxy(t *testing.T) {
	for _, scheme := range []string{"ws", "wss"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", Configure: func(o *server.Options) {
				o.Websocket = server.WebsocketOpts{Host: "127.0.0.1", Port: -1, NoTLS: true, Token: "t0ken"}
			}})
			target, err := url.Parse(strings.Replace(srv.NATS().WebsocketURL(), "ws://", "http://", 1))
			if err != nil {
				t.Fatal(err)
			}
			mux := http.NewServeMux()
			mux.Handle("/nats/east", http.StripPrefix("/nats/east", httputil.NewSingleHostReverseProxy(target)))
			proxy := httptest.NewUnstartedServer(mux)
			c := Config{TokenFile: write(t, "token", "t0ken\n")}
			if scheme == "wss" {
				ca := newAuthority(t)
				proxy.TLS = ca.server(t)
				proxy.TLS.ClientAuth = tls.NoClientCert
				proxy.StartTLS()
				c.TLS.CAFile = write(t, "ca.pem", ca.pem)
			} else {
				proxy.Start()
			}
			t.Cleanup(proxy.Close)
			base := scheme + "://" + proxy.Listener.Addr().String()
			c.URL = URLs(base + "/nats/east")
			proves(t, c)
			c.URL = URLs(base + "/nats/west")
			s, _ := open(t, c)
			await(t, s, pipeline.SignalDisconnected, "invalid websocket connection")
		})
	}
}
