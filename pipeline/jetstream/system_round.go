package jetstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// What a stream in a JSZ answer counts as in looks_per_second: a part of a look. A server takes 5 µs for one, 21 µs with its
// configuration, and 15 to 47 µs for one on a page of STREAM.LIST.
const (
	bareLooks  = 7 // streams a look
	wholeLooks = 2
)

// configEvery is how long a sweep through all configurations takes.
const configEvery = 5 * time.Minute

// Way implements pipeline.Teller.
func (s *System) Way() string { return "jsz" }

// lookAtAll asks every server about the streams that it leads, the first time about those that it follows too and with their
// configurations, which are remembered; a slow sweep reads these again. What no leader tells of is asked about once more, account by
// account. The samples are yielded as answers arrive: a server that does not answer delays no other's.
func (s *System) lookAtAll(ctx context.Context, yield func(*pipeline.Sample)) error {
	began, pace := time.Now(), newPacer(s.pace)
	_, streams := s.streams.copies()
	if err := pace.wait(ctx, (streams+bareLooks-1)/bareLooks); err != nil {
		return fmt.Errorf("list streams: %w", err)
	}
	first := s.sweep.unread()
	told, x := s.streams.round(), &pipeline.Sample{}
	silent, err := s.askStreams(ctx, jszOptions{Streams: true, Config: first, StreamLeaderOnly: !first}, func(c *copied) {
		if !c.led || c.bare || !s.config.Streams.Watches(c.key.Stream) || !told.add(c.key) {
			return
		}
		c.fill(x)
		yield(x)
	})
	if err != nil {
		return fmt.Errorf("list streams: %w", err)
	}
	var rest []pipeline.StreamKey
	for _, k := range told.rest() {
		if !s.config.Streams.Watches(k.key.Stream) {
			continue
		}
		if who := lost(k.peers, silent); who != "" { // nobody else can tell of it
			yield(&pipeline.Sample{Key: k.key, Asked: began, At: time.Now(), Fault: noAnswer(who)})
			continue
		}
		rest = append(rest, k.key)
	}
	err = s.lookAt(ctx, rest, true, func(x *pipeline.Sample) {
		if x.Fault.Kind != pipeline.FaultNotFound { // not listed is not gone: that is for single looks to say
			yield(x)
		}
	})
	if err != nil && !errors.Is(err, pipeline.ErrNoAnswer) {
		return fmt.Errorf("list streams: %w", err)
	}
	if first {
		s.sweep.begin(began)
		return nil
	}
	return s.readConfigs(ctx, pace)
}

// readConfigs reads the part of all configurations that is due, of the streams that servers follow too. What falls short is read in
// the next sweep, or asked for when it is too old.
func (s *System) readConfigs(ctx context.Context, pace *pacer) error {
	_, accounts := s.streams.most()
	most, _ := s.size(true)
	offset, n := s.sweep.due(time.Now(), accounts, most)
	if n == 0 {
		return nil
	}
	copies, _ := s.streams.copies()
	if err := pace.wait(ctx, copies*n/accounts/wholeLooks); err != nil {
		return fmt.Errorf("read configurations: %w", err)
	}
	_, err := s.askStreams(ctx, jszOptions{Streams: true, Config: true, Offset: offset, Limit: n}, func(*copied) {})
	if err != nil && !errors.Is(err, pipeline.ErrNoAnswer) {
		return fmt.Errorf("read configurations: %w", err)
	}
	return nil
}

// sweep says which configurations are due to be read again: accounts, in the order in which each server has them. It may be used from
// several goroutines.
type sweep struct {
	mu    sync.Mutex
	next  int       // account
	until time.Time // as far as the sweep has come, if it were even; zero: nothing was read
}

// unread tells whether nothing was read yet.
func (w *sweep) unread() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.until.IsZero()
}

// begin notes that everything was read at a time.
func (w *sweep) begin(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next, w.until = 0, at
}

// due takes what is due now of so many accounts, at most so many at once.
func (w *sweep) due(now time.Time, accounts, most int) (offset, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if accounts == 0 || w.until.IsZero() {
		return 0, 0
	}
	if w.next >= accounts {
		w.next = 0
	}
	each := configEvery / time.Duration(accounts)
	due := int(now.Sub(w.until) / each)
	n = min(due, most, accounts-w.next)
	w.until = w.until.Add(time.Duration(n) * each)
	offset = w.next
	w.next += n
	return offset, n
}

// marks are the streams that one round was told of.
type marks struct {
	catalogue *catalogue
	bits      []uint64 // by numbers of entries
}

// round begins one.
func (c *catalogue) round() *marks {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &marks{c, make([]uint64, c.numbers/64+1)}
}

// add marks a stream, and is false where it was marked before.
func (m *marks) add(key pipeline.StreamKey) bool {
	m.catalogue.mu.Lock()
	defer m.catalogue.mu.Unlock()
	e := m.catalogue.entries[key]
	if e == nil {
		return true
	}
	for e.number/64 >= len(m.bits) {
		m.bits = append(m.bits, 0)
	}
	word, bit := &m.bits[e.number/64], uint64(1)<<(e.number%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

// holder is a stream and the servers that hold it.
type holder struct {
	key   pipeline.StreamKey
	peers []string
}

// rest are the streams that are not marked and there, as far as is known, in no order. What nobody told of for long is forgotten.
func (m *marks) rest() (all []holder) {
	c := m.catalogue
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.there = 0
	for key, e := range c.entries {
		if e.gone.IsZero() {
			c.there++
		}
		switch {
		case now.Sub(e.told) > forgetStream:
			delete(c.entries, key)
			c.free = append(c.free, e.number)
		case !e.gone.IsZero():
		case e.number/64 < len(m.bits) && m.bits[e.number/64]&(1<<(e.number%64)) != 0:
		default:
			all = append(all, holder{key, e.ids()})
		}
	}
	return all
}
