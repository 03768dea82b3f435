package journal

import (
	"iter"
	"time"

	"mirrorwatch/pipeline"
)

// outboxRow is a batch as it is stored: its changes are in the audit, and the row says where. A change that is not
// there, such as a reminder, is in the row.
type outboxRow struct {
	pipeline.Batch
	Changes []piece `json:"changes"` // in place of the batch's
}

// piece is one change, or records of the audit that follow each other.
type piece struct {
	span
	Change *pipeline.Change `json:"change,omitempty"`
}

type span struct {
	First uint64 `json:"first,omitempty"`
	Count uint64 `json:"count,omitempty"`
}

// references is which records of the audit the rows of the outbox refer to.
type references struct {
	rows    map[string][]span // by the row's key
	records map[uint64]*reference
	numbers map[string]uint64 // the newest record of a change among them, by Change.Key
}

type reference struct {
	rows int // how many refer to it
	likeness
}

func newReferences() references {
	return references{rows: map[string][]span{}, records: map[uint64]*reference{}, numbers: map[string]uint64{}}
}

// likeness tells changes apart. A reminder has the key of the change before it.
type likeness struct {
	key         string
	kind        pipeline.ChangeKind
	at, ended   int64
	level, from pipeline.Level
	reason      string
	cause       pipeline.Cause
	silent      time.Duration
	found, test bool
}

func likenessOf(c *pipeline.Change) likeness {
	return likeness{
		key: c.Key(), kind: c.Kind, at: c.At.UnixNano(), ended: c.Incident.Ended.UnixNano(), level: c.Incident.Level,
		from: c.From, reason: c.Incident.Reason, cause: c.Incident.Cause, silent: c.Silent, found: c.Found, test: c.Test,
	}
}

// store returns the stored form of a batch, and the records that it refers to. Own are the changes of the same commit,
// by their likeness.
func (r *references) store(b pipeline.Batch, own map[likeness]uint64) (row outboxRow, spans []span) {
	row.Changes = make([]piece, 0, 1)
	for i := range b.Changes {
		like := likenessOf(&b.Changes[i])
		number, known := own[like]
		if !known {
			number = r.numbers[like.key]
			known = number != 0 && r.records[number].likeness == like
		}
		last := len(row.Changes) - 1
		switch {
		case !known:
			row.Changes = append(row.Changes, piece{Change: &b.Changes[i]})
		case last >= 0 && row.Changes[last].Count > 0 && row.Changes[last].First+row.Changes[last].Count == number:
			row.Changes[last].Count++
		default:
			row.Changes = append(row.Changes, piece{span: span{number, 1}})
		}
	}
	b.Changes = nil
	row.Batch = b
	return row, row.spans()
}

func (row *outboxRow) spans() []span {
	spans := []span{}
	for _, p := range row.Changes {
		if p.Count > 0 {
			spans = append(spans, p.span)
		}
	}
	return spans
}

// set replaces what rows refer to; nil: the row is gone. Change returns a record that no row refers to yet. What rows of
// one commit hand over to each other is never forgotten in between.
func (r *references) set(rows map[string][]span, change func(number uint64) *pipeline.Change) {
	for _, spans := range rows {
		for n := range numbers(spans) {
			if r.records[n] == nil {
				like := likenessOf(change(n))
				r.records[n] = &reference{likeness: like}
				r.numbers[like.key] = n
			}
			r.records[n].rows++
		}
	}
	for row, spans := range rows {
		r.drop(row)
		if spans != nil {
			r.rows[row] = spans
		}
	}
}

func (r *references) drop(row string) {
	for n := range numbers(r.rows[row]) {
		ref := r.records[n]
		if ref.rows--; ref.rows > 0 {
			continue
		}
		delete(r.records, n)
		if r.numbers[ref.key] == n {
			delete(r.numbers, ref.key)
		}
	}
	delete(r.rows, row)
}

func numbers(spans []span) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for _, s := range spans {
			for n := s.First; n < s.First+s.Count; n++ {
				if !yield(n) {
					return
				}
			}
		}
	}
}
