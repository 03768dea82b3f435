package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// asked counts the questions to a real server, by what they are about.
type asked struct {
	pages, names    int // STREAM.LIST, STREAM.NAMES
	mirrors, origin int // STREAM.INFO
	servers         int // JSZ, and of what is between servers
	other           int
}

func (a *asked) add(subject string) {
	const info = "$JS.API.STREAM.INFO."
	switch {
	case subject == "$JS.API.STREAM.LIST":
		a.pages++
	case subject == "$JS.API.STREAM.NAMES":
		a.names++
	case subject == info+realOrigin:
		a.origin++
	case strings.HasPrefix(subject, info):
		a.mirrors++
	case strings.HasPrefix(subject, "$SYS.REQ.SERVER."):
		a.servers++
	default:
		a.other++
	}
}

// listener hears what a server is asked, whoever asks.
type listener struct {
	conns []*nats.Conn
	heard []*nats.Subscription
}

// listenIn begins to listen. The listener is to be closed.
func listenIn(url string) (*listener, error) {
	l := &listener{}
	for user, subject := range map[string]string{userWhole: "$JS.API.>", userSystem: "$SYS.REQ.>"} {
		if err := l.listen(url, user, subject); err != nil {
			l.close()
			return nil, fmt.Errorf("listen on %s: %w", subject, err)
		}
	}
	return l, nil
}

func (l *listener) listen(url, user, subject string) error {
	nc, err := connect(url, user, "listener")
	if err != nil {
		return err
	}
	l.conns = append(l.conns, nc)
	sub, err := nc.SubscribeSync(subject)
	if err != nil {
		return err
	}
	l.heard = append(l.heard, sub)
	return errors.Join(sub.SetPendingLimits(-1, -1), nc.Flush())
}

func (l *listener) close() {
	for _, nc := range l.conns {
		nc.Close()
	}
}

// take adds what was asked since it was called last.
func (l *listener) take(to *asked) error {
	for n, sub := range l.heard {
		if err := l.conns[n].Flush(); err != nil { // then all that was asked before is here
			return fmt.Errorf("listen on %s: %w", sub.Subject, err)
		}
		left, _, err := sub.Pending()
		for ; err == nil && left > 0; left-- {
			var m *nats.Msg
			if m, err = sub.NextMsg(time.Second); err == nil {
				to.add(m.Subject)
			}
		}
		if err != nil {
			return fmt.Errorf("listen on %s: %w", sub.Subject, err)
		}
	}
	return nil
}
