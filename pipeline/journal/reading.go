package journal

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"go.etcd.io/bbolt"

	"mirrorwatch/pipeline"
)

// pageBytes is about how much of the audit is read in one transaction: one that lasts would hold up commits.
const pageBytes = 1 << 20

// reading is what a running agent's journal and a Reader have in common. Its methods may be called at any time, from
// several goroutines.
type reading struct {
	swap   sync.RWMutex // held while another file takes the place of db's
	db     *bbolt.DB
	broken error // a panic of the store: nothing is read or written any more
}

func (r *reading) view(f func(t *tables) error) error {
	r.swap.RLock()
	defer r.swap.RUnlock()
	if r.broken != nil {
		return r.broken
	}
	err := guard(func() error {
		return r.db.View(func(tx *bbolt.Tx) error {
			t, err := openTables(tx)
			if err != nil {
				return err
			}
			return f(t)
		})
	})
	if err != nil {
		return fmt.Errorf("read journal: %w", err)
	}
	return nil
}

// Streams returns what is kept of each stream, with what was proven of it last, in the order of their keys.
func (r *reading) Streams() (all []pipeline.StreamRecord, err error) {
	var pages []pipeline.ProofPage
	err = r.view(func(t *tables) (err error) {
		if err := collect(t.streams, &all); err != nil {
			return err
		}
		pages, err = loadProofs(t.proofs)
		return err
	})
	_ = pipeline.Renew(all, pages) // a page that says nothing leaves the records as they are
	return all, err
}

// Incidents returns the open incidents, oldest first.
func (r *reading) Incidents() (all []pipeline.Incident, err error) {
	err = r.view(func(t *tables) error { return collect(t.incidents, &all) })
	slices.SortFunc(all, byOpening)
	return all, err
}

// Head returns the newest record of the audit.
func (r *reading) Head() (Mark, error) {
	var head headInfo
	err := r.view(func(t *tables) error {
		return t.meta.need(headRow, &head)
	})
	return head.Mark, err
}

// Records yields the records of the audit from a number on (0: from the oldest), until yield fails. What retention
// removes meanwhile may be left out; what is committed meanwhile is yielded too.
func (r *reading) Records(from uint64, yield func(pipeline.Record) error) error {
	return r.entries(from, func(e entry) error {
		record, err := e.record()
		if err != nil {
			return fmt.Errorf("read journal: %w", err)
		}
		return yield(record)
	})
}

func (r *reading) entries(from uint64, yield func(entry) error) error {
	for {
		page, err := r.page(from)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			if err := yield(e); err != nil {
				return err
			}
		}
		from = page[len(page)-1].number + 1
	}
}

func (r *reading) page(from uint64) (page []entry, err error) {
	err = r.view(func(t *tables) error {
		cursor, size := t.audit.bucket.Cursor(), 0
		for k, row := cursor.Seek(key(from)); k != nil && size < pageBytes; k, row = cursor.Next() {
			e, err := t.audit.entry(k, row)
			if err != nil {
				return err
			}
			e.payload = slices.Clone(e.payload)
			page, size = append(page, e), size+len(row)
		}
		return nil
	})
	return page, err
}

// exportLine is one line of an export: a record, or where the chain of the records that follow begins, or, at the end,
// the newest record. The record comes last: its hash covers its bytes as they stand.
type exportLine struct {
	Checkpoint *Mark           `json:"checkpoint,omitempty"`
	Head       *Mark           `json:"head,omitempty"`
	Number     uint64          `json:"number,omitempty"`
	Prev       *Hash           `json:"prev,omitempty"`
	Hash       *Hash           `json:"hash,omitempty"`
	Record     json.RawMessage `json:"record,omitempty"`
}

// Export writes the audit from a number on (0: from the oldest) as lines of JSON, as they were when it was called:
// records that are kept from before the checkpoint, the checkpoint, the records behind it, the head.
func (r *reading) Export(to io.Writer, from uint64) error {
	var head headInfo
	var start Mark
	err := r.view(func(t *tables) error {
		return cmp.Or(t.meta.need(headRow, &head), t.meta.need(checkpointRow, &start))
	})
	if err != nil {
		return err
	}
	w := bufio.NewWriter(to)
	lines := json.NewEncoder(w)
	last := Mark{Number: start.Number} // of the chain; without a hash until its beginning is written
	begun := false
	begin := func(at Mark) error {
		last, begun = at, true
		return lines.Encode(exportLine{Checkpoint: &at})
	}
	err = r.entries(from, func(e entry) error {
		switch {
		case e.number > head.Number:
			return errEnough
		case e.number > start.Number && !begun:
			if err := begin(Mark{e.number - 1, e.prev}); err != nil {
				return err
			}
		}
		if begun && e.number != last.Number+1 {
			return fmt.Errorf("export audit: records behind %d were removed meanwhile: begin again", last.Number)
		}
		if begun {
			last = e.mark()
		}
		_, err := fmt.Fprintf(w, `{"number":%d,"prev":"%s","hash":"%s","record":%s}`+"\n", e.number, e.prev, e.hash, e.payload)
		return err
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	if !begun {
		if err := begin(head.Mark); err != nil {
			return err
		}
	}
	if err := lines.Encode(exportLine{Head: &head.Mark}); err != nil {
		return err
	}
	return w.Flush()
}

var errEnough = errors.New("enough")
