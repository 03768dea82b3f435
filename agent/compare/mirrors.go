package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// creators is how many mirrors are created at one time.
const creators = 16

// makeOrigin makes an origin that has one message.
func makeOrigin(ctx context.Context, url, name string) error {
	leave, js, err := connect(url)
	if err != nil {
		return err
	}
	defer leave()
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: name, Subjects: []string{name + ".>"}}); err != nil {
		return fmt.Errorf("make %s: %w", name, err)
	}
	if _, err := js.Publish(ctx, name+".first", []byte("first")); err != nil {
		return fmt.Errorf("send a message to %s: %w", name, err)
	}
	return nil
}

// populate makes the mirrors: of the origin beside them, and one of the origin on the other server.
func (s *scene) populate(ctx context.Context) error {
	leave, js, err := connect(s.at.URL)
	if err != nil {
		return err
	}
	defer leave()
	names := make(chan string)
	failed := make(chan error, creators)
	var creating sync.WaitGroup
	for range creators {
		creating.Go(func() {
			for name := range names {
				if err := makeMirror(ctx, js, name); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	finish := sync.OnceFunc(func() {
		close(names)
		creating.Wait()
	})
	defer finish()
	for n := range s.mirrors {
		name := dead
		if n > 0 {
			name = fmt.Sprintf("MIRROR_%06d_ORDERS_EVENTS", n)
		}
		select {
		case names <- name:
		case err := <-failed:
			return err
		}
	}
	finish()
	if len(failed) > 0 {
		return <-failed
	}
	return nil
}

func makeMirror(ctx context.Context, js jetstream.JetStream, name string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	of := &jetstream.StreamSource{Name: nearOrigin}
	if name == dead {
		of = &jetstream.StreamSource{Name: farOrigin, External: &jetstream.ExternalStream{APIPrefix: "$JS." + farDomain + ".API"}}
	}
	_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: name, Mirror: of, Metadata: map[string]string{
		"io.nats.monitor.seen-critical": limit.String(), "io.nats.monitor.lag-critical": strconv.Itoa(lagLimit),
	}})
	if err != nil {
		return fmt.Errorf("make %s: %w", name, err)
	}
	return nil
}
