package jetstream

import (
	"fmt"
)

// decoder reads documents, one after another, each into the same memory of its own: a document is valid until the next is read. It is
// used by one goroutine at a time.
//
// The elements of JSZ answers are such documents too, without ts: whoever reads those opens what is around them with the scanner, and
// calls element for each.
//
// A key of the document that is there twice is refused, where encoding/json takes the last: servers do not write such.
type decoder struct {
	scanner
	memory *memory // what it keeps of documents to read others sooner; nil: nothing

	doc      document
	group    group
	replicas []*replica // of which the first used are the document's
	used     int
	filters  []byte
	times    [4]minute // of creation, answer, newest message, start
}

// document reads a whole document. It is never nil: on an error it holds what could be read, which may be the name.
func (d *decoder) document(doc []byte) (*document, error) {
	d.reset(doc)
	d.element()
	if err := d.end(); err != nil {
		return &d.doc, fmt.Errorf("decode stream info: %w", err)
	}
	return &d.doc, nil
}

// element reads the document that comes next.
func (d *decoder) element() {
	d.used = 0
	x := &d.doc
	*x = document{Sources: x.Sources[:0], Config: config{Sources: x.Config.Sources[:0]}}
	if !d.open('{') {
		return
	}
	for f := (fielded{}); d.more('}'); {
		switch string(d.field(&f, kindDocument)) {
		case "error":
			d.known(&f, 1)
			x.Error = d.apiError(&apiError{})
		case "config":
			d.known(&f, 2)
			d.config(&x.Config)
		case "created":
			d.known(&f, 3)
			x.Created = d.time(&d.times[0])
		case "state":
			d.known(&f, 4)
			d.state()
		case "name":
			d.known(&f, 5)
			x.Name = d.string(d.text())
		case "cluster":
			d.known(&f, 6)
			x.Cluster = d.cluster()
		case "mirror":
			d.known(&f, 7)
			x.Mirror = d.replica()
		case "sources":
			d.known(&f, 8)
			x.Sources = d.sources(x.Sources)
		case "ts":
			d.known(&f, 9)
			x.TS = d.time(&d.times[1])
		default:
			d.unknown(&f, kindDocument)
		}
	}
}

func (d *decoder) config(c *config) {
	if !d.open('{') {
		return
	}
	for f := (fielded{}); d.more('}'); {
		switch string(d.field(&f, kindConfig)) {
		case "name":
			d.known(&f, 1)
			c.Name = d.string(d.text())
		case "subjects":
			d.known(&f, 2)
			c.Subjects = d.subjects()
		case "metadata":
			d.known(&f, 3)
			c.settings = d.metadata()
		case "mirror":
			d.known(&f, 4)
			c.Mirror = d.replica()
		case "sources":
			d.known(&f, 5)
			c.Sources = d.sources(c.Sources)
		case "max_msgs":
			d.known(&f, 6)
			c.MaxMsgs = d.integer()
		case "max_bytes":
			d.known(&f, 7)
			c.MaxBytes = d.integer()
		case "discard":
			d.known(&f, 8)
			c.Discard = d.word("old")
		case "sealed":
			d.known(&f, 9)
			c.Sealed = d.flag()
		default:
			d.unknown(&f, kindConfig)
		}
	}
}

// subjects reads what a stream listens on, which is of interest in origins only: rounds in account scope leave it out.
func (d *decoder) subjects() (subjects []string) {
	if !d.open('[') {
		return nil
	}
	for d.more(']') {
		if text := d.text(); d.memory == nil || d.memory.listens {
			subjects = append(subjects, string(text))
		}
	}
	return subjects
}

func (d *decoder) state() {
	x := &d.doc.State
	if !d.open('{') {
		return
	}
	for f := (fielded{}); d.more('}'); {
		switch string(d.field(&f, kindState)) {
		case "messages":
			d.known(&f, 1)
			x.Messages = d.count()
		case "bytes":
			d.known(&f, 2)
			x.Bytes = d.count()
		case "first_seq":
			d.known(&f, 3)
			x.FirstSeq = d.count()
		case "last_seq":
			d.known(&f, 4)
			x.LastSeq = d.count()
		case "last_ts":
			d.known(&f, 5)
			x.LastTime = d.time(&d.times[2])
		case "num_deleted":
			d.known(&f, 6)
			x.Deleted = d.integer()
		case "num_subjects":
			d.known(&f, 7)
			x.Subjects = d.count()
		default:
			d.unknown(&f, kindState)
		}
	}
}

// apiError reads an error object into e; nil: there is none.
func (d *decoder) apiError(e *apiError) *apiError {
	if !d.open('{') {
		return nil
	}
	for f := (fielded{}); d.more('}'); {
		switch string(d.field(&f, kindError)) {
		case "code":
			d.known(&f, 1)
			e.Code = int(d.integer())
		case "err_code":
			d.known(&f, 2)
			e.ErrCode = int(d.integer())
		case "description":
			d.known(&f, 3)
			e.Description = d.word("")
		default:
			d.unknown(&f, kindError)
		}
	}
	return e
}
