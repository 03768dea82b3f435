package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
)

// asks are the questions under way. The server tells of a missing permission, and the client of a lost connection,
// apart from the question, which would wait out its time otherwise.
type asks struct {
	mu    sync.Mutex
	by    map[string]*asking // by subject, the newest of several
	muted error              // not nil: no answer can reach us until the next connect
}

// asking is one question under way.
type asking struct {
	subject      string
	give         func(error)
	older, newer *asking // on the same subject
}

// enter registers a question; give ends it with a cause. The question is to leave in the end.
func (a *asks) enter(subject string, give func(error)) (*asking, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.muted != nil {
		return nil, a.muted
	}
	if a.by == nil {
		a.by = map[string]*asking{}
	}
	one := &asking{subject: subject, give: give, older: a.by[subject]}
	if one.older != nil {
		one.older.newer = one
	}
	a.by[subject] = one
	return one, nil
}

func (a *asks) leave(one *asking) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if one.older != nil {
		one.older.newer = one.newer
	}
	if one.newer != nil {
		one.newer.older = one.older
		return
	}
	if a.by[one.subject] = one.older; one.older == nil {
		delete(a.by, one.subject)
	}
}

// deny ends the questions that a permissions violation concerns: those on its subject, or all where it says that answers, to
// subjects under inbox, cannot be received. It tells whether the violation concerns questions at all.
func (a *asks) deny(violation error, inbox string) bool {
	text := strings.TrimPrefix(violation.Error(), nats.ErrPermissionViolation.Error()+": ")
	denied := fmt.Errorf("%w: %s", pipeline.ErrDenied, text)
	subject := violated(violation)
	a.mu.Lock()
	defer a.mu.Unlock()
	if strings.HasPrefix(text, "Permissions Violation for Publish to ") {
		newest := a.by[subject]
		newest.giveAll(denied)
		return newest != nil
	}
	if !strings.HasPrefix(subject, inbox+".") {
		return false
	}
	a.muted = denied
	a.giveAll(denied)
	return true
}

// violated is the subject that a permissions violation names.
func violated(violation error) string {
	_, rest, _ := strings.Cut(violation.Error(), `"`)
	subject, _, _ := strings.Cut(rest, `"`)
	return subject
}

// drop ends all questions, and forgets that answers could not be received.
func (a *asks) drop(cause error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.muted = nil
	a.giveAll(cause)
}

func (a *asks) giveAll(cause error) {
	for _, newest := range a.by {
		newest.giveAll(cause)
	}
}

// giveAll ends the question and the older ones on its subject. It may be called on nil.
func (one *asking) giveAll(cause error) {
	for ; one != nil; one = one.older {
		one.give(cause)
	}
}

// ask puts one question and returns the answer. Its error wraps pipeline.ErrDisconnected, ErrDenied or ErrNoAnswer, or is
// ctx's cause.
func (c *connection) ask(ctx context.Context, subject string, body []byte, wait time.Duration) ([]byte, error) {
	ctx, give := context.WithCancelCause(ctx)
	defer give(nil)
	one, err := c.asks.enter(subject, give)
	if err != nil {
		return nil, err
	}
	defer c.asks.leave(one)
	nc, err := c.client()
	if err != nil {
		return nil, err
	}
	late := time.AfterFunc(wait, func() { give(fmt.Errorf("%w within %v", pipeline.ErrNoAnswer, wait)) })
	defer late.Stop()
	msg, err := nc.RequestWithContext(ctx, subject, body)
	switch {
	case err == nil:
		return msg.Data, nil
	case errors.Is(err, nats.ErrNoResponders):
		return nil, unheard(subject)
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case !nc.IsConnected():
		return nil, c.down()
	}
	return nil, fmt.Errorf("ask %s: %w", subject, err)
}

// unheard is the error of a question on a subject that nobody listens on. It wraps pipeline.ErrNoAnswer, as silence does, and
// nats.ErrNoResponders.
type unheard string

func (u unheard) Error() string {
	return pipeline.ErrNoAnswer.Error() + ": nobody listens on " + string(u)
}

func (u unheard) Unwrap() []error { return []error{pipeline.ErrNoAnswer, nats.ErrNoResponders} }
