package jetstream

import (
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// roster is what is known of the streams that exist, so that only those are asked about that hold links or may. It may be used from
// several goroutines.
//
// Streams without links are many, and are kept as hashes of their names: among 100,000 another one is taken for one of them with a
// chance of one in 10^14, and by chance of another seed only.
type roster struct {
	mu     sync.Mutex
	seed   maphash.Seed
	links  map[string]struct{}
	order  []string            // of links; nil: not known
	unsure map[string]struct{} // named, and to be asked about
	plain  map[uint64]struct{}
	swept  map[uint64]struct{} // plain ones that this sweep told of

	named    int       // offset of the next page of names
	sweep    int       // offset of the sweep's next page
	began    time.Time // the sweep
	surprise bool      // a plain stream was found to hold links that nobody told of
}

func newRoster() *roster {
	return &roster{
		seed: maphash.MakeSeed(), links: map[string]struct{}{}, unsure: map[string]struct{}{},
		plain: map[uint64]struct{}{}, swept: map[uint64]struct{}{},
	}
}

// learn notes whether a stream holds links, as a listing or the stream itself says.
func (r *roster) learn(name string, holds bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	hash := maphash.String(r.seed, name)
	delete(r.unsure, name)
	_, known := r.links[name]
	switch {
	case holds && !known:
		if _, plain := r.plain[hash]; plain {
			r.surprise = true
		}
		delete(r.plain, hash)
		delete(r.swept, hash)
		r.links[strings.Clone(name)], r.order = struct{}{}, nil
	case !holds:
		r.drop(name)
		r.plain[hash], r.swept[hash] = struct{}{}, struct{}{}
	}
}

// gone notes that a stream is not there.
func (r *roster) gone(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.unsure, name)
	r.drop(name)
}

func (r *roster) drop(name string) {
	if _, known := r.links[name]; known {
		delete(r.links, name)
		r.order = nil
	}
}

// doubt notes that a stream was created or changed: it is asked about again.
func (r *roster) doubt(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	hash := maphash.String(r.seed, name)
	delete(r.plain, hash)
	delete(r.swept, hash)
	r.question(name)
}

// name notes that a stream exists.
func (r *roster) name(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, plain := r.plain[maphash.String(r.seed, name)]; !plain {
		r.question(name)
	}
}

func (r *roster) question(name string) {
	if _, known := r.links[name]; !known {
		r.unsure[strings.Clone(name)] = struct{}{}
	}
}

// holders are the streams that hold links, in order: two looks one after another come to each at the same distance. They are not to
// be changed.
func (r *roster) holders() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.order == nil {
		r.order = slices.Sorted(maps.Keys(r.links))
	}
	return r.order
}

// unknown are the streams to be asked about whether they hold links, in order.
func (r *roster) unknown() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.unsure))
}

// size is how many streams are asked about one by one.
func (r *roster) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.links) + len(r.unsure)
}

// swung ends a sweep: plain streams that it did not tell of are not known any more.
func (r *roster) swung(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began, r.sweep, r.plain, r.swept = now, 0, r.swept, map[uint64]struct{}{}
}

// due is how many pages the sweep is to read now, so that it takes the period for all of total; most bounds it.
func (r *roster) due(now time.Time, period time.Duration, total, most int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.began.IsZero() {
		r.began = now
	}
	if elapsed := now.Sub(r.began); elapsed < period {
		return min(most, (int(float64(total)*float64(elapsed)/float64(period))-r.sweep)/pageSize)
	}
	return min(most, max(1, (total-r.sweep+pageSize-1)/pageSize))
}

// at reads a place in a listing, and move moves it.
func (r *roster) at(place *int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return *place
}

func (r *roster) move(place *int, to int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*place = to
}

func (r *roster) surprised() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.surprise
}
