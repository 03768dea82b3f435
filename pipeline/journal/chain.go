package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"mirrorwatch/pipeline"
)

// Hash is a SHA-256, in texts 64 hexadecimal digits.
type Hash [sha256.Size]byte

// String returns the digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes the digits.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads the digits.
func (h *Hash) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(h) {
		return fmt.Errorf("hash of %d digits: want %d", len(text), 2*len(h))
	}
	if _, err := hex.Decode(h[:], text); err != nil {
		return fmt.Errorf("decode hash: %w", err)
	}
	return nil
}

// Mark is one record of the audit by its number and its hash. Number 0, with a hash of zeros, is what comes before the
// first record.
type Mark struct {
	Number uint64 `json:"number"`
	Hash   Hash   `json:"hash"`
}

// entry is one record as it is stored and exported. The payload is the record's JSON, byte for byte as it was first
// written: it is never made anew, so that its hash holds whatever the types become.
type entry struct {
	number     uint64
	prev, hash Hash
	payload    []byte
}

// chained is the hash of a record: of the 32 bytes of the hash before, the number as 8 bytes, the highest first, and
// the payload.
func chained(prev Hash, number uint64, payload []byte) (hash Hash) {
	h := sha256.New()
	h.Write(prev[:])
	h.Write(key(number))
	h.Write(payload)
	h.Sum(hash[:0])
	return hash
}

func (e *entry) mark() Mark { return Mark{e.number, e.hash} }

// whole tells whether the record's own hash holds.
func (e *entry) whole() bool { return chained(e.prev, e.number, e.payload) == e.hash }

func (e *entry) record() (r pipeline.Record, err error) {
	if err := json.Unmarshal(e.payload, &r); err != nil {
		return r, fmt.Errorf("decode record %d: %w", e.number, err)
	}
	return r, nil
}

// parts is the stored form: both hashes as bytes, then the payload.
func (e *entry) parts() [][]byte { return [][]byte{e.prev[:], e.hash[:], e.payload} }

// parseEntry takes the stored form apart; it shares the memory of text.
func parseEntry(k, text []byte) (e entry, err error) {
	if len(k) != 8 || len(text) < 2*sha256.Size {
		return e, damagef("row %q of %s is cut off", k, auditBucket)
	}
	e.number = binary.BigEndian.Uint64(k)
	e.payload = text[copy(e.prev[:], text)+copy(e.hash[:], text[sha256.Size:]):]
	return e, nil
}

// key is a record's key in the bucket.
func key(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
