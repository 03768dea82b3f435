package pipelinetest

import (
	"bytes"
	"cmp"
	"slices"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// MemJournal is a pipeline.Journal in memory. It keeps copies of what is committed to it, and Load returns what the
// commits built, as often as it is called: a second agent on the same MemJournal is a restarted one.
type MemJournal struct {
	mu        sync.Mutex
	intercept func(pipeline.Commit) error
	loadErr   error
	lost      pipeline.State // only Lost and LostAt

	streams   map[pipeline.StreamKey]pipeline.StreamRecord
	proofs    map[pageID]pipeline.ProofPage
	incidents map[string]pipeline.Incident
	outbox    map[pipeline.BatchID]pipeline.Batch
	groups    map[pipeline.BatchID]pipeline.GroupRecord // by receiver and group
	silences  map[string]pipeline.Silence
	ended     []pipeline.Incident
	commits   []pipeline.Commit
}

type pageID struct {
	connection string
	number     int
}

// NewMemJournal returns an empty journal.
func NewMemJournal() *MemJournal {
	return &MemJournal{
		streams:   map[pipeline.StreamKey]pipeline.StreamRecord{},
		proofs:    map[pageID]pipeline.ProofPage{},
		incidents: map[string]pipeline.Incident{},
		outbox:    map[pipeline.BatchID]pipeline.Batch{},
		groups:    map[pipeline.BatchID]pipeline.GroupRecord{},
		silences:  map[string]pipeline.Silence{},
	}
}

// Fail lets every commit from now on fail with err; nil mends the journal.
func (j *MemJournal) Fail(err error) {
	if err == nil {
		j.Intercept(nil)
		return
	}
	j.Intercept(func(pipeline.Commit) error { return err })
}

// Intercept has f called before each commit, without a lock held; the commit fails with its error and leaves no
// trace. A nil f lets every commit pass.
func (j *MemJournal) Intercept(f func(pipeline.Commit) error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.intercept = f
}

// FailLoad lets Load fail with err; nil mends it.
func (j *MemJournal) FailLoad(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.loadErr = err
}

// Lose empties the journal as damage to its file would: Load says what lost says in Lost and LostAt.
func (j *MemJournal) Lose(lost pipeline.State) {
	j.mu.Lock()
	defer j.mu.Unlock()
	clear(j.streams)
	clear(j.proofs)
	clear(j.incidents)
	clear(j.outbox)
	clear(j.groups)
	clear(j.silences)
	j.ended = nil
	j.lost = pipeline.State{Lost: lost.Lost, LostAt: lost.LostAt}
}

// Load returns a copy of the state: streams by key, incidents oldest first, the outbox in the order of its making.
func (j *MemJournal) Load() (pipeline.State, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.loadErr != nil {
		return pipeline.State{}, j.loadErr
	}
	return j.state(), nil
}

// State returns what Load would return if it did not fail.
func (j *MemJournal) State() pipeline.State {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.state()
}

// Commit applies c as a whole, or fails and applies nothing. Where c names a batch or a stream both as new and as gone,
// gone wins. A change of the journal's rule tells of a loss: later loads no longer do.
func (j *MemJournal) Commit(c pipeline.Commit) error {
	j.mu.Lock()
	intercept := j.intercept
	j.mu.Unlock()
	if intercept != nil {
		if err := intercept(c); err != nil {
			return err
		}
	}

	c = cloneCommit(c)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.commits = append(j.commits, c)
	for _, r := range c.Streams {
		j.streams[r.Key] = r
	}
	for _, key := range c.Gone {
		delete(j.streams, key)
	}
	for _, p := range c.Proofs {
		if id := (pageID{p.Connection, p.Number}); p.Data == nil {
			delete(j.proofs, id)
		} else {
			j.proofs[id] = p
		}
	}
	for _, change := range c.Changes {
		if change.Incident.Rule == pipeline.RuleJournal {
			j.lost = pipeline.State{} // the loss was told
		}
		if change.Kind.Ends() {
			delete(j.incidents, change.Incident.ID)
			j.ended = append(j.ended, change.Incident)
		} else {
			j.incidents[change.Incident.ID] = change.Incident
		}
	}
	for _, b := range c.Batches {
		j.outbox[b.BatchID] = b
	}
	for _, id := range slices.Concat(c.Merged, c.Done) {
		delete(j.outbox, id)
	}
	for _, g := range c.Groups {
		id := pipeline.BatchID{Receiver: g.Receiver, Key: g.Group}
		if len(g.Open) == 0 {
			delete(j.groups, id)
		} else {
			j.groups[id] = g
		}
	}
	for _, s := range c.Silences {
		j.silences[s.ID] = s
	}
	return nil
}

// Commits returns every commit that succeeded, oldest first. The caller must not change what they hold.
func (j *MemJournal) Commits() []pipeline.Commit {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.commits)
}

// Changes returns every committed change, oldest first.
func (j *MemJournal) Changes() []pipeline.Change {
	var all []pipeline.Change
	for _, c := range j.Commits() {
		all = append(all, c.Changes...)
	}
	return all
}

