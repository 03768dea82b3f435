package journal

import (
	"errors"
	"fmt"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// Status is what became of the audit.
type Status string

// What a verification may find.
const (
	Good      Status = "good"
	Changed   Status = "changed"   // a record is not as it was written
	Missing   Status = "missing"   // records between two others, or at the beginning
	Reordered Status = "reordered" // a line of an export is not in its place
	Cut       Status = "cut"       // the newest records are missing
	Damaged   Status = "damaged"   // the file does not hold together, or a line cannot be read
)

// Result is what a verification found. It stops at the first thing that is wrong.
type Result struct {
	Status     Status `json:"status"`
	Number     uint64 `json:"number,omitempty"` // changed: of that record; missing, cut: of the newest one before the gap; reordered: of the first one too early
	Text       string `json:"text,omitempty"`   // what is wrong, for people; empty: nothing is
	Checkpoint Mark   `json:"checkpoint"`       // where the chain begins: the newest record that was removed before it; number 0: none was
	Verified   Mark   `json:"verified"`         // the newest record up to which everything holds
	Head       Mark   `json:"head"`             // the newest record that there should be; number 0: nothing says
	Records    uint64 `json:"records"`          // how many hold, with those kept from before the checkpoint
}

// String says it in one line.
func (r Result) String() string {
	if r.Status == Good {
		return fmt.Sprintf("good: %d records hold, from %d to %d, whose hash is %s",
			r.Records, min(r.Checkpoint.Number+1, r.Verified.Number), r.Verified.Number, r.Verified.Hash)
	}
	return fmt.Sprintf("%s: %s (%d records hold, up to %d)", r.Status, r.Text, r.Records, r.Verified.Number)
}

// Verify examines the audit of the journal in dir while no agent runs: every page, and the chain from the checkpoint to
// the head. What is wrong with it is in the result; an error says that it could not be examined (as OpenReader).
func Verify(dir string) (Result, error) {
	db, found, err := openFile(filepath.Join(dir, FileName), true)
	var damaged *damageError
	switch {
	case errors.As(err, &damaged):
		return Result{Status: Damaged, Text: damaged.problem}, nil
	case errors.Is(err, errLocked):
		return Result{}, fmt.Errorf("verify journal in %s: %w", dir, ErrInUse)
	case err != nil:
		return Result{}, fmt.Errorf("verify journal: %w", err)
	}
	var result Result
	err = current(db)
	if err == nil {
		err = guard(func() error {
			return db.View(func(tx *bbolt.Tx) error {
				var err error
				result, err = verifyFile(tx)
				return err
			})
		})
	}
	if closed := db.Close(); err == nil && closed != nil {
		err = closed
	}
	switch {
	case errors.As(err, &damaged):
		result.Status, result.Text = Damaged, damaged.problem
	case err != nil:
		return Result{}, fmt.Errorf("verify journal: %w", err)
	case result.Status == Good && found.doubt != "":
		result.Status, result.Text = Damaged, found.doubt
	}
	return result, nil
}

func verifyFile(tx *bbolt.Tx) (Result, error) {
	s, err := openTables(tx)
	if err != nil {
		return Result{}, err
	}
	var head headInfo
	var v verifier
	if err := s.meta.need(headRow, &head); err != nil {
		return Result{}, err
	}
	if err := s.meta.need(checkpointRow, &v.Checkpoint); err != nil {
		return Result{}, err
	}
	v.Head, v.Verified = head.Mark, v.Checkpoint
	cursor := s.audit.bucket.Cursor()
	for k, row := cursor.First(); k != nil && v.Status == ""; k, row = cursor.Next() {
		s.total.add(row)
		v.row(s.audit, k, row)
	}
	if v.Status == "" {
		v.end()
	}
	if v.Status == Good && v.pruned != v.Checkpoint {
		v.found(Missing, v.pruned.Number, "%s, and no record tells of their removal", gap(v.pruned.Number, v.Checkpoint.Number+1))
	}
	if v.Status == Good && v.Records != head.Count {
		v.found(Missing, 0, "%d records are kept from before record %d, and not all that should be: %d records, %d expected",
			v.early, v.Checkpoint.Number+1, v.Records, head.Count)
	}
	if v.Status == Good {
		return v.Result, verifyRest(s)
	}
	return v.Result, nil
}

// row takes in a row of the audit as it is.
func (v *verifier) row(t table, k, row []byte) {
	if len(k) != 8 || len(row) < sumSize {
		v.found(Damaged, 0, "a row of the audit is cut off")
		return
	}
	e, err := parseEntry(k, row[sumSize:])
	if err != nil {
		v.found(Damaged, 0, "%v", err)
		return
	}
	if _, err := t.text(k, row); err != nil && e.whole() {
		v.found(Changed, e.number, "the checksum of record %d is not as it was written", e.number)
		return
	}
	v.take(&e)
}

// verifyRest checks what is in the file beside the audit, and that no row is missing.
func verifyRest(s *tables) error {
	for _, t := range []table{s.streams, s.proofs, s.incidents, s.outbox, s.groups, s.silences} {
		err := t.bucket.ForEach(func(k, row []byte) error {
			s.total.add(row)
			_, err := t.text(k, row)
			return err
		})
		if err != nil {
			return err
		}
	}
	var want digest
	if err := s.meta.need(digestRow, &want); err != nil {
		return err
	}
	if want != *s.total {
		return damagef("%d rows, %d expected, or not the same ones", s.total.Rows, want.Rows)
	}
	return nil
}
