package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The real streams: one origin and its mirrors.
const (
	realOrigin  = "ORIGIN"
	realMirrors = "MIRROR"
	creators    = 16 // mirrors that are created at one time
)

// populate makes an origin and its mirrors.
func (b *realBench) populate(ctx context.Context) error {
	b.io.tell("making %d mirrors", b.links)
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
	numbers := make(chan int)
	failed := make(chan error, creators)
	var creating sync.WaitGroup
	for range creators {
		creating.Go(func() {
			for n := range numbers {
				if err := createMirror(ctx, js, n); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	for n := range b.links {
		select {
		case numbers <- n:
		case err := <-failed:
			return err
		}
	}
	close(numbers)
	creating.Wait()
	if len(failed) > 0 {
		return <-failed
	}
	return b.contact(ctx, js)
}

func createMirror(ctx context.Context, js jetstream.JetStream, n int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err := js.CreateStream(ctx, jetstream.StreamConfig{
		Name: fmt.Sprintf("%s_%06d_ORDERS_EVENTS", realMirrors, n), Mirror: &jetstream.StreamSource{Name: realOrigin},
		Metadata: map[string]string{"io.nats.monitor.seen-critical": "600"},
	})
	if err != nil {
		return fmt.Errorf("make mirror %d: %w", n, err)
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
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}
