package journal

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"io"
)

// The store's file format, version 2, in the machine's byte order: two pages of metadata, of which the valid one with
// the later transaction counts, then pages of a B+ tree of buckets, and a list of free pages. The store trusts what it
// maps: a wrong number in a page sends it beyond the map, or round in circles, where no recover reaches. So every page
// is examined here first.
const (
	storeMagic   = 0xED0CDAED
	storeVersion = 2

	pageHeader  = 16 // id u64, flags u16, count u16, overflow u32
	elementSize = 16 // branch: pos u32, ksize u32, page u64; leaf: flags u32, pos u32, ksize u32, vsize u32
	metaSize    = 64 // magic, version, page size, flags u32; root, sequence, freelist, pages, transaction, checksum u64

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10

	bucketElement = 0x01
	bucketHeader  = 16 // root u64, sequence u64
)

// storeMeta is what counts of a page of metadata.
type storeMeta struct {
	pageSize              int
	root, freelist, pages uint64
	transaction           uint64
}

// inspector walks the pages of one file.
type inspector struct {
	file io.ReaderAt
	storeMeta
	used   []bool // pages seen, in the tree or as free
	spare  uint64 // pages that are free
	strict bool   // bytes that mean nothing must be as the store writes them too
}

// survey is what an inspection found.
type survey struct {
	doubt string // not empty: damage that the store can carry on from
	pages uint64
	spare uint64 // of them free
	bytes uint64 // of the free ones
}

// wasteAt is how many bytes have to be free before a file is written anew.
const wasteAt = 16 << 20

// wasteful tells whether the file is worth to be written anew: it never shrinks by itself.
func (s *survey) wasteful() bool { return s.bytes > wasteAt && s.spare > s.pages/2 }

// inspect fails with a damageError if the file's pages do not hold together; an empty file is well. It returns a doubt
// where the newer page of metadata is unreadable and the store will go on from the older one.
func inspect(f io.ReaderAt, size int64, strict bool) (found survey, err error) {
	if size == 0 {
		return found, nil
	}
	meta, whole, err := readMeta(f)
	if err != nil {
		return found, err
	}
	if !whole {
		found.doubt = "a part of the journal's metadata was damaged: what was written last may be lost"
	}
	if meta.pages < 4 || meta.pages > uint64(size)/uint64(meta.pageSize) {
		return found, damagef("the file is cut off: its %d pages do not fit into %d bytes", meta.pages, size)
	}
	in := &inspector{file: f, storeMeta: meta, used: make([]bool, meta.pages), strict: strict}
	in.used[0], in.used[1] = true, true
	if err := in.tree(meta.root, nil, nil, true); err != nil {
		return found, err
	}
	if err := in.free(); err != nil {
		return found, err
	}
	for id, used := range in.used {
		if !used {
			return found, damagef("page %d belongs to nothing", id)
		}
	}
	found.pages, found.spare, found.bytes = meta.pages, in.spare, in.spare*uint64(meta.pageSize)
	return found, nil
}

// readMeta returns the metadata that counts, and whether both pages of it are valid.
func readMeta(f io.ReaderAt) (meta storeMeta, whole bool, err error) {
	first, ok := metaAt(f, 0)
	if ok {
		second, both := metaAt(f, int64(first.pageSize))
		if both && second.transaction > first.transaction {
			first = second
		}
		return first, both, nil
	}
	for size := 1024; size <= 1<<16; size *= 2 {
		if second, ok := metaAt(f, int64(size)); ok && second.pageSize == size {
			return second, false, nil
		}
	}
	return meta, false, damagef("it has no valid metadata")
}

func metaAt(f io.ReaderAt, offset int64) (m storeMeta, ok bool) {
	page := make([]byte, pageHeader+metaSize)
	if _, err := f.ReadAt(page, offset); err != nil {
		return m, false
	}
	b, order := page[pageHeader:], binary.NativeEndian
	hash := fnv.New64a()
	hash.Write(b[:metaSize-8])
	if order.Uint32(b) != storeMagic || order.Uint32(b[4:]) != storeVersion || order.Uint64(b[56:]) != hash.Sum64() {
		return m, false
	}
	m = storeMeta{
		pageSize: int(order.Uint32(b[8:])), root: order.Uint64(b[16:]), freelist: order.Uint64(b[32:]),
		pages: order.Uint64(b[40:]), transaction: order.Uint64(b[48:]),
	}
	return m, m.pageSize >= 1024 && m.pageSize <= 1<<16 && m.pageSize&(m.pageSize-1) == 0
}

// page reads a page with what overflows from it, and marks it as used.
func (in *inspector) page(id uint64) (b []byte, flags, count int, err error) {
	if id < 2 || id >= in.pages {
		return nil, 0, 0, damagef("page %d of %d", id, in.pages)
	}
	b = make([]byte, in.pageSize)
	if err := in.read(b, id); err != nil {
		return nil, 0, 0, err
	}
	order := binary.NativeEndian
	overflow := uint64(order.Uint32(b[12:]))
	if order.Uint64(b) != id || overflow >= in.pages-id {
		return nil, 0, 0, damagef("page %d: its header is wrong", id)
	}
	for n := id; n <= id+overflow; n++ {
		if in.used[n] {
			return nil, 0, 0, damagef("page %d is used twice", n)
		}
		in.used[n] = true
	}
	if overflow > 0 {
		b = make([]byte, (1+int(overflow))*in.pageSize)
		if err := in.read(b, id); err != nil {
			return nil, 0, 0, err
		}
	}
	return b, int(order.Uint16(b[8:])), int(order.Uint16(b[10:])), nil
}

func (in *inspector) read(b []byte, id uint64) error {
	n, err := in.file.ReadAt(b, int64(id)*int64(in.pageSize))
	if n < len(b) {
		if errors.Is(err, io.EOF) {
			return damagef("page %d is cut off", id)
		}
		return damagef("page %d: %v", id, err)
	}
	return nil
}

// free examines the list of free pages.
func (in *inspector) free() error {
	b, flags, count, err := in.page(in.freelist)
	if err != nil {
		return err
	}
	ids := b[pageHeader:]
	order, n := binary.NativeEndian, uint64(count)
	if count == 0xFFFF { // too many for the header: the first word is the count
		n, ids = order.Uint64(ids), ids[8:]
	}
	if flags != freelistPage || n > uint64(len(ids)/8) {
		return damagef("page %d is no list of %d free pages", in.freelist, n)
	}
	for ; n > 0; n, ids = n-1, ids[8:] {
		id := order.Uint64(ids)
		if id < 2 || id >= in.pages || in.used[id] {
			return damagef("page %d is free and is not", id)
		}
		in.used[id] = true
		in.spare++
	}
	return nil
}