// Attempts returns the audit of deliveries, oldest first.
func (j *MemJournal) Attempts() []pipeline.Attempt {
	var all []pipeline.Attempt
	for _, c := range j.Commits() {
		all = append(all, c.Attempts...)
	}
	return all
}

// Events returns the audit of what is neither a change nor an attempt, oldest first.
func (j *MemJournal) Events() []pipeline.Event {
	var all []pipeline.Event
	for _, c := range j.Commits() {
		all = append(all, c.Events...)
	}
	return all
}

// Copy returns a journal that holds what a kill at this moment would leave, and shares nothing with j.
func (j *MemJournal) Copy() *MemJournal {
	state := j.State()
	c := NewMemJournal()
	c.lost = pipeline.State{Lost: state.Lost, LostAt: state.LostAt}
	for _, r := range state.Streams {
		c.streams[r.Key] = r
	}
	for _, p := range state.Proofs {
		c.proofs[pageID{p.Connection, p.Number}] = p
	}
	for _, i := range state.Incidents {
		c.incidents[i.ID] = i
	}
	for _, b := range state.Outbox {
		c.outbox[b.BatchID] = b
	}
	for _, g := range state.Groups {
		c.groups[pipeline.BatchID{Receiver: g.Receiver, Key: g.Group}] = g
	}
	for _, s := range state.Silences {
		c.silences[s.ID] = s
	}
	c.ended = state.Ended
	return c
}

func (j *MemJournal) state() pipeline.State {
	s := j.lost
	for _, r := range j.streams {
		s.Streams = append(s.Streams, cloneRecord(r))
	}
	for _, p := range j.proofs {
		s.Proofs = append(s.Proofs, clonePage(p))
	}
	for _, i := range j.incidents {
		s.Incidents = append(s.Incidents, i)
	}
	for _, b := range j.outbox {
		s.Outbox = append(s.Outbox, cloneBatch(b))
	}
	for _, g := range j.groups {
		s.Groups = append(s.Groups, cloneGroup(g))
	}
	now := time.Now()
	for _, one := range j.silences {
		if now.Before(one.Ends) {
			s.Silences = append(s.Silences, one)
		}
	}
	for _, i := range j.ended {
		if now.Sub(i.Ended) < pipeline.FlapWindow {
			s.Ended = append(s.Ended, i)
		}
	}
	slices.SortFunc(s.Streams, func(a, b pipeline.StreamRecord) int {
		return cmp.Or(
			cmp.Compare(a.Key.Connection, b.Key.Connection), cmp.Compare(a.Key.Account, b.Key.Account),
			cmp.Compare(a.Key.Domain, b.Key.Domain), cmp.Compare(a.Key.Stream, b.Key.Stream))
	})
	slices.SortFunc(s.Proofs, func(a, b pipeline.ProofPage) int {
		return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Number, b.Number))
	})
	slices.SortFunc(s.Incidents, func(a, b pipeline.Incident) int {
		return cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(s.Outbox, func(a, b pipeline.Batch) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Receiver, b.Receiver), cmp.Compare(a.Key, b.Key))
	})
	slices.SortFunc(s.Groups, func(a, b pipeline.GroupRecord) int {
		return cmp.Or(cmp.Compare(a.Receiver, b.Receiver), cmp.Compare(a.Group, b.Group))
	})
	slices.SortFunc(s.Silences, func(a, b pipeline.Silence) int { return cmp.Compare(a.ID, b.ID) })
	return s
}

func cloneCommit(c pipeline.Commit) pipeline.Commit {
	c.Streams = cloneEach(c.Streams, cloneRecord)
	c.Gone = slices.Clone(c.Gone)
	c.Proofs = cloneEach(c.Proofs, clonePage)
	c.Changes = slices.Clone(c.Changes)
	c.Batches = cloneEach(c.Batches, cloneBatch)
	c.Merged = slices.Clone(c.Merged)
	c.Done = slices.Clone(c.Done)
	c.Groups = cloneEach(c.Groups, cloneGroup)
	c.Silences = slices.Clone(c.Silences)
	c.Attempts = slices.Clone(c.Attempts)
	c.Events = slices.Clone(c.Events)
	return c
}

func cloneEach[T any](all []T, clone func(T) T) []T {
	out := slices.Clone(all)
	for i := range out {
		out[i] = clone(out[i])
	}
	return out
}

func cloneRecord(r pipeline.StreamRecord) pipeline.StreamRecord {
	r.Policy = r.Policy.Clone()
	r.Links = slices.Clone(r.Links)
	return r
}

func clonePage(p pipeline.ProofPage) pipeline.ProofPage {
	p.Data = bytes.Clone(p.Data)
	return p
}

func cloneBatch(b pipeline.Batch) pipeline.Batch {
	b.Changes = slices.Clone(b.Changes)
	b.Body = bytes.Clone(b.Body)
	return b
}

func cloneGroup(g pipeline.GroupRecord) pipeline.GroupRecord {
	g.Receipt = bytes.Clone(g.Receipt)
	g.Open, g.Over = slices.Clone(g.Open), slices.Clone(g.Over)
	return g
}
