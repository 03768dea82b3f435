package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// recordMark begins the record in a line of an export; nothing before it holds a text of its own.
var recordMark = []byte(`,"record":`)

// VerifyExport examines an export, line by line. An export that begins later than the audit did is good as well: the
// result says where it begins. An error says that it could not be read.
func VerifyExport(from io.Reader) (Result, error) {
	v := exportVerifier{}
	lines := bufio.NewReaderSize(from, 1<<16)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return Result{}, fmt.Errorf("read export: %w", err)
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
			v.line(n, line)
		}
		if err != nil {
			break
		}
	}
	v.finish()
	return v.Result, nil
}

// exportVerifier takes in an export. After a gap it looks on for what is missing, which may only be elsewhere.
type exportVerifier struct {
	verifier
	begun, ended bool // the lines of the checkpoint and of the head were there
	early        []entry
	after        uint64 // the record behind a gap; 0: there is none
}

func (v *exportVerifier) line(n int, line []byte) {
	if v.after == 0 && v.Status != "" {
		return
	}
	head, payload, isRecord := bytes.Cut(line, recordMark)
	if isRecord {
		if !bytes.HasSuffix(payload, []byte("}")) {
			v.unreadable(n, "it is cut off")
			return
		}
		head, payload = append(bytes.Clone(head), '}'), payload[:len(payload)-1]
	}
	var l exportLine
	if err := json.Unmarshal(head, &l); err != nil {
		v.unreadable(n, err.Error())
		return
	}
	marked := l.Number > 0 || l.Prev != nil || l.Hash != nil
	switch { // a line is one thing alone: who reads another into it would trust what no hash covers
	case v.ended:
		v.unreadable(n, "there is more behind the line of the head")
	case isRecord && l.Prev != nil && l.Hash != nil && l.Number > 0 && l.Checkpoint == nil && l.Head == nil:
		v.entry(entry{l.Number, *l.Prev, *l.Hash, payload})
	case !isRecord && !marked && l.Checkpoint != nil && l.Head == nil && !v.begun:
		v.begin(*l.Checkpoint)
	case !isRecord && !marked && l.Head != nil && l.Checkpoint == nil:
		v.Head, v.ended = *l.Head, true
	default:
		v.unreadable(n, "it is no line of an export")
	}
}

func (v *exportVerifier) unreadable(n int, why string) {
	if v.after == 0 {
		v.found(Damaged, 0, "line %d cannot be read: %s", n, why)
	}
}

// begin takes in what came before the checkpoint.
func (v *exportVerifier) begin(at Mark) {
	v.begun, v.Checkpoint, v.Verified = true, at, at
	for i := range v.early {
		if e := &v.early[i]; e.number > at.Number {
			v.found(Reordered, e.number, "record %d stands before the beginning of the chain at %d", e.number, at.Number)
		} else if v.Status == "" {
			v.take(e)
		}
	}
	v.early = nil
}

func (v *exportVerifier) entry(e entry) {
	switch {
	case v.after > 0:
		if e.number > v.Verified.Number && e.number < v.after {
			v.Status = ""
			v.found(Reordered, v.after, "record %d comes before record %d", v.after, e.number)
			v.after = 0
		}
	case !v.begun:
		v.early = append(v.early, e)
	default:
		v.take(&e)
		if v.Status == Missing {
			v.after = e.number
		}
	}
}

func (v *exportVerifier) finish() {
	switch {
	case v.Status != "":
	case !v.begun && len(v.early) > 0:
		v.found(Missing, 0, "the beginning is missing: there is no line of the checkpoint before record %d", v.early[0].number)
	case !v.begun:
		v.found(Damaged, 0, "it is no export, or an empty one")
	case !v.ended:
		v.found(Cut, v.Verified.Number, "the newest record is %d, and the line of the head is missing", v.Verified.Number)
	default:
		v.end()
	}
}
