package pipeline

import "time"

// This file holds how a stream is packed. First comes what moves from look to look while all is well (pack_moving.go), which is written
// anew by itself where a sample is taken in in passing; then what a sample is held against for that (pack_still.go); then the rest of
// what the board shows of its links, so that who reads that may stop there; then what is known of each link, most of which follows from
// what is there while all is well: then it takes a bit. What is there only while something goes on lies behind one more bit.
//
// The order is load-bearing: there are no names and no lengths in what is packed, so writer and reader make the same calls in the same
// order, and take the same branches. Hence three rules. What a value is written against (near), and what decides a branch, is packed
// before it; a branch that only the writer can decide is p.bit(!p.reading && ...), never a bare condition on a field that is not read
// yet. What the board shows stays in packShown, since its readers stop there. And what is left out must follow from what is there: quiet,
// troubled, busy, link.plain and link.well say when that is so. What is packed behind packMoving is to be the same bytes after a sample that
// is taken in in passing: it is written against what moves, where it moves along, and else against what does not.
//
// A new field of a body, a link, a Proof or a Progress goes in five steps: pack it (p.time, packInt, packText, p.flag) against what it
// mostly equals, in the group that it changes with; name it in the predicate that guards that group, else it is lost for streams that
// look quiet; set what it is while the group is left out, where that is not its zero value, as pack does with led and due; give it to
// pack_test.go, which fills every field; and look at what Packed says a healthy stream takes: it is to be no more than before. Nothing
// packed outlives the process, so there are no versions.

// pack writes the stream with all its links, or reads it back.
func (b *body) pack(p *packer) {
	b.packShown(p)
	if b.whole != nil {
		b.packLinkSamples(p)
	}
	for _, l := range b.links {
		l.pack(p, b)
	}
	if p.bit(!p.reading && !b.quiet()) {
		b.packUnquiet(p)
	} else if p.reading {
		b.led, b.due = b.whole, b.firstDeadline()
	}
}

// packShown packs what the board shows, and deadlines.
func (b *body) packShown(p *packer) {
	b.packMoving(p)
	p.cut()
	b.packStill(p)
	b.packRows(p)
}

// firstDeadline is when the stream is due, where nothing but the silence of its links is.
func (b *body) firstDeadline() (first time.Time) {
	for _, l := range b.links {
		first = earlier(first, l.deadline)
	}
	return first
}

// quiet tells whether nothing goes on with the stream but rounds.
func (b *body) quiet() bool {
	return b.led == b.whole && b.due == b.firstDeadline() && !b.dirty && !b.busy() && !b.troubled() && len(b.events) == 0
}

func (b *body) packUnquiet(p *packer) {
	if p.bit(b.led != b.whole) {
		b.packLed(p)
	} else if p.reading {
		b.led = b.whole
	}
	p.time(&b.due, b.firstDeadline())
	p.flag(&b.dirty, false)
	if p.bit(!p.reading && b.busy()) {
		b.packLooks(p)
	}
	if p.bit(!p.reading && b.troubled()) {
		b.packTrouble(p)
	}
	b.packEvents(p)
}

// busy tells whether the stream is looked at by itself, or is to be.
func (b *body) busy() bool {
	return !b.missed.IsZero() || b.asking != 0 || b.waiting || b.queue != 0
}

func (b *body) packLooks(p *packer) {
	p.time(&b.missed, time.Time{})
	packInt(p, &b.asking, 0)
	p.flag(&b.waiting, false)
	packInt(p, &b.queue, 0)
}

// packLinkSamples packs the links of the newest sample: they are those of the stream, as far as they were told newest.
func (b *body) packLinkSamples(p *packer) {
	w := b.whole
	same := !p.reading && len(w.Links) == len(b.links)
	for i := 0; same && i < len(w.Links); i++ {
		same = w.Links[i] == b.links[i].sample
	}
	if !p.bit(!same) {
		for _, l := range b.links {
			if p.reading {
				w.Links = append(w.Links, l.sample)
			}
		}
		return
	}
	w.packLinks(p)
}

// troubled tells whether there is anything of that kind.
func (b *body) troubled() bool {
	return !b.headless.IsZero() || !b.gone.IsZero() || b.fault.Kind != FaultNone || b.fault.Text != ""
}

// packTrouble packs what is there only while something is wrong.
func (b *body) packTrouble(p *packer) {
	p.time(&b.headless, b.at)
	p.time(&b.gone, time.Time{})
	packText(p, &b.fault.Kind, FaultNone)
	packText(p, &b.fault.Text, "")
}

// packEvents packs what was told of the stream.
func (b *body) packEvents(p *packer) {
	n := len(b.events)
	packInt(p, &n, 0)
	if p.reading && n > 0 {
		b.events = make([]Advisory, n)
	}
	for i := range b.events {
		e := &b.events[i]
		p.time(&e.At, b.first)
		packText(p, &e.Kind, AdvisoryUpdated)
		packText(p, &e.Text, "")
	}
}

// packLed packs the newest sample with a leader, where that is not the newest sample.
func (b *body) packLed(p *packer) {
	if !p.bit(b.led != nil) {
		return
	}
	if p.reading {
		b.led = b.buffer()
		b.led.Key = b.key
	}
	b.led.packMoving(p, b.seen)
	b.led.packStill(p)
	b.led.packLinks(p)
}
