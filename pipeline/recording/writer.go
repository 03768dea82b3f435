package recording

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"mirrorwatch/pipeline"
)

// Writer writes a recording. It is for one goroutine at a time.
type Writer struct {
	w      io.Writer
	gz     *gzip.Writer // nil: not compressed
	file   *os.File     // nil: the caller's to close
	line   bytes.Buffer
	encode *json.Encoder
}

// NewWriter writes the header to w, its Recording set to Version, and returns a writer of looks after it.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	out := &Writer{w: w}
	if err := out.begin(h); err != nil {
		return nil, err
	}
	return out, nil
}

// Create makes the file at path and begins a recording in it; compressed where path ends in ".gz". It refuses a path where
// something is already. The caller closes the writer.
func Create(path string, h Header) (*Writer, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("create recording: %s: %w; a recording never overwrites a file", path, fs.ErrExist)
	}
	if err != nil {
		return nil, fmt.Errorf("create recording: %w", err)
	}
	out := &Writer{w: file, file: file}
	if strings.HasSuffix(path, ".gz") {
		out.gz = gzip.NewWriter(file)
		out.w = out.gz
	}
	if err := out.begin(h); err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(path))
	}
	return out, nil
}

// Write writes what one look found of one stream: s.Raw, or its fault. The line has left the process when Write
// returns, so that a kill loses at most the line that is being written.
func (w *Writer) Write(s *pipeline.Sample) error {
	l, err := lineOf(s)
	if err != nil {
		return fmt.Errorf("record look: %w", err)
	}
	if err := w.write(l); err != nil {
		return fmt.Errorf("record look: %w", err)
	}
	return nil
}

// WriteOrigin writes what one question found of an origin, as Write does. A recording keeps origins apart by their streams'
// names and the links' external API prefix, not by the connection that asked.
func (w *Writer) WriteOrigin(v *pipeline.OriginView) error {
	l, err := lineOfOrigin(v)
	if err != nil {
		return fmt.Errorf("record view of an origin: %w", err)
	}
	if err := w.write(l); err != nil {
		return fmt.Errorf("record view of an origin: %w", err)
	}
	return nil
}

// Close finishes the compression, and closes the file that Create made.
func (w *Writer) Close() error {
	var errs []error
	if w.gz != nil {
		errs = append(errs, w.gz.Close())
	}
	if w.file != nil {
		errs = append(errs, w.file.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close recording: %w", err)
	}
	return nil
}

func (w *Writer) begin(h Header) error {
	w.encode = json.NewEncoder(&w.line)
	w.encode.SetEscapeHTML(false)
	h.Recording = Version
	if err := w.write(h); err != nil {
		return fmt.Errorf("write recording's header: %w", err)
	}
	return nil
}

func (w *Writer) write(v any) error {
	w.line.Reset()
	if err := w.encode.Encode(v); err != nil {
		return err
	}
	if _, err := w.w.Write(w.line.Bytes()); err != nil {
		return err
	}
	if w.gz != nil {
		return w.gz.Flush()
	}
	return nil
}
