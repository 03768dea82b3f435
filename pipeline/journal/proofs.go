package journal

import (
	"encoding/binary"
	"strings"

	"mirrorwatch/pipeline"
)

// This file holds how proof pages are kept: each in a row of its own, whose text is the page as it came.

// writeProofs writes pages and removes those that are no longer there.
func (w *writer) writeProofs() error {
	for _, p := range w.Proofs {
		key := pageKey(p.Connection, p.Number)
		if p.Data == nil {
			if err := w.proofs.remove(key); err != nil {
				return err
			}
			continue
		}
		if _, err := w.proofs.putText(key, p.Data); err != nil {
			return err
		}
	}
	return nil
}

// loadProofs reads all pages, adding them to the total.
func loadProofs(t table) (pages []pipeline.ProofPage, err error) {
	err = t.bucket.ForEach(func(key, row []byte) error {
		data, err := t.text(key, row)
		if err != nil {
			return err
		}
		t.total.add(row)
		p, err := parsePageKey(key)
		if err != nil {
			return err
		}
		p.Data = append([]byte{}, data...) // the file may be gone when somebody reads it
		pages = append(pages, p)
		return nil
	})
	return pages, err
}

const pageNumberSize = 4

func pageKey(connection string, number int) []byte {
	return binary.BigEndian.AppendUint32(pair(connection, ""), uint32(number))
}

func parsePageKey(key []byte) (p pipeline.ProofPage, err error) {
	name, found := strings.CutSuffix(string(key[:max(0, len(key)-pageNumberSize)]), "\x00")
	if !found {
		return p, damagef("row %q of %s: it names no page", key, proofsBucket)
	}
	return pipeline.ProofPage{Connection: name, Number: int(binary.BigEndian.Uint32(key[len(key)-pageNumberSize:]))}, nil
}
