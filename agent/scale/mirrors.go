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
	realLimit   = "600"
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
	err = atOnce(b.links, func(n int) error { return createMirror(ctx, js, realMirrorName(n), realOrigin, realLimit) })
	if err != nil {
		return err
	}
	return b.contact(ctx, js)
}

// atOnce does something for each number below n, for some numbers at one time. Of several errors it returns one, and does nothing
// for the numbers that are left.
func atOnce(n int, do func(int) error) error {
	numbers := make(chan int)
	failed := make(chan error, creators)
	var doing sync.WaitGroup
	for range creators {
		doing.Go(func() {
			for k := range numbers {
				if err := do(k); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	var err error
	for k := 0; k < n && err == nil; k++ {
		select {
		case numbers <- k:
		case err = <-failed:
		}
	}
	close(numbers)
	doing.Wait()
	if err == nil && len(failed) > 0 {
		err = <-failed
	}
	return err
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
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}
