package pipelinetest

import (
	"fmt"
	"net"
	"sync"
	"time"
)

// Link is a TCP link on loopback that can be broken on purpose: it passes on to its target every connection that is made
// to Addr. Each setting replaces the one before.
type Link struct {
	target   string
	listener *net.TCPListener

	mu      sync.Mutex
	state   linkState
	changed chan struct{} // closed when state changes
	wires   map[*wire]bool
	closed  bool
	running sync.WaitGroup
}

// linkState is what a Link does with bytes and connections.
type linkState struct {
	cut   bool
	hole  [2]bool // by direction
	delay time.Duration
}

// direction is the way that bytes take over a link.
type direction int

const (
	toTarget direction = iota
	fromTarget
)

// NewLink returns a whole link to target, an address "host:port" that need not be there yet. The caller closes it.
func NewLink(target string) (*Link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for link to %s: %w", target, err)
	}
	l := &Link{
		target: target, listener: listener.(*net.TCPListener),
		changed: make(chan struct{}), wires: map[*wire]bool{},
	}
	l.running.Go(l.accept)
	return l, nil
}

// Addr is the address that leads over the link to its target.
func (l *Link) Addr() string { return l.listener.Addr().String() }

// Cut resets all connections, and from now on every new one.
func (l *Link) Cut() { l.set(linkState{cut: true}) }

// Blackhole keeps connections open and lets nothing pass: no byte, no end of a connection, no answer to a new one. What
// was sent meanwhile arrives once the link is whole again, as TCP's retransmissions would.
func (l *Link) Blackhole() { l.set(linkState{hole: [2]bool{true, true}}) }

// BlackholeToTarget is a Blackhole one way: nothing that the target's clients send arrives, what the target sends does.
// A new connection is made once the link is whole again.
func (l *Link) BlackholeToTarget() { l.set(linkState{hole: [2]bool{toTarget: true}}) }

// BlackholeFromTarget is a Blackhole the other way: nothing that the target sends arrives.
func (l *Link) BlackholeFromTarget() { l.set(linkState{hole: [2]bool{fromTarget: true}}) }

// Delay lets every byte arrive d late, in each direction.
func (l *Link) Delay(d time.Duration) { l.set(linkState{delay: d}) }

// Restore makes the link whole: connections pass, at once.
func (l *Link) Restore() { l.set(linkState{}) }

// Connections is the number of connections that are open over the link.
func (l *Link) Connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.wires)
}

// Close resets all connections and ends the link. It returns when nothing of it runs any more.
func (l *Link) Close() error {
	l.mu.Lock()
	l.closed = true
	for w := range l.wires {
		w.reset()
	}
	l.mu.Unlock()
	err := l.listener.Close()
	l.running.Wait()
	return err
}

func (l *Link) set(s linkState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = s
	close(l.changed)
	l.changed = make(chan struct{})
	if s.cut {
		for w := range l.wires {
			w.reset()
		}
	}
}

// now returns the link's state, and a channel that is closed when it changes.
func (l *Link) now() (linkState, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, l.changed
}

func (l *Link) accept() {
	for {
		near, err := l.listener.AcceptTCP()
		if err != nil {
			return // closed
		}
		if w := l.wire(near); w != nil {
			l.running.Go(func() {
				w.run()
				l.mu.Lock()
				delete(l.wires, w)
				l.mu.Unlock()
			})
		}
	}
}

// wire takes a connection in, or resets it and returns nil.
func (l *Link) wire(near *net.TCPConn) *wire {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := &wire{link: l, near: near, done: make(chan struct{})}
	if l.closed || l.state.cut {
		w.reset()
		return nil
	}
	l.wires[w] = true
	return w
}
