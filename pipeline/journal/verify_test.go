package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"mirrorwatch/pipeline/journal"
)

// audited makes a journal of forty records, and closes it.
func audited(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	j := open(t, dir, start)
	attempts(t, j, 40, start, time.Second)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// tampered changes a closed journal in a transaction of the store.
func tampered(t testing.TB, f func(tx *bbolt.Tx) error) journal.Result {
	t.Helper()
	dir := audited(t)
	db, err := bbolt.Open(filepath.Join(dir, journal.FileName), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(f), db.Close()); err != nil {
		t.Fatal(err)
	}
	result, err := journal.Verify(dir)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestVerifyNamesTheRecordThatIsNotAsItWas(t *testing.T) {
	forge := func(p []byte) []byte { return bytes.Replace(p, []byte("xxx"), []byte("yyy"), 1) }
	remove := func(first, last uint64) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) (err error) {
			for n := first; n <= last && err == nil; n++ {
				err = journal.Alter(tx, n, nil, false)
			}
			return err
		}
	}
	for name, c := range map[string]struct {
		f    func(*bbolt.Tx) error
		want string
	}{
		"nothing":           {func(*bbolt.Tx) error { return nil }, "good 0: "},
		"changed":           {func(tx *bbolt.Tx) error { return journal.Alter(tx, 17, forge, false) }, "changed 17: record 17 is not as it was written"},
		"changed with hash": {func(tx *bbolt.Tx) error { return journal.Alter(tx, 17, forge, true) }, "changed 17: record 17 is not the one that record 18 was chained to"},
		"newest changed":    {func(tx *bbolt.Tx) error { return journal.Alter(tx, 40, forge, true) }, "changed 40: record 40 is not the one that was written last"},
		"one removed":       {remove(17, 17), "missing 16: record 17 is missing"},
		"some removed":      {remove(17, 20), "missing 16: records 17 to 20 are missing"},
		"oldest removed":    {remove(1, 5), "missing 0: records 1 to 5 are missing"},
		"newest removed":    {remove(39, 40), "cut 38: the newest record is 38, and should be 40"},
		"false checkpoint": {func(tx *bbolt.Tx) error {
			var m journal.Mark
			if err := journal.Alter(tx, 5, func(p []byte) []byte { return p }, false); err != nil {
				return err
			}
			m.Number = 5
			return errors.Join(journal.Forge(tx, m), remove(1, 5)(tx))
		}, "changed 6: record 6 does not follow record 5, with which the chain begins"},
	} {
		t.Run(name, func(t *testing.T) {
			r := tampered(t, c.f)
			if got := fmt.Sprintf("%s %d: %s", r.Status, r.Number, r.Text); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestVerifyReportsATruncatedFileAndLeavesItThere(t *testing.T) {
	dir := audited(t)
	path := filepath.Join(dir, journal.FileName)
	if err := os.Truncate(path, size(t, dir)/2); err != nil {
		t.Fatal(err)
	}
	r, err := journal.Verify(dir)
	if err != nil || r.Status != journal.Damaged || !strings.Contains(r.Text, "cut off") {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := journal.OpenReader(dir); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("reader: %v", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 || size(t, dir) == 0 {
		t.Errorf("files: %v", files)
	}
}

// Whatever byte of a page of rows is changed, the result is not good.
func TestVerifyFindsEveryChangedByteOfTheAudit(t *testing.T) {
	dir := audited(t)
	path := filepath.Join(dir, journal.FileName)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pages := map[int]bool{}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(func(tx *bbolt.Tx) error {
		for id := 2; ; id++ {
			info, err := tx.Page(id)
			if info == nil || err != nil {
				return err
			}
			if info.Type == "leaf" || info.Type == "branch" {
				pages[id] = true
			}
		}
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	const pageSize = 4096
	random := rand.New(rand.NewPCG(3, 4))
	for page := range pages {
		at := page * pageSize
		for range 120 {
			damaged := bytes.Clone(file)
			n := at + random.IntN(pageSize)
			damaged[n] ^= byte(1 + random.IntN(255))
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			if r, err := journal.Verify(dir); err != nil || r.Status == journal.Good {
				t.Errorf("byte %d of page %d (%q): %s %v", n-at, page, file[n], r, err)
			}
		}
	}
	if len(pages) < 4 {
		t.Errorf("only %d pages", len(pages))
	}
}

func TestOpenReaderAndVerifySendPeopleToTheRunningAgent(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, start)
	commit(t, j, full(3))
	if _, err := journal.OpenReader(dir); !errors.Is(err, journal.ErrInUse) {
		t.Errorf("reader: %v", err)
	}
	if _, err := journal.Verify(dir); !errors.Is(err, journal.ErrInUse) {
		t.Errorf("verify: %v", err)
	}
	want := told(t, j)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := journal.OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got := told(t, r); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
	streams, err := r.Streams()
	if err != nil || len(streams) != 3 {
		t.Errorf("streams: %v %v", streams, err)
	}
	if open, err := r.Incidents(); err != nil || len(open) != 3 {
		t.Errorf("incidents: %v %v", open, err)
	}
	if _, err := journal.OpenReader(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a journal: %v", err)
	}
}
