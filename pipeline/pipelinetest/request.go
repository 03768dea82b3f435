package pipelinetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// requestTimeout bounds what a test asks of a server; attemptTimeout each attempt at it.
const (
	requestTimeout = 10 * time.Second
	attemptTimeout = 2 * time.Second
)

// The error codes of a cluster that is not ready: it does not know yet where to place a stream, or has no meta leader.
const (
	noPeers      jetstream.ErrorCode = 10005
	noMetaLeader jetstream.ErrorCode = 10008
)

// request asks a server, and ends the test on an error. In a cluster that began a moment ago an answer may be lost, or be
// that it is not ready: it is asked again then, so that ask may come upon its own work.
func request(t testing.TB, what string, ask func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), requestTimeout)
	defer cancel()
	for {
		err := attempt(ctx, ask)
		switch {
		case err == nil:
			return
		case ctx.Err() != nil || !again(err):
			t.Fatalf("%s: %v", what, err)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

func attempt(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	return ask(ctx)
}

func again(err error) bool {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.ErrorCode == noPeers || api.ErrorCode == noMetaLeader
	}
	return errors.Is(err, context.DeadlineExceeded)
}
