package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/agent/internal/measure"
)

// The streams of a soak: origins that have as many mirrors each. One origin's mirrors are a group.
const (
	soakOrigins = 10
	soakLimit   = "30s"
	otherLimit  = "45s"
	soakFew     = 20               // mirrors of a group that are changed at one time
	soakPause   = 40 * time.Second // for which the server stands still: longer than the limit
)

// world is a server with real mirrors on which things happen.
type world struct {
	io     *measure.Console
	server *measure.Part
	url    string
	nc     *nats.Conn
	js     jetstream.JetStream
	links  int
}

func newWorld(ctx context.Context, io *measure.Console, store string, links int) (w *world, err error) {
	if links < soakOrigins {
		return nil, fmt.Errorf("want %d links or more", soakOrigins)
	}
	w = &world{io: io, links: links}
	if w.server, err = measure.StartPart(ctx, &w.url, "server", "--store="+store); err != nil {
		return nil, err
	}
	if w.nc, err = connect(w.url, userWhole, "world"); err != nil {
		w.server.End()
		return nil, err
	}
	if w.js, err = jetstream.New(w.nc); err == nil {
		err = w.populate(ctx)
	}
	if err != nil {
		w.end()
		return nil, err
	}
	return w, nil
}

func (w *world) end() {
	w.nc.Close()
	w.server.End()
}

func (w *world) populate(ctx context.Context) error {
	w.io.Tell("making %d mirrors", w.links)
	for group := range soakOrigins {
		if err := w.makeOrigin(ctx, group); err != nil {
			return err
		}
	}
	return measure.AtOnce(w.links, func(n int) error {
		return createMirror(ctx, w.js, realMirrorName(n), originOf(n%soakOrigins), soakLimit)
	})
}

func originOf(group int) string { return fmt.Sprintf("%s_%d", realOrigin, group) }

func (w *world) makeOrigin(ctx context.Context, group int) error {
	_, err := w.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: originOf(group), Subjects: []string{originOf(group) + ".>"}, MaxMsgs: 1000,
	})
	if err != nil {
		return fmt.Errorf("make an origin: %w", err)
	}
	return nil
}

// send sends each origin a message, whether it is there or not.
func (w *world) send() error {
	for group := range soakOrigins {
		if err := w.nc.Publish(originOf(group)+".message", []byte("soak")); err != nil {
			return fmt.Errorf("send a message: %w", err)
		}
	}
	return nil
}

// cycle is after how many events the turn is the next group's.
const cycle = 6

// happen lets the next thing happen.
func (w *world) happen(ctx context.Context, number int) error {
	group := number / cycle % soakOrigins
	other := (group + soakOrigins/2) % soakOrigins
	switch number % cycle {
	case 0:
		w.io.Tell("origin %d is deleted", group)
		return w.remove(ctx, originOf(group))
	case 1:
		w.io.Tell("%d mirrors get another limit", soakFew)
		return w.change(ctx, other, otherLimit)
	case 2:
		w.io.Tell("origin %d is made again, and its mirrors anew", group)
		return w.renew(ctx, group)
	case 3:
		w.io.Tell("%d mirrors are deleted", soakFew)
		return w.few(other, func(name string) error { return w.remove(ctx, name) })
	case 4:
		w.io.Tell("they are made again")
		return w.change(ctx, other, soakLimit)
	}
	if group%2 == 0 {
		w.io.Tell("the agent's connection is cut")
		return w.server.Ask(measure.Order{Do: "cut"}, nil)
	}
	w.io.Tell("the server stands still for %s", soakPause)
	return measure.Pause(ctx, w.server.PID(), soakPause)
}

// few does something with some mirrors of a group.
func (w *world) few(group int, do func(name string) error) error {
	return measure.AtOnce(min(soakFew, w.links/soakOrigins), func(n int) error { return do(realMirrorName(n*soakOrigins + group)) })
}

func (w *world) change(ctx context.Context, group int, limit string) error {
	return w.few(group, func(name string) error { return createMirror(ctx, w.js, name, originOf(group), limit) })
}

// renew makes an origin that was deleted, and its mirrors anew: the old ones hold what the new one never had.
func (w *world) renew(ctx context.Context, group int) error {
	if err := w.makeOrigin(ctx, group); err != nil {
		return err
	}
	return measure.AtOnce(w.links/soakOrigins, func(n int) error {
		name := realMirrorName(n*soakOrigins + group)
		if err := w.remove(ctx, name); err != nil {
			return err
		}
		return createMirror(ctx, w.js, name, originOf(group), soakLimit)
	})
}

func (w *world) remove(ctx context.Context, stream string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := w.js.DeleteStream(ctx, stream); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("delete %s: %w", stream, err)
	}
	return nil
}
