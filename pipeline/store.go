package pipeline

// store keeps packed things by number, those of neighbouring numbers together: nothing is lost between them, whatever they grow and
// shrink by, and nobody has to look through them for pointers.
type store struct {
	pages []page
	large map[uint32][]byte // what lies by itself, by number; nil: nothing does
}

// perPage is how many things lie together: moving what lies behind one takes some ten nanoseconds.
const perPage = 32

// mostPaged is what lies by itself: an aggregate of many sources.
const mostPaged = 1 << 10

// littleRoom is up to how many bytes a page keeps although less would do: what is first known of a stream takes more than later on.
const littleRoom = 512

type page struct {
	data []byte
	ends [perPage]uint16 // of each, in data
}

// at is what a number's thing was packed to; nil: nothing. It is valid until the next put.
func (t *store) at(n uint32) []byte {
	if n/perPage >= uint32(len(t.pages)) {
		return nil
	}
	p := &t.pages[n/perPage]
	if from, to := p.bounds(n % perPage); from < to {
		return p.data[from:to]
	}
	return t.large[n]
}

func (p *page) bounds(i uint32) (from, to int) {
	if i > 0 {
		from = int(p.ends[i-1])
	}
	return from, int(p.ends[i])
}

// put keeps data for a number; none: nothing any more.
func (t *store) put(n uint32, data []byte) {
	for n/perPage >= uint32(len(t.pages)) {
		t.pages = appendTight(t.pages, page{})
	}
	p := &t.pages[n/perPage]
	if len(data) > mostPaged {
		if t.large == nil {
			t.large = map[uint32][]byte{}
		}
		t.large[n], data = append(t.large[n][:0], data...), nil
	} else if t.large != nil {
		delete(t.large, n)
	}
	p.replace(n%perPage, data)
}

// replace puts data where a thing lies, and moves what lies behind it.
func (p *page) replace(i uint32, data []byte) {
	from, to := p.bounds(i)
	if longer := len(data) - (to - from); longer != 0 {
		before, all := p.data, len(p.data)+longer
		if room := cap(p.data); all > room || room > littleRoom && room-all > all/5 {
			p.data = append([]byte(nil), make([]byte, all)...) // whole blocks of the allocator, which are less than a fifth apart
			copy(p.data, before[:from])
		}
		p.data = p.data[:all]
		copy(p.data[from+len(data):], before[to:])
		for ; i < perPage; i++ {
			p.ends[i] = uint16(int(p.ends[i]) + longer)
		}
	}
	copy(p.data[from:], data)
}
