package jetstream

import (
	"bytes"
	"cmp"
	"strings"

	"mirrorwatch/pipeline"
)

// This file holds how texts of a document are kept: metadata with what it says, names, and words that come again and again.

// memory is what a decoder keeps, so that in steady state it allocates nothing for a document like those before.
type memory struct {
	settings *settings // shared with other decoders; nil: metadata is passed over
	newest   []byte    // metadata that was read last, and what it says
	last     int       // where the last value in it begins
	says     *pipeline.Settings
	names    strings.Builder
	words    map[string]string
	via      string // of the newest replica
	listens  bool   // subjects are read
	shapes   shapes
}

// newDecoder returns a decoder for many documents, which finds what metadata says in s; nil: nobody wants to know.
func newDecoder(s *settings) *decoder {
	return &decoder{memory: &memory{settings: s, words: map[string]string{}}}
}

// How much text is kept. A text that outlives its document keeps the whole chunk from being freed.
const (
	nameChunk = 8 << 10
	mostWords = 1024
)

// metadata reads a stream's metadata, or finds what it says among what was read before.
func (d *decoder) metadata() *pipeline.Settings {
	if d.peek() != '{' {
		d.misfit("an object")
		return nil
	}
	m := d.memory
	if m == nil {
		return newSettings(d.texts())
	}
	if m.settings == nil {
		d.skip()
		return nil
	}
	start := d.pos
	if n := len(m.newest); n > 0 && bytes.HasPrefix(d.data[start:], m.newest) {
		d.pos += n // many streams say the same
		return m.says
	}
	last := d.passMetadata()
	if d.err != nil {
		return nil
	}
	text := d.data[start:d.pos]
	says := m.settings.find(text)
	if says == nil {
		d.pos = start
		if says = newSettings(d.texts()); says == nil {
			return nil
		}
		m.settings.keep(text, says)
	}
	m.newest, m.last, m.says = append(m.newest[:0], text...), last, says
	return says
}

// passMetadata passes over an object, and returns where in it the last value begins. Mostly it is as the newest was up to there.
func (d *decoder) passMetadata() (last int) {
	m, start := d.memory, d.pos
	if m.last > 0 && bytes.HasPrefix(d.data[start:], m.newest[:m.last]) {
		d.pos += m.last
		if d.skip(); d.peek() == '}' {
			d.pos++
			return m.last
		}
		if d.err != nil {
			return 0
		}
		d.pos = start
	}
	d.open('{')
	for d.more('}') {
		d.pass()
		d.colon()
		last = d.pos - start
		d.skip()
	}
	return last
}

// texts reads an object whose elements are texts; nil: it is none.
func (d *decoder) texts() map[string]string {
	if !d.open('{') {
		return nil
	}
	before := d.wrong
	d.wrong = nil
	all := map[string]string{}
	for d.more('}') {
		raw, escapes, odd := d.name()
		if escapes || odd {
			raw = d.unescape(raw)
		}
		key := string(raw)
		if _, again := all[key]; again {
			d.refuse("%q is there twice", clip(key))
		}
		all[key] = string(d.text())
	}
	if d.err != nil || d.wrong != nil {
		all = nil
	}
	d.wrong = cmp.Or(before, d.wrong)
	return all
}

// string keeps a name that another stream is not likely to have.
func (d *decoder) string(text []byte) string {
	if d.memory == nil {
		return string(text)
	}
	if d.memory.names.Cap()-d.memory.names.Len() < len(text) {
		d.memory.names = strings.Builder{}
		d.memory.names.Grow(max(nameChunk, len(text)))
	}
	start := d.memory.names.Len()
	d.memory.names.Write(text)
	return d.memory.names.String()[start:]
}

// word reads and keeps a text that many streams have; it is likely to be like another.
func (d *decoder) word(like string) string {
	text := d.text()
	if string(text) == like {
		return like
	}
	if d.memory == nil {
		return string(text)
	}
	if known, ok := d.memory.words[string(text)]; ok || len(text) == 0 {
		return known
	}
	if len(d.memory.words) >= mostWords {
		clear(d.memory.words)
	}
	word := string(text)
	d.memory.words[word] = word
	return word
}

// via reads the API prefix of a link; a link's state has the one of its configuration.
func (d *decoder) via() string {
	if d.memory == nil {
		return d.word("")
	}
	d.memory.via = d.word(d.memory.via)
	return d.memory.via
}
