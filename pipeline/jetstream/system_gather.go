package jetstream

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
)

// arrival is an answer as it came in.
type arrival struct {
	msg *nats.Msg
	at  time.Time
}

// quietAfter ends the first question, while it is not known which servers there are.
const quietAfter = 500 * time.Millisecond

// gather asks all servers for a monitoring document, and gives each answer to take as it arrives. Where take returns
// options, the same server is asked again with those. It ends when each server answered that answered last time, or after the
// patience; silent are those that are known and did not answer. Its error wraps pipeline.ErrDisconnected, ErrDenied or, when
// nobody answered, ErrNoAnswer, or is ctx's cause.
func gather[T any](ctx context.Context, s *System, q question[T], take func(*said[T]) any) (silent map[string]bool, err error) {
	ctx, give := context.WithCancelCause(ctx)
	defer give(nil)
	defer context.AfterFunc(s.conn.life, func() { give(s.conn.down()) })()
	subject := "$SYS.REQ.SERVER.PING." + q.what
	one, err := s.conn.asks.enter(subject, give)
	if err != nil {
		return nil, err
	}
	defer s.conn.asks.leave(one)
	nc, err := s.conn.client()
	if err != nil {
		return nil, err
	}
	asked := time.Now()
	inbox, arrivals, end, err := s.receive(nc)
	if err != nil {
		return nil, err
	}
	ask := func(subject string, options any) error {
		body, err := json.Marshal(options)
		if err != nil {
			return err
		}
		msg := &nats.Msg{Subject: subject, Reply: inbox, Data: body}
		if q.packed {
			msg.Header = nats.Header{"Accept-Encoding": {"gzip"}}
		}
		return nc.PublishMsg(msg)
	}
	if err := ask(subject, q.options); err != nil {
		end()
		return nil, fmt.Errorf("ask %s: %w", subject, err)
	}
	defer func() { go s.lateAnswers(arrivals, end, asked.Add(s.patience)) }()

	waiting, answered := s.members.expected(), map[string]bool{}
	first := len(waiting) == 0
	denied, outs := make(chan string, 64), []*asking{}
	defer func() {
		for _, out := range outs {
			s.conn.asks.leave(out)
		}
	}()
	patience, quiet := time.NewTimer(s.patience), time.NewTimer(s.patience)
	defer patience.Stop()
	defer quiet.Stop()
	for first || len(waiting) > 0 {
		select {
		case a := <-arrivals:
			if a.msg.Header.Get("Status") == "503" && len(a.msg.Data) == 0 {
				return nil, fmt.Errorf("%w: nobody listens on %s: are these credentials of the system account?", pipeline.ErrNoAnswer, subject)
			}
			one, err := q.decode(a.msg)
			if err != nil {
				s.log.Warn("a server's answer is not understood", "question", subject, "error", err)
				continue
			}
			one.asked, one.at = asked, a.at
			s.members.heard(one.Server, a.at)
			answered[one.Server.id()] = true
			quiet.Reset(quietAfter)
			if one.Error != nil {
				s.log.Warn("a server refuses a question", "question", subject, "server", one.Server.Name, "error", one.Error)
			} else if again := take(one); again != nil {
				page, id := "$SYS.REQ.SERVER."+one.Server.ID+"."+q.what, one.Server.id()
				err := s.refusals.ask(s.log, asked, "*."+q.what, func() error {
					out, err := s.conn.asks.enter(page, func(error) {
						select {
						case denied <- id:
						default: // all waits end soon anyway
						}
					})
					if err != nil {
						return err
					}
					outs = append(outs, out)
					return ask(page, again)
				})
				if err == nil {
					continue
				}
			}
			delete(waiting, one.Server.id())
		case id := <-denied: // no more than its first page is told
			s.refusals.add(s.log, asked, "*."+q.what)
			delete(waiting, id)
		case <-quiet.C:
			if first && len(answered) > 0 { // now those are known that a cluster counts as its own
				first, waiting = false, s.members.expected()
				maps.DeleteFunc(waiting, func(name string, _ bool) bool { return answered[name] })
			}
		case <-patience.C:
			first = false
			s.members.missed(waiting, asked)
			clear(waiting)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	if len(answered) == 0 {
		s.hurry(nc)
		return nil, fmt.Errorf("%w: no server answers %s within %v", pipeline.ErrNoAnswer, subject, s.patience)
	}
	return s.members.silent(), nil
}

// receive subscribes to an inbox for answers, which are dated as they arrive. End is to be called.
func (s *System) receive(nc *nats.Conn) (inbox string, arrivals chan arrival, end func(), err error) {
	arrivals, ended := make(chan arrival, 64), make(chan struct{})
	inbox = nc.NewInbox()
	sub, err := nc.Subscribe(inbox, func(msg *nats.Msg) {
		select {
		case arrivals <- arrival{msg, time.Now()}:
		case <-ended:
		}
	})
	if err == nil {
		err = sub.SetPendingLimits(-1, -1) // one answer may be larger than the client's own limit
	}
	if err != nil {
		return "", nil, nil, fmt.Errorf("subscribe to %s: %w", inbox, err)
	}
	return inbox, arrivals, func() {
		close(ended)
		_ = sub.Unsubscribe() // fails only where the connection has gone, and the subscription with it
	}, nil
}

// lateAnswers notes who answers after nobody was waited for any more, so that they are waited for next time.
func (s *System) lateAnswers(arrivals <-chan arrival, end func(), until time.Time) {
	defer end()
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	for {
		select {
		case a := <-arrivals:
			if one, err := plain[struct{}]("", nil).decode(a.msg); err == nil {
				s.members.heard(one.Server, a.at)
			}
		case <-timer.C:
			return
		case <-s.conn.life.Done():
			return
		}
	}
}

// hurry looks for another server when nobody answered: ours may be the one that hangs.
func (s *System) hurry(nc *nats.Conn) {
	s.mu.Lock()
	due := time.Since(s.hurried) >= reconnectApart && len(nc.Servers()) > 1
	if due {
		s.hurried = time.Now()
	}
	s.mu.Unlock()
	if due && s.conn.nc.Load() == nc && nc.IsConnected() {
		s.log.Warn("no server answers, connecting anew", "server", nc.ConnectedServerName())
		_ = nc.ForceReconnect() // fails only where the client is closed
	}
}
