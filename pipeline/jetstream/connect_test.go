package jetstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
)

func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWrongPasswordIsToldAndTriedAgain(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(o *server.Options) { o.Username, o.Password = "watch", "right-one" })
	file := write(t, "password", "wrong-one\n")
	s, log := open(t, Config{URL: URLs(srv.ClientURL()), User: "watch", PasswordFile: file})
	await(t, s, pipeline.SignalDisconnected, "Authorization Violation")

	all, err := look(t, s, "S", "T")
	if !errors.Is(err, pipeline.ErrDisconnected) || !strings.Contains(err.Error(), "Authorization Violation") || len(all) != 2 {
		t.Errorf("%d samples, %v", len(all), err)
	}
	for _, x := range all {
		if x.Fault.Kind != pipeline.FaultDisconnected || !strings.Contains(x.Fault.Text, "Authorization Violation") {
			t.Errorf("%+v", x.Fault)
		}
	}
	if _, err := look(t, s); !errors.Is(err, pipeline.ErrDisconnected) || !strings.Contains(err.Error(), "Authorization Violation") {
		t.Error(err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	await(t, s, pipeline.SignalDisconnected, "read password_file: open ")
	if err := os.WriteFile(file, []byte("right-one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	await(t, s, pipeline.SignalConnected, "")
	if log.count("wrong-one") > 0 || log.count("Authorization Violation") != 1 || log.count("msg=connected") != 1 {
		t.Errorf("log:\n%s", log.text.String())
	}
}

func TestEachReasonIsToldOnceInAnOutage(t *testing.T) {
	log := &logbook{}
	c := newConnection(slog.New(slog.NewTextHandler(log, nil)))
	defer c.end()
	for i := range 10 {
		for _, host := range []string{"a", "b"} {
			addr := &net.TCPAddr{IP: net.IPv4(10, 0, 0, host[0]), Port: 4222}
			source := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 50000 + i}
			c.failed(&net.OpError{Op: "read", Net: "tcp", Addr: addr, Source: source, Err: errors.New("reset by peer")})
		}
		c.failed(nats.ErrNoServers)
	}
	if n := log.count("not connected"); n != 2 {
		t.Errorf("%d lines:\n%s", n, log.text.String())
	}
	if err := c.down(); err.Error() != "not connected: read 10.0.0.98:4222: reset by peer" {
		t.Error(err)
	}
}

func TestPortThatIsNoNATS(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ scheme, greeting, want string }{
		"another protocol":                 {"nats", "SSH-2.0-OpenSSH_9.6\r\n", "does not speak NATS"},
		"silent":                           {"nats", "", "does not answer as a NATS server"},
		"silent to a websocket":            {"ws", "", "does not answer as a NATS server"},
		"silent to an encrypted websocket": {"wss", "", "i/o timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			listener := listen(t, func(conn net.Conn) {
				_, _ = conn.Write([]byte(c.greeting))
				_, _ = io.Copy(io.Discard, conn) // until the client hangs up
			})
			began := time.Now()
			s, log := open(t, Config{URL: URLs(c.scheme + "://" + listener)})
			if took := time.Since(began); took > openTimeout+time.Second {
				t.Errorf("Open took %v", took)
			}
			await(t, s, pipeline.SignalDisconnected, "")
			if _, err := look(t, s); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Error(err)
			}
			if log.count("level=") != 1 {
				t.Errorf("log:\n%s", log.text.String())
			}
		})
	}
}

func TestNobodyListensIsToldWithTheAddress(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	s, _ := open(t, Config{URL: URLs("nats://watch:hunter2@" + address)})
	await(t, s, pipeline.SignalDisconnected, "dial "+address+": connect: connection refused")
	_, err = look(t, s)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

func TestLostConnectionEndsQuestionsAndComesBack(t *testing.T) {
	t.Parallel()
	port := 0
	srv := serve(t, func(o *server.Options) { o.JetStream = false })
	port = srv.Addr().(*net.TCPAddr).Port
	asked := make(chan struct{}, 1)
	if _, err := client(t, srv).Subscribe("$JS.API.STREAM.INFO.S", func(*nats.Msg) { asked <- struct{}{} }); err != nil {
		t.Fatal(err)
	}
	s := connected(t, Config{URL: URLs(srv.ClientURL())})
	go func() {
		<-asked
		stop(srv)
	}()
	began := time.Now()
	all, err := askUntilHeard(t, s)
	if !errors.Is(err, pipeline.ErrDisconnected) || all[0].Fault.Kind != pipeline.FaultDisconnected {
		t.Errorf("%+v, %v", all[0].Fault, err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("the question waited %v", took)
	}
	await(t, s, pipeline.SignalDisconnected, "")
	if _, err := look(t, s); !errors.Is(err, pipeline.ErrDisconnected) {
		t.Error(err)
	}
	serve(t, func(o *server.Options) { o.Port = port })
	await(t, s, pipeline.SignalConnected, "n1")
	if _, err := look(t, s); err != nil {
		t.Error(err)
	}
}

// askUntilHeard asks about S until the responder's subscription is there.
func askUntilHeard(t *testing.T, s *Source) ([]*pipeline.Sample, error) {
	t.Helper()
	for {
		all, err := look(t, s, "S")
		if err != nil || !strings.Contains(all[0].Fault.Text, "nobody listens") {
			return all, err
		}
	}
}

func TestClientThatGivesUpIsReplaced(t *testing.T) {
	t.Parallel()
	visits := make(chan struct{}, 8)
	address := listen(t, func(conn net.Conn) {
		fmt.Fprintf(conn, "INFO {\"server_name\":\"n1\",\"max_payload\":1024}\r\n")
		lines := bufio.NewScanner(conn)
		for lines.Scan() {
			if lines.Text() == "PING" {
				visits <- struct{}{}
				// The client knows no such error, and closes for good.
				fmt.Fprintf(conn, "PONG\r\n-ERR 'Something New'\r\n")
			}
		}
	})
	s, _ := open(t, Config{URL: URLs(address)})
	for range 2 {
		<-visits
		await(t, s, pipeline.SignalConnected, "n1")
	}
}

// listen serves each connection with a function until the test ends, and returns its address.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				serve(conn)
			}()
		}
	}()
	return l.Addr().String()
}

func TestOpenRefusesWhatCannotBeUsed(t *testing.T) {
	for want, c := range map[string]Config{
		`configure connection "dr": url: "ftp://<secret>@h" has the scheme ftp; use nats, tls, ws or wss; tls: cert_file and key_file are needed together`: {
			URL: "ftp://u:hunter2@h", TLS: TLS{CertFile: "x"},
		},
		`open connection "dr": read nkey_file: `:                         {URL: "h", NkeyFile: "/nowhere"},
		`open connection "dr": read tls.ca_file: open /nowhere: no such`: {URL: "h", TLS: TLS{CAFile: "/nowhere"}},
	} {
		c.Name = "dr"
		s, err := Open(t.Context(), c, Pace{}, slog.New(slog.DiscardHandler))
		if err == nil {
			_ = s.Close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Open gives %v, want %s", err, want)
		}
	}
}
