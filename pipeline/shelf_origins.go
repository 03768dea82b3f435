package pipeline

import (
	"hash/maphash"
	"slices"
	"time"
)

// This file holds how origins are taken from their shelf, and put back.

// findOrigin returns an origin; nil: it is not here.
func (h *shelf) findOrigin(key OriginKey) *origin {
	n, found := h.origins.find(maphash.Comparable(h.seed, key), func(o *origin) bool { return o.name == key.Stream && o.key() == key })
	if !found {
		return nil
	}
	return h.origins.item(n)
}

// addOrigin takes a new origin in.
func (h *shelf) addOrigin(it origin) *origin {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.origins.add(it)
	o := h.origins.item(n)
	o.number = n
	return o
}

// removeOrigin takes an origin out, which is open. It stays so until it is to be put back.
func (h *shelf) removeOrigin(o *origin) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.origins.lose(o.number)
	h.sights.put(o.number, nil)
	o.over = true
}

// originAt opens the origin that has a number.
func (h *shelf) originAt(n uint32) *origin {
	o := h.origins.item(n)
	h.openOrigin(o)
	return o
}

// openOrigin takes an origin down.
func (h *shelf) openOrigin(o *origin) {
	if o.originBody != nil {
		if h.keeps && !slices.Contains(h.openOrigins, o) {
			h.openOrigins = append(h.openOrigins, o)
		}
		return
	}
	h.openOrigins = append(h.openOrigins, o)
	if n := len(h.spareOrigins) - 1; n >= 0 {
		o.originBody, h.spareOrigins = h.spareOrigins[n], h.spareOrigins[:n]
	} else {
		o.originBody = &originBody{}
	}
	b := o.originBody
	*b = originBody{held: b.held[:0]}
	data := h.sights.at(o.number)
	if len(data) == 0 || o.over {
		return
	}
	h.originPacker.read(data)
	o.pack(&h.originPacker)
	b.held = append(b.held, h.originPacker.held...)
	b.known = b.told
}

// restOrigin puts an origin back. Mostly it was taken down only with a stream, and lies packed as it was.
func (h *shelf) restOrigin(o *origin) {
	if o.changed || o.over {
		h.packOrigin(o)
		if h.keeps {
			o.held = append(o.held[:0], h.originPacker.held...)
		}
	}
	if h.keeps && !o.over {
		o.known, o.changed = o.told, false
		return
	}
	if len(h.spareOrigins) < mostSpare {
		h.spareOrigins = append(h.spareOrigins, o.originBody)
	}
	o.originBody = nil
	if o.over && !o.asking { // who asks about it has it in hand until the answer was taken in
		h.mu.Lock()
		h.origins.reuse(o.number)
		h.mu.Unlock()
	}
}

func (h *shelf) packOrigin(o *origin) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := &h.originPacker; !o.over {
		p.write(h.buffer, o.held)
		o.pack(p)
		h.sights.put(o.number, p.packed())
		h.buffer = p.data
	}
	h.words.release(o.held)
}

// pack writes what is known of an origin, or reads it back.
func (o *origin) pack(p *packer) {
	p.time(&o.asked, time.Time{})
	if p.bit(o.told != nil) {
		if p.reading {
			o.told = &o.memory
			o.told.Key = o.key()
		}
		o.told.pack(p, o.asked)
	}
	if p.bit(o.unseen != Fault{}) {
		packText(p, &o.unseen.Kind, FaultNoAnswer)
		packText(p, &o.unseen.Text, "")
		p.time(&o.unseenFor, o.asked)
	}
}
