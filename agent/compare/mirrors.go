package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/agent/internal/measure"
)

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
	return measure.AtOnce(s.mirrors, func(n int) error {
		name := dead
		if n > 0 {
			name = fmt.Sprintf("MIRROR_%06d_ORDERS_EVENTS", n)
		}
		return makeMirror(ctx, js, name)
	})
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
