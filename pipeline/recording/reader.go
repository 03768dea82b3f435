package recording

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"mirrorwatch/pipeline"
)

// MaxLine is the longest line that is read, in bytes.
const MaxLine = 16 << 20

// Recording is a recording in memory. It does not change, and may be used from several goroutines.
type Recording struct {
	Header
	Notes []string // what was tolerated while reading, for people

	looks   map[pipeline.StreamKey][]pipeline.Sample // oldest first
	origins map[originName][]pipeline.OriginView     // oldest first; their keys are not set
}

// Open reads the recording in the file at path.
func Open(path string, decode func(doc []byte, s *pipeline.Sample) error) (*Recording, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open recording: %w", err)
	}
	defer f.Close()
	return Read(f, path, decode)
}

// Read reads a recording, gzipped or not. Errors tell name and the number of the line. Decode fills a sample from a
// STREAM.INFO document; a document that it refuses becomes a sample with FaultNonsense. A last line that was cut off, as
// by a kill of the recorder, is left out and noted.
func Read(r io.Reader, name string, decode func(doc []byte, s *pipeline.Sample) error) (*Recording, error) {
	lines, err := newLineReader(r)
	if err != nil {
		return nil, fmt.Errorf("read recording: %s: %w", name, err)
	}
	rec := &Recording{looks: map[pipeline.StreamKey][]pipeline.Sample{}, origins: map[originName][]pipeline.OriginView{}}
	if err := rec.read(lines, decode); err != nil {
		return nil, fmt.Errorf("read recording: %s:%d: %w", name, lines.number, err)
	}
	if lines.cut != "" {
		rec.Notes = append(rec.Notes, fmt.Sprintf("%s:%d: %s", name, lines.number, lines.cut))
	}
	rec.settleDomains()
	for _, looks := range rec.looks {
		slices.SortStableFunc(looks, func(a, b pipeline.Sample) int { return a.At.Compare(b.At) })
	}
	for _, views := range rec.origins {
		slices.SortStableFunc(views, func(a, b pipeline.OriginView) int { return a.At.Compare(b.At) })
		complete(views)
	}
	return rec, nil
}

// settleDomains puts the lines that tell no domain, as those of errors, to the stream's others.
func (r *Recording) settleDomains() {
	for told := range r.looks {
		bare := told
		bare.Domain = ""
		looks, ok := r.looks[bare]
		if told == bare || !ok {
			continue
		}
		delete(r.looks, bare)
		for i := range looks {
			looks[i].Key = told
		}
		r.looks[told] = append(r.looks[told], looks...)
	}
}

func (r *Recording) read(lines *lineReader, decode func([]byte, *pipeline.Sample) error) error {
	text, err := lines.next()
	if errors.Is(err, io.EOF) {
		lines.number = max(lines.number, 1)
		return errors.New("the header is missing")
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &r.Header); err != nil {
		return fmt.Errorf("decode header: %w", err)
	}
	switch {
	case r.Header.Recording == 0:
		return errors.New(`this is no recording: the first line has no "recording"`)
	case r.Header.Recording != Version:
		return fmt.Errorf("recording version %d, want %d", r.Header.Recording, Version)
	case r.Interval < 0:
		return fmt.Errorf(`"interval" is %v, want 0 or more seconds`, r.Interval)
	}
	for {
		text, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return fmt.Errorf("decode line: %w", err)
		}
		if err := l.check(); err != nil {
			return err
		}
		s, err := l.sample(decode)
		if err != nil {
			return err
		}
		r.looks[s.Key] = append(r.looks[s.Key], *s)
		if l.Connection == OriginView {
			name := originName{l.Stream, l.Via}
			r.origins[name] = append(r.origins[name], l.view(s))
		}
	}
}

// lineReader gives the lines of a text, each in memory of its own.
type lineReader struct {
	r      *bufio.Reader
	number int    // of the newest line, from 1
	cut    string // why the text ended within a line; empty: it did not
}

func newLineReader(r io.Reader) (*lineReader, error) {
	buffered := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := buffered.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return &lineReader{r: buffered}, nil
	}
	gz, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	return &lineReader{r: bufio.NewReaderSize(gz, 64<<10)}, nil
}

// next returns the next line that is not empty, without its end. After the last one it returns io.EOF.
func (l *lineReader) next() ([]byte, error) {
	for {
		var text []byte
		var err error
		for {
			var part []byte
			part, err = l.r.ReadSlice('\n')
			text = append(text, part...)
			if len(text) > MaxLine {
				l.number++
				return nil, fmt.Errorf("the line is longer than %d bytes", MaxLine)
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				break
			}
		}
		if err == nil || len(text) > 0 {
			l.number++
		}
		switch {
		case err == nil:
			if text = bytes.TrimSpace(text); len(text) > 0 {
				return text, nil
			}
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return l.last(bytes.TrimSpace(text), errors.Is(err, io.ErrUnexpectedEOF))
		default:
			return nil, fmt.Errorf("read line: %w", err)
		}
	}
}

// last judges what follows the last line end: whole JSON is a line, anything else was cut off.
func (l *lineReader) last(text []byte, cut bool) ([]byte, error) {
	if len(text) > 0 && json.Valid(text) {
		return text, nil
	}
	switch {
	case len(text) > 0:
		l.cut = "the last line is cut off, and left out"
	case cut:
		l.cut = "the file ends unfinished; all lines up to there are whole"
	}
	return nil, io.EOF
}
