package pipelinetest_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"mirrorwatch/pipeline/pipelinetest"
)

func TestABlackholeToTheTargetLosesWhatClientsSend(t *testing.T) {
	link, near, far := ends(t)
	link.BlackholeToTarget()
	write(t, near, "there")
	write(t, far, "back")
	if err := near.hear("back", 5*time.Second); err != nil {
		t.Errorf("from the target: %v", err)
	}
	silent(t, "to the target", far)

	link.Restore()
	if err := far.hear("there", 5*time.Second); err != nil {
		t.Errorf("restored: %v", err)
	}
}

func TestABlackholeFromTheTargetLosesWhatItSends(t *testing.T) {
	link, near, far := ends(t)
	link.BlackholeFromTarget()
	write(t, near, "there")
	write(t, far, "back")
	if err := far.hear("there", 5*time.Second); err != nil {
		t.Errorf("to the target: %v", err)
	}
	silent(t, "from the target", near)

	link.Restore()
	if err := near.hear("back", 5*time.Second); err != nil {
		t.Errorf("restored: %v", err)
	}
}

func TestNoConnectionIsMadeOverALinkThatIsBrokenOneWay(t *testing.T) {
	for _, spoil := range []func(*pipelinetest.Link){
		(*pipelinetest.Link).BlackholeToTarget,
		(*pipelinetest.Link).BlackholeFromTarget,
	} {
		link := newLink(t)
		spoil(link)
		c := dial(t, link)
		if err := c.say("one", 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("error %v, want silence", err)
		}
		link.Restore()
		if err := c.hear("one", 5*time.Second); err != nil {
			t.Errorf("restored: %v", err)
		}
	}
}

// ends returns both ends of one connection over a link.
func ends(t *testing.T) (link *pipelinetest.Link, near, far *client) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if link, err = pipelinetest.NewLink(listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := link.Close(); err != nil {
			t.Error(err)
		}
	})
	near = dial(t, link)
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return link, near, &client{conn, bufio.NewReader(conn)}
}

func write(t *testing.T, c *client, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text+"\n"); err != nil {
		t.Fatal(err)
	}
}

func silent(t *testing.T, what string, c *client) {
	t.Helper()
	if err := c.hear("nothing", 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%s: error %v, want silence", what, err)
	}
}
