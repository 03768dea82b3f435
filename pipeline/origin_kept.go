package pipeline

import (
	"strings"
	"time"
)

// This file holds single origins, and where they are.

// origin is one origin of a connection's links. At rest what is known of it is packed.
type origin struct {
	*originBody // nil: it is at rest
	place       *originPlace
	name        string
	stream      *stream // whose links come from it; nil: of several, see origins.shared
	number      uint32  // on its shelf
	asking      bool
	exact       bool // the next question is to ask which of its messages are deleted: whether a link copied everything hangs on that
	mute        bool // nobody answered about it last time
	over        bool // no link comes from it any more: once nobody asks about it either, its memory is another's
}

// originPlace is where origins are, as links name them.
type originPlace struct {
	OriginKey // without a stream
	origins   int
}

// originBody is what a Watch knows of one origin, while that is open.
type originBody struct {
	told      *OriginView // newest that told of it; nil: none did
	known     *OriginView // the same, as the links that are at rest know it
	unseen    Fault       // why the newest told nothing; zero: it did
	unseenFor time.Time   // since when they tell nothing
	asked     time.Time   // newest question
	held      []uint32    // words of its packed form
	changed   bool        // that form is not what is known any more
	memory    OriginView  // for told
}

// key is the origin's, at rest too.
func (o *origin) key() OriginKey {
	key := o.place.OriginKey
	key.Stream = o.name
	return key
}

// canAskExactly tells whether the next question may be made an exact one: it is none yet, no answer is awaited that would tell whether it has
// to be, and questions are answered.
func (o *origin) canAskExactly() bool { return !o.exact && !o.asking && !o.mute }

// silent tells whether nobody answered about it last time: 0 or 1, as places are counted.
func (o *origin) silent() int {
	if o.mute {
		return 1
	}
	return 0
}

// place returns where one more origin is.
func (q *origins) place(key OriginKey) *originPlace {
	key.Stream = ""
	p := q.places[key]
	if p == nil {
		key = OriginKey{
			Connection: strings.Clone(key.Connection), Account: strings.Clone(key.Account), Domain: strings.Clone(key.Domain),
			Via: strings.Clone(key.Via),
		}
		p = &originPlace{OriginKey: key}
		q.places[key] = p
	}
	p.origins++
	return p
}

func (q *origins) leave(p *originPlace) {
	if p.origins--; p.origins == 0 {
		delete(q.places, p.OriginKey)
	}
}
