package journal

import (
	"encoding/json"
	"fmt"

	"mirrorwatch/pipeline"
)

// auditor appends to the audit within one transaction.
type auditor struct {
	table
	head        Mark
	size, count int64 // bytes and records that were added
}

// add chains a record to the one before and returns its number.
func (a *auditor) add(r pipeline.Record) (uint64, error) {
	r.Number = a.head.Number + 1
	payload, err := json.Marshal(r)
	if err != nil {
		return 0, fmt.Errorf("encode record of the audit: %w", err)
	}
	e := entry{number: r.Number, prev: a.head.Hash, hash: chained(a.head.Hash, r.Number, payload), payload: payload}
	n, err := a.putText(key(e.number), e.parts()...)
	if err != nil {
		return 0, err
	}
	a.bucket.FillPercent = 1 // keys only rise: pages need no room for more
	a.head, a.size, a.count = e.mark(), a.size+int64(n), a.count+1
	return e.number, nil
}

// addAll appends what a commit tells: its events, those that follow from it, its changes, its attempts. It returns the
// number of the first change.
func (a *auditor) addAll(c *pipeline.Commit, more []pipeline.Event) (first uint64, err error) {
	for _, events := range [][]pipeline.Event{c.Events, more} {
		for i := range events {
			if _, err := a.add(pipeline.Record{Event: &events[i]}); err != nil {
				return 0, err
			}
		}
	}
	first = a.head.Number + 1
	for i := range c.Changes {
		if _, err := a.add(pipeline.Record{Change: &c.Changes[i]}); err != nil {
			return 0, err
		}
	}
	for i := range c.Attempts {
		if _, err := a.add(pipeline.Record{Attempt: &c.Attempts[i]}); err != nil {
			return 0, err
		}
	}
	return first, nil
}
