package main

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/agent/internal/measure"
)

// The real streams: one origin and its mirrors.
const (
	realOrigin  = "ORIGIN"
	realMirrors = "MIRROR"
	realLimit   = "600"
)

// populate makes an origin and its mirrors.
func (b *realBench) populate(ctx context.Context) error {
	b.io.Tell("making %d mirrors", b.links)
	nc, err := connect(b.url, userWhole, "populate")
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: realOrigin, Subjects: []string{"origin.>"}}); err != nil {
		return fmt.Errorf("make the origin: %w", err)
	}
	err = measure.AtOnce(b.links, func(n int) error { return createMirror(ctx, js, realMirrorName(n), realOrigin, realLimit) })
	if err != nil {
		return err
	}
	return b.contact(ctx, js)
}

func realMirrorName(n int) string { return fmt.Sprintf("%s_%06d_ORDERS_EVENTS", realMirrors, n) }

// createMirror makes a mirror, or changes the limit of one that is there.
func createMirror(ctx context.Context, js jetstream.JetStream, name, origin, limit string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: name, Mirror: &jetstream.StreamSource{Name: origin},
		Metadata: map[string]string{"io.nats.monitor.seen-critical": limit},
	})
	if err != nil {
		return fmt.Errorf("make mirror %s: %w", name, err)
	}
	return nil
}

// contact waits until each mirror holds a message that the origin was sent.
func (b *realBench) contact(ctx context.Context, js jetstream.JetStream) error {
	if _, err := js.Publish(ctx, "origin.first", []byte("first")); err != nil {
		return fmt.Errorf("send a message: %w", err)
	}
	until := time.Now().Add(5 * time.Minute)
	for {
		all := 0
		list := js.ListStreams(ctx)
		for info := range list.Info() {
			if info.State.Msgs > 0 {
				all++
			}
		}
		if err := list.Err(); err != nil {
			return fmt.Errorf("list mirrors: %w", err)
		}
		if all == b.links+1 {
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("%d of %d mirrors had contact within 5 minutes", all-1, b.links)
		}
		if err := measure.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}
