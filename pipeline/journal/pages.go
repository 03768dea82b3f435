package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// element is one entry of a page.
type element struct {
	key, value []byte
	bucket     bool
	page       uint64
}

// tree examines the pages below id. Keys are at least low, and below high where that is not nil; top says that the
// values are buckets, which nowhere else may be.
func (in *inspector) tree(id uint64, low, high []byte, top bool) error {
	b, flags, count, err := in.page(id)
	if err != nil {
		return err
	}
	if flags != branchPage && flags != leafPage || flags == branchPage && count == 0 {
		return damagef("page %d: its header is wrong", id)
	}
	elements, err := parse(b, flags, count, low, high)
	if err != nil {
		return damagef("page %d: %v", id, err)
	}
	if in.strict && !packed(b, elements, false) {
		return damagef("page %d: it is not as it was written", id)
	}
	if in.strict && low != nil && len(elements) > 0 && !bytes.Equal(elements[0].key, low) {
		return damagef("page %d: it does not begin as the page above says", id)
	}
	for i, e := range elements {
		switch {
		case flags == branchPage:
			below := high
			if i+1 < len(elements) {
				below = elements[i+1].key
			}
			err = in.tree(e.page, e.key, below, top)
		case e.bucket != top:
			err = damagef("page %d: a bucket is where a row should be, or the other way round", id)
		case e.bucket:
			err = in.bucket(id, e.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bucket examines the value that stands for a bucket: its root page, or the page itself when it is small.
func (in *inspector) bucket(id uint64, value []byte) error {
	if len(value) < bucketHeader {
		return damagef("page %d: a bucket is cut off", id)
	}
	if in.strict && binary.NativeEndian.Uint64(value[8:]) != 0 { // a sequence, which no bucket here has
		return damagef("page %d: it is not as it was written", id)
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		return in.tree(root, nil, nil, false)
	}
	b := value[bucketHeader:]
	if len(b) < pageHeader || binary.NativeEndian.Uint16(b[8:]) != leafPage {
		return damagef("page %d: a bucket is cut off", id)
	}
	elements, err := parse(b, leafPage, int(binary.NativeEndian.Uint16(b[10:])), nil, nil)
	if err != nil {
		return damagef("page %d: %v", id, err)
	}
	if in.strict && (!packed(b, elements, true) || binary.NativeEndian.Uint64(b) != 0 || binary.NativeEndian.Uint32(b[12:]) != 0) {
		return damagef("page %d: it is not as it was written", id)
	}
	for _, e := range elements {
		if e.bucket {
			return damagef("page %d: a bucket is where a row should be", id)
		}
	}
	return nil
}

// parse takes a branch or leaf page apart and checks the order of its keys.
func parse(b []byte, flags, count int, low, high []byte) ([]element, error) {
	if pageHeader+count*elementSize > len(b) {
		return nil, fmt.Errorf("%d entries do not fit", count)
	}
	order := binary.NativeEndian
	elements := make([]element, count)
	for i := range elements {
		at := pageHeader + i*elementSize
		h, e := b[at:at+elementSize], &elements[i]
		var pos, keySize, valueSize uint64
		if flags == branchPage {
			pos, keySize, e.page = uint64(order.Uint32(h)), uint64(order.Uint32(h[4:])), order.Uint64(h[8:])
		} else {
			e.bucket = order.Uint32(h) == bucketElement
			if order.Uint32(h) > bucketElement {
				return nil, fmt.Errorf("entry %d is of an unknown kind", i)
			}
			pos, keySize, valueSize = uint64(order.Uint32(h[4:])), uint64(order.Uint32(h[8:])), uint64(order.Uint32(h[12:]))
		}
		start := uint64(at) + pos
		if pos < uint64((count-i)*elementSize) || keySize == 0 || start+keySize+valueSize > uint64(len(b)) {
			return nil, fmt.Errorf("entry %d points beyond the page", i)
		}
		e.key, e.value = b[start:start+keySize], b[start+keySize:start+keySize+valueSize]
		if i == 0 && bytes.Compare(e.key, low) < 0 || i > 0 && bytes.Compare(e.key, elements[i-1].key) <= 0 ||
			high != nil && bytes.Compare(e.key, high) >= 0 {
			return nil, fmt.Errorf("entry %d is out of order", i)
		}
	}
	return elements, nil
}

// packed tells whether the elements follow each other without a gap, and nothing is behind the last one: in a page of its
// own nothing but zeros.
func packed(b []byte, elements []element, inline bool) bool {
	at := pageHeader + len(elements)*elementSize
	for _, e := range elements {
		for _, part := range [...][]byte{e.key, e.value} {
			if len(part) > 0 && (at >= len(b) || &b[at] != &part[0]) {
				return false
			}
			at += len(part)
		}
	}
	return at == len(b) || !inline && len(bytes.TrimLeft(b[at:], "\x00")) == 0
}
