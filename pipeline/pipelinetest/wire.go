package pipelinetest

import (
	"net"
	"slices"
	"sync"
	"time"
)

// wire is one connection over a Link.
type wire struct {
	link *Link
	near *net.TCPConn
	done chan struct{} // closed when the wire ends

	mu   sync.Mutex
	far  *net.TCPConn // nil until the target took the connection
	dead bool
}

// chunk is bytes under way; the last one of a direction carries none.
type chunk struct {
	bytes []byte
	read  time.Time
}

const (
	chunkSize   = 32 << 10
	chunksAhead = 128 // under way in one direction, before its sender is made to wait
	dialTimeout = 5 * time.Second
)

// run passes bytes both ways until both ends are done or the wire is reset.
func (w *wire) run() {
	defer w.reset()
	if !w.pass(time.Now(), toTarget, fromTarget) {
		return
	}
	conn, err := net.DialTimeout("tcp", w.link.target, dialTimeout)
	if err != nil {
		return
	}
	far := conn.(*net.TCPConn)
	if !w.join(far) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { w.pump(far, w.near, toTarget) })
	both.Go(func() { w.pump(w.near, far, fromTarget) })
	both.Wait()
	w.finish()
}

// pump passes what comes from one end to the other, and at last that there is no more.
func (w *wire) pump(to, from *net.TCPConn, way direction) {
	chunks := make(chan chunk, chunksAhead)
	var reading sync.WaitGroup
	defer reading.Wait()
	reading.Go(func() {
		defer close(chunks)
		for {
			buffer := make([]byte, chunkSize)
			n, err := from.Read(buffer)
			select {
			case chunks <- chunk{buffer[:n], time.Now()}:
			case <-w.done:
				return
			}
			if err != nil {
				return
			}
		}
	})
	for c := range chunks {
		if !w.pass(c.read, way) {
			return
		}
		if _, err := to.Write(c.bytes); err != nil {
			w.reset()
			return
		}
	}
	if !w.pass(time.Now(), way) || to.CloseWrite() != nil {
		w.reset()
	}
}

// pass waits until what was read at that time may pass in all those directions. It returns false when the wire is reset.
func (w *wire) pass(read time.Time, ways ...direction) bool {
	for {
		state, changed := w.link.now()
		hole := slices.ContainsFunc(ways, func(way direction) bool { return state.hole[way] })
		wait := time.Until(read.Add(state.delay))
		if !hole && (state.delay == 0 || wait <= 0) {
			return !w.isReset()
		}
		timer := time.NewTimer(wait)
		due := timer.C
		if hole {
			due = nil
		}
		select {
		case <-due:
		case <-changed:
		case <-w.done:
		}
		timer.Stop()
		if w.isReset() {
			return false
		}
	}
}

func (w *wire) isReset() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// join takes the far end in; where the wire was reset meanwhile, it resets it too and returns false.
func (w *wire) join(far *net.TCPConn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.far = far
	if w.dead {
		abort(far)
		return false
	}
	return true
}

// reset ends the wire at once: both ends learn it as a reset connection.
func (w *wire) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return
	}
	w.dead = true
	close(w.done)
	abort(w.near)
	if w.far != nil {
		abort(w.far)
	}
}

// finish closes both ends, which know already that no more comes.
func (w *wire) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return
	}
	w.dead = true
	close(w.done)
	_ = w.near.Close()
	_ = w.far.Close()
}

func abort(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}
