package pipelinetest_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"mirrorwatch/pipeline/pipelinetest"
)

// echo is the address of a server that sends back what it gets, until the test ends.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		running.Wait()
	})
	return listener.Addr().String()
}

func newLink(t *testing.T) *pipelinetest.Link {
	t.Helper()
	target := echo(t)
	link, err := pipelinetest.NewLink(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := link.Close(); err != nil {
			t.Error(err)
		}
	})
	return link
}

type client struct {
	net.Conn
	lines *bufio.Reader
}

func dial(t *testing.T, link *pipelinetest.Link) *client {
	t.Helper()
	conn, err := net.Dial("tcp", link.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{conn, bufio.NewReader(conn)}
}

// say sends a line, and tells why its echo did not come within the time.
func (c *client) say(text string, within time.Duration) error {
	if _, err := io.WriteString(c, text+"\n"); err != nil {
		return err
	}
	return c.hear(text, within)
}

func (c *client) hear(text string, within time.Duration) error {
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	got, err := c.lines.ReadString('\n')
	if err == nil && got != text+"\n" {
		err = errors.New("heard " + got)
	}
	return err
}

func TestAWholeLinkPassesEverything(t *testing.T) {
	link := newLink(t)
	c := dial(t, link)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	var writing sync.WaitGroup
	writing.Go(func() {
		if _, err := c.Write(sent); err != nil {
			t.Error(err)
		}
		if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Error(err)
		}
	})
	got, err := io.ReadAll(c.lines)
	writing.Wait()
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d bytes of %d came back, error %v", len(got), len(sent), err)
	}
	pipelinetest.Eventually(t, 5*time.Second, "the connection is over", func() bool { return link.Connections() == 0 })
}

func TestACutResetsConnectionsAndRefusesNewOnes(t *testing.T) {
	link := newLink(t)
	c := dial(t, link)
	if err := c.say("one", 5*time.Second); err != nil {
		t.Fatal(err)
	}
	link.Cut()
	if err := c.say("two", 5*time.Second); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after the cut: error %v, want a connection that is over", err)
	}
	if conn, err := net.Dial("tcp", link.Addr()); err == nil {
		refused := &client{conn, bufio.NewReader(conn)}
		if err := refused.say("three", 5*time.Second); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a new connection while cut: error %v, want one that is over", err)
		}
		conn.Close()
	}
	link.Restore()
	if err := dial(t, link).say("four", 5*time.Second); err != nil {
		t.Errorf("restored: %v", err)
	}
}

func TestABlackholeKeepsConnectionsAndPassesNothing(t *testing.T) {
	link := newLink(t)
	c := dial(t, link)
	if err := c.say("one", 5*time.Second); err != nil {
		t.Fatal(err)
	}
	link.Blackhole()
	if err := c.say("two", 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v, want silence", err)
	}
	late := dial(t, link)
	if err := late.say("three", 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a new connection: error %v, want silence", err)
	}
	link.Restore()
	if err := c.hear("two", 5*time.Second); err != nil {
		t.Errorf("restored: %v", err)
	}
	if err := late.hear("three", 5*time.Second); err != nil {
		t.Errorf("restored, new connection: %v", err)
	}
}

func TestADelayIsPaidInEachDirection(t *testing.T) {
	const delay = 60 * time.Millisecond
	link := newLink(t)
	c := dial(t, link)
	if err := c.say("one", 5*time.Second); err != nil {
		t.Fatal(err)
	}
	link.Delay(delay)
	start := time.Now()
	if err := c.say("two", 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 2*delay {
		t.Errorf("there and back in %s, want at least %s", took, 2*delay)
	}
}

func TestCloseEndsAllThatRuns(t *testing.T) {
	for _, spoil := range []func(*pipelinetest.Link){
		(*pipelinetest.Link).Restore,
		(*pipelinetest.Link).Cut,
		(*pipelinetest.Link).Blackhole,
		func(l *pipelinetest.Link) { l.Delay(time.Hour) },
	} {
		link, err := pipelinetest.NewLink(echo(t))
		if err != nil {
			t.Fatal(err)
		}
		c := dial(t, link)
		if err := c.say("one", 5*time.Second); err != nil {
			t.Fatal(err)
		}
		spoil(link)
		_, _ = io.WriteString(c, "two\n")
		if err := link.Close(); err != nil {
			t.Error(err)
		}
		if n := link.Connections(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
	}
}
