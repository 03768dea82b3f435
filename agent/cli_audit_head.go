package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"mirrorwatch/pipeline/journal"
)

// keptHead is a head of the audit that was kept elsewhere, and what has its number now. Nil: none was kept. Lines of an
// export that are written to it are searched for it.
type keptHead struct {
	kept  journal.Mark
	found *journal.Mark
	line  []byte // that is not whole yet
}

// parseHead reads NUMBER:HASH; "" is none.
func parseHead(text string) (*keptHead, error) {
	if text == "" {
		return nil, nil
	}
	number, hash, ok := strings.Cut(text, ":")
	var k keptHead
	var err error
	if k.kept.Number, err = strconv.ParseUint(number, 10, 64); ok && err == nil {
		err = k.kept.Hash.UnmarshalText([]byte(hash))
	}
	if !ok || err != nil {
		return nil, errors.New("--head: want NUMBER:HASH, as audit verify prints it")
	}
	return &k, nil
}

// errFound ends an export that was searched to what was looked for.
var errFound = errors.New("found")

// Write searches lines of an export.
func (k *keptHead) Write(b []byte) (int, error) {
	if k == nil || k.found != nil {
		return len(b), nil
	}
	k.line = append(k.line, b...)
	for k.found == nil {
		line, rest, whole := bytes.Cut(k.line, []byte("\n"))
		if !whole {
			break
		}
		k.line = rest
		k.look(line)
	}
	return len(b), nil
}

func (k *keptHead) look(line []byte) {
	var told struct {
		journal.Mark
		Checkpoint *journal.Mark `json:"checkpoint"`
	}
	if json.Unmarshal(line, &told) != nil {
		return
	}
	if told.Checkpoint != nil {
		told.Mark = *told.Checkpoint
	}
	if told.Number == k.kept.Number {
		k.found, k.line = &told.Mark, nil
	}
}

// seek searches the journal in dir.
func (k *keptHead) seek(dir string) error {
	if k == nil {
		return nil
	}
	reader, err := openReader(dir)
	if err != nil {
		return err
	}
	err = reader.Export(seeking{k}, k.kept.Number)
	if errors.Is(err, errFound) {
		err = nil
	}
	return errors.Join(err, reader.Close())
}

// seeking stops an export once the head was found.
type seeking struct{ *keptHead }

func (s seeking) Write(b []byte) (int, error) {
	n, err := s.keptHead.Write(b)
	if s.found != nil {
		return n, errFound
	}
	return n, err
}

// judge holds what was found against the head that was kept. It fails where it cannot tell.
func (k *keptHead) judge(r journal.Result) (*auditVerdict, error) {
	v := &auditVerdict{Good: r.Status == journal.Good, Result: r}
	switch {
	case k == nil || !v.Good:
	case k.found != nil && k.found.Hash == k.kept.Hash:
	case k.found != nil:
		v.Good, v.Status, v.Number = false, otherHead, k.kept.Number
		v.Text = fmt.Sprintf("record %d has the hash %s, not the one that was kept: the chain was made anew", k.kept.Number, k.found.Hash)
	case k.kept.Number < r.Checkpoint.Number:
		return nil, fmt.Errorf("record %d, whose hash was kept, was removed by the retention", k.kept.Number)
	default:
		v.Good, v.Status, v.Number = false, journal.Cut, r.Head.Number
		v.Text = fmt.Sprintf("the newest record is %d, the head that was kept is %d", r.Head.Number, k.kept.Number)
	}
	return v, nil
}
