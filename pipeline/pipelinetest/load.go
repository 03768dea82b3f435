package pipelinetest

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	loadSize    = 256                   // bytes of a message
	loadBatch   = 500                   // messages that a load without a rate has under way
	loadTick    = 20 * time.Millisecond // between the messages of a load with a rate, where it has more than fit
	loadTimeout = 2 * time.Second       // for an acknowledgement
)

// Load publishes rate messages of 256 bytes a second to subject, or with rate 0 as fast as they are acknowledged (here
// 100,000 a second and 30 MB of store), until stop is called or the test ends. What is not acknowledged, as while a server is down, is neither told nor sent again. When
// stop returns no message is under way.
func Load(t testing.TB, js jetstream.JetStream, subject string, rate int) (stop func()) {
	t.Helper()
	js, err := jetstream.New(js.Conn(), jetstream.WithPublishAsyncTimeout(loadTimeout))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() {
		defer settle(js)
		if rate == 0 {
			flatOut(ctx, js, subject)
			return
		}
		paced(ctx, js, subject, rate)
	})
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// flatOut publishes batch upon batch.
func flatOut(ctx context.Context, js jetstream.JetStream, subject string) {
	for ctx.Err() == nil {
		send(js, subject, loadBatch)
		settle(js)
	}
}

// paced publishes what is due at each tick.
func paced(ctx context.Context, js jetstream.JetStream, subject string, rate int) {
	ticker := time.NewTicker(max(loadTick, time.Second/time.Duration(rate)))
	defer ticker.Stop()
	began, sent := time.Now(), 0
	for {
		due := int(time.Since(began).Seconds()*float64(rate)) + 1
		send(js, subject, due-sent)
		sent = due
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func send(js jetstream.JetStream, subject string, n int) {
	payload := bytes.Repeat([]byte("m"), loadSize)
	for range n {
		// One that cannot be sent is lost, as the client's own are.
		_, _ = js.PublishAsync(subject, payload, jetstream.WithStallWait(time.Millisecond))
	}
}

// settle waits until no message is under way.
func settle(js jetstream.JetStream) {
	select {
	case <-js.PublishAsyncComplete():
	case <-time.After(2 * loadTimeout):
	}
}
