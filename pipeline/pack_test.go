package pipeline

import (
	"reflect"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"
)

// fill gives every field of v, and of what is in it, a value that is drawn: mostly a small one, or none.
func fill(t *rapid.T, v reflect.Value) {
	v = reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem() // fields that are not exported, too
	some := rapid.IntRange(0, 3).Draw(t, "some") > 0
	switch v.Interface().(type) {
	case time.Time:
		if some {
			v.Set(reflect.ValueOf(drawTime(t)))
		}
		return
	case Policy, *kin, *scratch, *origin, *OriginView, *Settings:
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	case reflect.Slice:
		if n := rapid.IntRange(0, 2).Draw(t, "length"); v.Type().Elem().Kind() != reflect.Pointer && n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(t, v.Index(i))
			}
		}
	case reflect.String:
		v.SetString(rapid.SampledFrom([]string{"", "mirror", "A", "text"}).Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(some)
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.OneOf(rapid.Just[int64](0), rapid.Int64Range(-2, 2), rapid.Int64()).Draw(t, "number"))
	case reflect.Uint64:
		v.SetUint(rapid.OneOf(rapid.Just[uint64](0), rapid.Uint64Range(0, 2), rapid.Uint64()).Draw(t, "number"))
	case reflect.Uint32:
		v.SetUint(uint64(rapid.Uint32().Draw(t, "number")))
	case reflect.Float64, reflect.Pointer, reflect.Uint8:
	default:
		t.Fatalf("what is a %s?", v.Type())
	}
}

var packEpoch = time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)

func drawTime(t *rapid.T) time.Time {
	switch rapid.IntRange(0, 9).Draw(t, "era") {
	case 0:
		return time.Date(rapid.IntRange(0, 9999).Draw(t, "year"), 1, 1, 0, 0, 0, rapid.IntRange(0, 999_999_999).Draw(t, "ns"), time.UTC)
	case 1:
		return packEpoch
	}
	return packEpoch.Add(time.Duration(rapid.Int64Range(-1<<50, 1<<50).Draw(t, "after")))
}

// drawBody makes up what is known of a stream, as far as it can be known together.
func drawBody(t *rapid.T, h *shelf, s *stream, origins []*origin) *body {
	b := newBody()
	b.begin(h, s)
	before := *b
	fill(t, reflect.ValueOf(b).Elem())
	if !b.waiting {
		b.queue = 0
	}
	b.key, b.source, b.held, b.phase = before.key, before.source, before.held, before.phase
	for range rapid.IntRange(0, 3).Draw(t, "links") {
		l := b.newLink()
		fill(t, reflect.ValueOf(l).Elem())
		l.subject.StreamKey, l.subject.Receiver = b.key, ""
		if l.status.Subject = l.subject; l.subject.Kind == "" || rapid.Bool().Draw(t, "not judged") {
			l.status = LinkStatus{Violations: 3, Blackout: time.Second, Dark: true, Updated: packEpoch}
		}
		b.links = append(b.links, l)
		if l.origin = rapid.SampledFrom(origins).Draw(t, "origin"); l.origin != nil {
			l.progress.origin = l.origin.told
		}
		if rapid.IntRange(0, 3).Draw(t, "own view") == 0 {
			v := &OriginView{}
			fill(t, reflect.ValueOf(v).Elem())
			v.Key, v.Subjects = l.subject.OriginKey(), nil
			l.progress.origin = v
		}
	}
	b.whole, b.led, b.at = drawSample(t, b, "whole"), nil, time.Time{}
	switch {
	case b.whole == nil:
		for _, l := range b.links { // only a sample tells of it
			l.sample = LinkSample{}
		}
	case rapid.Bool().Draw(t, "as in the sample"):
		b.whole.Links = nil
		for _, l := range b.links {
			b.whole.Links = append(b.whole.Links, l.sample)
		}
		fallthrough
	default:
		b.at, b.led = b.whole.At, b.whole
	}
	if rapid.Bool().Draw(t, "led before") {
		b.led = drawSample(t, b, "led")
	}
	return b
}

