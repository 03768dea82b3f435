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
	link     *replica // the newest of them
	filters  []byte
	leader   string    // the newest
	times    [4]minute // of creation, answer, newest message, start

	path *step // where the shapes stand that are learnt; nil: none is
	mark int   // where the newest part ended
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
	if d.memory == nil || !d.again() {
		d.learn()
	}
}

// clear empties what a document fills, and keeps the memory of its lists.
func (d *decoder) clear() {
	x := &d.doc
	gone := x.State.Gone[:0]
	*x = document{Sources: x.Sources[:0], Config: config{Sources: x.Config.Sources[:0]}}
	x.State.Gone = gone
	d.used = 0
}

// fields reads a document key by key.
func (d *decoder) fields() {
	d.clear()
	if !d.open('{') {
		return
	}
	for f := (fielded{}); d.more('}'); {
		switch string(d.key()) {
		case "error":
			d.value(&f, partError)
		case "config":
			d.once(&f, partConfig)
			d.config()
		case "created":
			d.value(&f, partCreated)
		case "state":
			d.once(&f, partState)
			d.state()
		case "name":
			d.value(&f, partName)
		case "cluster":
			d.once(&f, partCluster)
			d.cluster()
		case "mirror":
			d.once(&f, partMirror)
			d.replica(partMirror)
		case "sources":
			d.once(&f, partSource)
			d.sources(&d.doc.Sources, partSource)
		case "ts":
			d.value(&f, partTS)
		default:
			d.unknown()
		}
	}
}

func (d *decoder) config() {
	if !d.open('{') {
		return
	}
	for f := (fielded{}); d.more('}'); {
		switch string(d.key()) {
		case "name":
			d.value(&f, partConfigName)
		case "subjects":
			d.value(&f, partSubjects)
		case "metadata":
			d.value(&f, partMetadata)
		case "mirror":
			d.once(&f, partConfigMirror)
			d.replica(partConfigMirror)
		case "sources":
			d.once(&f, partConfigSource)
			d.sources(&d.doc.Config.Sources, partConfigSource)
		case "max_msgs":
			d.value(&f, partMaxMsgs)
		case "max_bytes":
			d.value(&f, partMaxBytes)
		case "discard":
			d.value(&f, partDiscard)
		case "sealed":
			d.value(&f, partSealed)
		default:
			d.unknown()
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

// gone reads which messages are deleted, in the memory of a list. That is of interest in origins only.
func (d *decoder) gone(list []uint64) []uint64 {
	if !d.open('[') {
		return list
	}
	for d.more(']') {
		if n := d.count(); d.memory == nil || d.memory.listens {
			list = append(list, n)
		}
	}
	return list
}

func (d *decoder) state() {
	if !d.open('{') {
		return
	}
	for f := (fielded{}); d.more('}'); {
		switch string(d.key()) {
		case "messages":
			d.value(&f, partMessages)
		case "bytes":
			d.value(&f, partBytes)
		case "first_seq":
			d.value(&f, partFirstSeq)
		case "last_seq":
			d.value(&f, partLastSeq)
		case "last_ts":
			d.value(&f, partLastTime)
		case "num_deleted":
			d.value(&f, partDeleted)
		case "deleted":
			d.value(&f, partGone)
		case "num_subjects":
			d.value(&f, partCount)
		default:
			d.unknown()
		}
	}
}

// apiError reads an error object into e; nil: there is none.
func (d *decoder) apiError(e *apiError) *apiError {
	if !d.open('{') {
		return nil
	}
	for f := (fielded{}); d.more('}'); {
		switch string(d.key()) {
		case "code":
			d.once(&f, 1)
			e.Code = int(d.integer())
		case "err_code":
			d.once(&f, 2)
			e.ErrCode = int(d.integer())
		case "description":
			d.once(&f, 3)
			e.Description = d.word("")
		default:
			d.skip()
		}
	}
	return e
}
