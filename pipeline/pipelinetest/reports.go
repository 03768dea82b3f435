package pipelinetest

import (
	"context"
	"slices"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// Reports is a pipeline.Reporter that remembers every picture it was shown.
type Reports struct {
	mu       sync.Mutex
	err      error
	pictures []Picture
}

// Picture is a board as it was at one time.
type Picture struct {
	At          time.Time
	Links       []pipeline.LinkStatus
	Connections []pipeline.ConnectionStatus
	Incidents   []pipeline.Incident
}

// NewReports returns a reporter that takes every picture.
func NewReports() *Reports { return &Reports{} }

// Fail lets every report from now on fail with err; nil takes them again.
func (r *Reports) Fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// Report implements pipeline.Reporter.
func (r *Reports) Report(ctx context.Context, b *pipeline.Board) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.err != nil {
		return r.err
	}
	r.pictures = append(r.pictures, Picture{
		At: time.Now(), Links: links(b), Connections: b.Connections(), Incidents: b.Incidents(),
	})
	return nil
}

// Pictures returns what was shown so far, oldest first.
func (r *Reports) Pictures() []Picture {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.pictures)
}

// Newest returns the newest picture, the zero one before the first.
func (r *Reports) Newest() Picture {
	all := r.Pictures()
	if len(all) == 0 {
		return Picture{}
	}
	return all[len(all)-1]
}

// links returns a copy of every link on the board.
func links(b *pipeline.Board) (all []pipeline.LinkStatus) {
	for l := range b.Links() {
		all = append(all, *l)
	}
	return all
}
