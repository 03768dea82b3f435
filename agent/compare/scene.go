package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/agent/internal/measure"
)

// The streams. All mirrors have the same limits, in their metadata.
const (
	nearDomain = "near"
	farDomain  = "far"
	nearOrigin = "ORIGIN"
	farOrigin  = "FAR_ORIGIN"
	dead       = "MIRROR_DEAD"
	limit      = time.Minute
	lagLimit   = 100
	patience   = 5 * time.Minute
)

// scene is the server with the mirrors, and the one that the dead mirror's origin is on.
type scene struct {
	io      *measure.Console
	dir     string
	mirrors int
	near    *measure.Part
	far     *measure.Part // nil: it is gone
	at      addresses     // of near
}

func openScene(ctx context.Context, io *measure.Console, dir string, mirrors int) (s *scene, err error) {
	s = &scene{io: io, dir: dir, mirrors: mirrors}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if err = s.startNear(ctx); err != nil {
		return s, err
	}
	var far addresses
	if s.far, err = measure.StartPart(ctx, &far, "server", "--name="+farDomain, "--store="+filepath.Join(dir, farDomain), "--remote="+s.at.Leaf); err != nil {
		return s, err
	}
	io.Tell("making %d mirrors", mirrors)
	if err = makeOrigin(ctx, far.URL, farOrigin); err != nil {
		return s, err
	}
	if err = makeOrigin(ctx, s.at.URL, nearOrigin); err != nil {
		return s, err
	}
	if err = s.populate(ctx); err != nil {
		return s, err
	}
	return s, s.await(ctx, "copied its origin's message", func(name string, info *jetstream.StreamInfo) bool { return info.State.Msgs > 0 })
}

// startNear starts the mirrors' server: on the port that it had before, if it had one.
func (s *scene) startNear(ctx context.Context) (err error) {
	port := -1
	if s.at.Port != 0 {
		port = s.at.Port
	}
	s.near, err = measure.StartPart(ctx, &s.at, "server", "--name="+nearDomain, "--store="+filepath.Join(s.dir, nearDomain), "--port="+strconv.Itoa(port))
	return err
}

func (s *scene) close() {
	for _, p := range []*measure.Part{s.far, s.near} {
		if p != nil {
			p.End()
		}
	}
}

// connect uses JetStream of a server. What it returns first is to be called in the end.
func connect(url string) (func(), jetstream.JetStream, error) {
	nc, err := nats.Connect(url)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to %s: %w", url, err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	return nc.Close, js, nil
}

// await waits until each mirror is as wanted.
func (s *scene) await(ctx context.Context, what string, wanted func(name string, info *jetstream.StreamInfo) bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("not every mirror %s within %s", what, patience))
	defer cancel()
	leave, js, err := connect(s.at.URL)
	if err != nil {
		return err
	}
	defer leave()
	for {
		are := 0
		list := js.ListStreams(ctx)
		for info := range list.Info() {
			if info.Config.Mirror != nil && wanted(info.Config.Name, info) {
				are++
			}
		}
		if are == s.mirrors {
			return nil
		}
		if err := measure.Sleep(ctx, time.Second); err != nil {
			return err // what one listing lacked, another may have
		}
	}
}

// cut takes the far server away, and waits until the limit of its mirror is over.
func (s *scene) cut(ctx context.Context) error {
	s.io.Tell("cutting the link to %s, and waiting for more than %s", farOrigin, limit)
	s.far.End()
	s.far = nil
	return s.await(ctx, "was as the cut leaves it", func(name string, info *jetstream.StreamInfo) bool {
		return info.Mirror != nil && (name == dead) == (info.Mirror.Active > limit+10*time.Second) && info.Mirror.Active >= 0
	})
}

// restart restarts the mirrors' server, and waits until it knows of all origins that it can reach. It forgot when it heard of the
// dead mirror's.
func (s *scene) restart(ctx context.Context) error {
	s.io.Tell("restarting the mirrors' server")
	s.near.End()
	if err := s.startNear(ctx); err != nil {
		return err
	}
	return s.await(ctx, "was as the restart leaves it", func(name string, info *jetstream.StreamInfo) bool {
		if info.Mirror == nil {
			return false
		}
		if name == dead {
			return info.Mirror.Active == -1 && info.Mirror.Lag == 0
		}
		return info.Mirror.Active >= 0
	})
}

// asTheServerTells is what STREAM.INFO says of the dead mirror now.
func (s *scene) asTheServerTells(ctx context.Context) (string, error) {
	leave, js, err := connect(s.at.URL)
	if err != nil {
		return "", err
	}
	defer leave()
	stream, err := js.Stream(ctx, dead)
	if err != nil {
		return "", fmt.Errorf("ask about %s: %w", dead, err)
	}
	m := stream.CachedInfo().Mirror
	if m == nil {
		return "nothing", nil
	}
	text := fmt.Sprintf("lag %d, active %s", m.Lag, m.Active.Round(time.Millisecond))
	if m.Active < 0 {
		text = fmt.Sprintf("lag %d, active %d", m.Lag, m.Active)
	}
	if m.Error != nil {
		text += ", error " + strconv.Quote(m.Error.Description)
	}
	return text, nil
}
