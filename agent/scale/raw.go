package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"mirrorwatch/agent/internal/measure"
)

// rawPart fetches the pages of STREAM.LIST one after another and decodes nothing of them but how many streams there are: what
// asking costs at the least, by nats.go.
type rawPart struct {
	URL    string        `required:""`
	Rounds int           `required:""`
	Every  time.Duration // a round begins so long after another, or when that one has ended
}

// rawName is its connection's name.
const rawName = "raw"

// rawRounds is what rounds of fetching took.
type rawRounds struct {
	Wall    time.Duration // of all rounds, without the pauses between them
	CPU     time.Duration
	Mallocs uint64
}

// Run says hello once it knows what it needs, and makes its rounds when it is told to.
func (c *rawPart) Run(ctx context.Context, io *measure.Console) error {
	nc, err := connect(c.URL, userWhole, rawName)
	if err != nil {
		return err
	}
	defer nc.Close()
	doc, err := fetchPage(ctx, nc, 0)
	if err != nil {
		return err
	}
	var first server.ApiPaged
	if err := json.Unmarshal(doc, &first); err != nil {
		return fmt.Errorf("decode a page: %w", err)
	}
	return measure.Obey(io.In, io.Out, first.Total, func(*measure.Order) (any, error) { return c.rounds(ctx, nc, first) })
}

func (c *rawPart) rounds(ctx context.Context, nc *nats.Conn, first server.ApiPaged) (r rawRounds, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	spent, err := measure.CPUOf(os.Getpid())
	if err != nil {
		return r, err
	}
	for range c.Rounds {
		began := time.Now()
		for offset := 0; offset < first.Total; offset += first.Limit {
			if _, err := fetchPage(ctx, nc, offset); err != nil {
				return r, err
			}
		}
		took := time.Since(began)
		r.Wall += took
		if err := measure.Sleep(ctx, c.Every-took); err != nil {
			return r, err
		}
	}
	runtime.ReadMemStats(&after)
	r.Mallocs = after.Mallocs - before.Mallocs
	r.CPU, err = measure.CPUOf(os.Getpid())
	r.CPU -= spent
	return r, err
}

func fetchPage(ctx context.Context, nc *nats.Conn, offset int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 6*time.Second)
	defer cancel()
	answer, err := nc.RequestWithContext(ctx, "$JS.API.STREAM.LIST", fmt.Appendf(nil, `{"offset":%d}`, offset))
	if err != nil {
		return nil, fmt.Errorf("fetch a page: %w", err)
	}
	return answer.Data, nil
}
