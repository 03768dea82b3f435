package journal

import (
	"encoding/json"
	"fmt"
	"hash/crc32"

	"go.etcd.io/bbolt"
)

// sumSize is the length of the checksum before a row's text, in hexadecimal and with a space behind it.
const sumSize = 9

// table is one bucket. A row's value is "SUM TEXT", where SUM covers the bucket's name, the key and the text, so that
// a bit that fell over is seen. The sums of all rows, xored, are kept too, so that a row that went missing is seen.
// The text is JSON, in the audit with the hashes before it.
type table struct {
	name   string
	bucket *bbolt.Bucket
	total  *digest
}

// digest stands for a set of rows.
type digest struct {
	Rows uint64 `json:"rows"`
	Sum  uint32 `json:"sum"`
}

func (d *digest) add(value []byte) {
	d.Rows++
	d.Sum ^= sumOf(value)
}

func (d *digest) remove(value []byte) {
	d.Rows--
	d.Sum ^= sumOf(value)
}

// sumOf hashes a whole value; its own sum in it stands for the bucket and the key.
func sumOf(value []byte) uint32 {
	return crc32.Checksum(value, crc32.MakeTable(crc32.Castagnoli))
}

// row returns a row's value, of a text in parts.
func (t table) row(key []byte, text ...[]byte) []byte {
	size := sumSize
	for _, part := range text {
		size += len(part)
	}
	row := make([]byte, sumSize, size)
	for _, part := range text {
		row = append(row, part...)
	}
	copy(row, t.sum(key, row[sumSize:]))
	return row
}

func (t table) sum(key, text []byte) []byte {
	h := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	fmt.Fprintf(h, "%s %q ", t.name, key)
	h.Write(text)
	return fmt.Appendf(make([]byte, 0, sumSize), "%08x ", h.Sum32())
}

func (t table) put(key []byte, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode row of %s: %w", t.name, err)
	}
	_, err = t.putText(key, text)
	return err
}

// putText puts a text that is in parts. It returns how many bytes the row takes.
func (t table) putText(key []byte, text ...[]byte) (int, error) {
	row := t.row(key, text...)
	if old := t.bucket.Get(key); old != nil {
		t.total.remove(old)
	}
	t.total.add(row)
	if err := t.bucket.Put(key, row); err != nil {
		return 0, fmt.Errorf("put row of %s: %w", t.name, err)
	}
	return len(key) + len(row), nil
}

func (t table) remove(key []byte) error {
	old := t.bucket.Get(key)
	if old == nil {
		return nil
	}
	t.total.remove(old)
	if err := t.bucket.Delete(key); err != nil {
		return fmt.Errorf("delete row of %s: %w", t.name, err)
	}
	return nil
}

// text checks a row and returns what is behind its checksum.
func (t table) text(key, row []byte) ([]byte, error) {
	if len(row) < sumSize || string(row[:sumSize]) != string(t.sum(key, row[sumSize:])) {
		return nil, damagef("row %q of %s: its checksum is wrong", key, t.name)
	}
	return row[sumSize:], nil
}

// decode checks a row and takes its JSON apart.
func (t table) decode(key, row []byte, into any) error {
	text, err := t.text(key, row)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return damagef("row %q of %s: %v", key, t.name, err)
	}
	return nil
}

// get decodes one row; false if there is none.
func (t table) get(key []byte, into any) (bool, error) {
	row := t.bucket.Get(key)
	if row == nil {
		return false, nil
	}
	return true, t.decode(key, row, into)
}

// need decodes a row that is always there.
func (t table) need(key string, into any) error {
	found, err := t.get([]byte(key), into)
	if err == nil && !found {
		err = damagef("row %s of %s is missing", key, t.name)
	}
	return err
}

// entry returns a record of the audit.
func (t table) entry(key, row []byte) (entry, error) {
	text, err := t.text(key, row)
	if err != nil {
		return entry{}, err
	}
	return parseEntry(key, text)
}

// each decodes every row in the order of the keys, adding it to the total.
func each[T any](t table, yield func(key []byte, row T) error) error {
	return t.bucket.ForEach(func(key, value []byte) error {
		var row T
		if err := t.decode(key, value, &row); err != nil {
			return err
		}
		t.total.add(value)
		return yield(key, row)
	})
}

func collect[T any](t table, into *[]T) error {
	return each(t, func(_ []byte, row T) error {
		*into = append(*into, row)
		return nil
	})
}