func drawSample(t *rapid.T, b *body, name string) *Sample {
	if !rapid.Bool().Draw(t, name) {
		return nil
	}
	s := &Sample{}
	fill(t, reflect.ValueOf(s).Elem())
	s.Key, s.Fault, s.Raw = b.key, Fault{}, nil
	return s
}

// bare is a body without its memory, to be compared.
func bare(b *body) body {
	c := *b
	c.scratch, c.held = nil, nil
	return c
}

func TestWhatIsPackedComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newShelf(packEpoch)
		k := (&kins{names: &h.names, byKey: map[kinKey]*kin{}}).join(StreamKey{Connection: "dr"}, Policy{SeenCritical: Some(time.Minute)}, nil)
		o := h.addOrigin(origin{place: &originPlace{}, name: "O"})
		h.openOrigin(o)
		if rapid.Bool().Draw(t, "told") {
			o.told = &OriginView{}
			fill(t, reflect.ValueOf(o.told).Elem())
			o.told.Key, o.told.Subjects = o.key(), nil
			o.known = o.told
		}
		s := &stream{shared: k, number: 3, called: h.names.keep("A", rapid.SampledFrom([]string{"", "text"}).Draw(t, "source"))}
		b := drawBody(t, h, s, []*origin{nil, o})
		h.packer.write(nil, nil)
		b.pack(&h.packer)
		packed, held := h.packer.packed(), append([]uint32(nil), h.packer.held...)

		again := newBody()
		again.begin(h, s)
		h.packer.read(packed)
		again.pack(&h.packer)
		if h.packer.at != len(packed) || !reflect.DeepEqual(h.packer.held, held) && len(held) > 0 {
			t.Fatalf("%d of %d bytes, words %v of %v were read", h.packer.at, len(packed), h.packer.held, held)
		}
		tidy(b)
		tidy(again)
		if x, y := bare(b), bare(again); !reflect.DeepEqual(x, y) {
			t.Fatalf("packed:\n%+v\nunpacked:\n%+v", x, y)
		}
		h.words.release(held)
		if n := h.words.roll.len(); n != 1 {
			t.Fatalf("%d texts are kept that nobody holds", n-1)
		}
	})
}

// tidy makes slices without anything in them nil.
func tidy(b *body) {
	if len(b.links) == 0 {
		b.links = nil
	}
	for _, s := range []*Sample{b.whole, b.led} {
		if s != nil && len(s.Links) == 0 {
			s.Links = nil
		}
		if s != nil && len(s.Peers) == 0 {
			s.Peers = nil
		}
	}
}

func TestOriginComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newShelf(packEpoch)
		o := h.addOrigin(origin{place: &originPlace{}, name: "O"})
		h.openOrigin(o)
		fill(t, reflect.ValueOf(o.originBody).Elem())
		o.held, o.memory, o.known, o.told, o.changed = nil, OriginView{}, nil, nil, true
		if o.unseen == (Fault{}) {
			o.unseenFor = time.Time{}
		}
		if rapid.Bool().Draw(t, "told") {
			o.told = &OriginView{}
			fill(t, reflect.ValueOf(o.told).Elem())
			o.told.Key, o.told.Subjects = o.key(), nil
		}
		told, unseen, since, asked := o.told, o.unseen, o.unseenFor, o.asked
		h.settle(mark{})
		if o.originBody != nil {
			t.Fatal("it is not at rest")
		}
		h.openOrigin(o)
		if !reflect.DeepEqual(o.told, told) || o.known != o.told || o.unseen != unseen || o.unseenFor != since || o.asked != asked {
			t.Fatalf("told %+v, unseen %v since %v, asked %v; want %+v, %v, %v, %v", o.told, o.unseen, o.unseenFor, o.asked, told, unseen, since, asked)
		}
	})
}
