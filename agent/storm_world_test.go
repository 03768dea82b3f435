package agent

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// What the scripted mirrors are like: their limit, and how often each hears of its origin.
const (
	stormLimit = 10 * time.Second
	stormBeat  = time.Second
	stormPage  = 256
)

// scripted is a JetStream of mirrors that exist in its answers only, so that ten thousand of them can fall silent at once. It
// answers under its own API prefix; the origins, under the prefix that the mirrors name.
type scripted struct {
	name    string
	nc      *nats.Conn
	epoch   time.Time
	origins *nats.Subscription // nil: nobody is there

	mu  sync.Mutex
	cut []time.Time // by mirror; zero: it hears its origin
}

// script answers for n mirrors on a server until the test ends.
func script(t testing.TB, url, name string, n int) *scripted {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	s := &scripted{name: name, nc: nc, epoch: time.Now(), cut: make([]time.Time, n)}
	for subject, answer := range map[string]func(*nats.Msg) []byte{
		s.prefix() + ".INFO":          func(*nats.Msg) []byte { return []byte(`{"domain":""}`) },
		s.prefix() + ".STREAM.LIST":   s.list,
		s.prefix() + ".STREAM.INFO.*": s.info,
	} {
		s.serve(t, subject, answer)
	}
	s.reach(t)
	return s
}

func (s *scripted) prefix() string { return s.name + ".API" }
func (s *scripted) hub() string    { return s.name + ".HUB" }

func (s *scripted) serve(t testing.TB, subject string, answer func(*nats.Msg) []byte) *nats.Subscription {
	t.Helper()
	sub, err := s.nc.Subscribe(subject, func(m *nats.Msg) { _ = m.Respond(answer(m)) })
	if err == nil {
		err = sub.SetPendingLimits(-1, -1)
	}
	if err == nil {
		err = s.nc.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

// reach lets origins be asked.
func (s *scripted) reach(t testing.TB) { s.origins = s.serve(t, s.hub()+".STREAM.INFO.*", s.origin) }

// sever lets the mirrors from..to-1 fall silent, and nobody answer for any origin.
func (s *scripted) sever(t testing.TB, at time.Time, from, to int) {
	t.Helper()
	s.set(at, from, to)
	if s.origins != nil {
		if err := s.origins.Unsubscribe(); err != nil {
			t.Fatal(err)
		}
		s.origins = nil
	}
}

// mend lets the mirrors from..to-1 hear their origins again.
func (s *scripted) mend(t testing.TB, from, to int) {
	t.Helper()
	s.set(time.Time{}, from, to)
	if s.origins == nil {
		s.reach(t)
	}
}

func (s *scripted) set(at time.Time, from, to int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := from; n < to; n++ {
		s.cut[n] = at
	}
}

// heard is when a mirror heard its origin last, as of now. The mirrors' beats are spread over the second.
func (s *scripted) heard(n int, now time.Time) time.Time {
	s.mu.Lock()
	cut := s.cut[n]
	s.mu.Unlock()
	if !cut.IsZero() && cut.Before(now) {
		now = cut
	}
	phase := stormBeat * time.Duration(n) / time.Duration(len(s.cut))
	return now.Add(-(now.Sub(s.epoch) + stormBeat - phase) % stormBeat)
}

func (s *scripted) list(m *nats.Msg) []byte {
	var asked struct {
		Offset int `json:"offset"`
	}
	if json.Unmarshal(m.Data, &asked) != nil {
		return nil
	}
	doc := fmt.Appendf(nil, `{"total":%d,"offset":%d,"limit":%d,"streams":[`, len(s.cut), asked.Offset, stormPage)
	for n := asked.Offset; n < min(asked.Offset+stormPage, len(s.cut)); n++ {
		if n > asked.Offset {
			doc = append(doc, ',')
		}
		doc = s.mirror(doc, n)
	}
	return append(doc, "]}"...)
}

func (s *scripted) info(m *nats.Msg) []byte {
	n, known := numbered(m.Subject)
	if !known {
		return []byte(`{"error":{"code":404,"err_code":10059,"description":"stream not found"}}`)
	}
	return s.mirror(nil, n)
}

func (s *scripted) origin(m *nats.Msg) []byte {
	n, _ := numbered(m.Subject)
	return fmt.Appendf(nil, `{"config":{"name":"ORDERS_%05d"},"created":"2026-01-02T03:04:05Z","state":{%s},"ts":%q}`,
		n, scriptedState, time.Now().UTC().Format(time.RFC3339Nano))
}

const scriptedState = `"messages":1000,"bytes":100000,"first_seq":1,"last_seq":1000,"last_ts":"2026-01-02T03:05:05Z"`

func (s *scripted) mirror(doc []byte, n int) []byte {
	now := time.Now()
	replica := fmt.Sprintf(`"name":"ORDERS_%05d","external":{"api":%q,"deliver":""}`, n, s.hub())
	return fmt.Appendf(doc, `{"config":{"name":"M_%05d","retention":"limits","max_msgs":-1,"max_bytes":-1,"max_age":0,"storage":"file","num_replicas":1,`+
		`"metadata":{"io.nats.monitor.seen-critical":"%d"},"mirror":{%s}},"created":"2026-01-02T03:04:05Z","state":{%s},`+
		`"mirror":{%s,"lag":0,"active":%d},"ts":%q}`,
		n, int(stormLimit.Seconds()), replica, scriptedState, replica, now.Sub(s.heard(n, now)), now.UTC().Format(time.RFC3339Nano))
}

// numbered is which mirror a name or a subject ends with.
func numbered(name string) (n int, ok bool) {
	_, digits, _ := strings.Cut(name[strings.LastIndexByte(name, '.')+1:], "_")
	n, err := strconv.Atoi(digits)
	return n, err == nil
}
