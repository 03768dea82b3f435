package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func TestRoundsAreCountedBesideWhatIsSpentMeanwhile(t *testing.T) {
	start := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	second := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
	// A tenth of a core all the time, and 40 ms more in each of two rounds.
	var s spending
	rounds := []span{{second(1), second(1.08)}, {second(3.25), second(3.33)}}
	for at := second(0); !at.After(second(5)); at = at.Add(readEach) {
		cpu := at.Sub(start) / 10
		for _, r := range rounds {
			cpu += min(max(0, at.Sub(r.from)), r.to.Sub(r.from)) / 2
		}
		s = append(s, spent{at, cpu})
	}
	costs, between := s.on(rounds)
	if between < 0.0999 || between > 0.1001 {
		t.Errorf("%v of a core between rounds, want 0.1", between)
	}
	for _, cost := range costs {
		if (cost - 40*time.Millisecond).Abs() > 10*time.Microsecond {
			t.Errorf("rounds cost %v, want 40ms each", costs)
		}
	}
	if first, last := s.until(second(-1)), s.until(second(6)); first != 0 || last != s[len(s)-1].cpu {
		t.Errorf("%v before the first reading, %v after the last; want what they read", first, last)
	}
}

func TestProcessIsFollowed(t *testing.T) {
	all, err := follow(os.Getpid())()
	if err != nil || len(all) < 2 || all[0].cpu <= 0 || all[len(all)-1].cpu < all[0].cpu {
		t.Errorf("read %v, %v; want two readings and more", all, err)
	}
	const noProcess = 1<<22 + 1 // Linux has no more
	if _, err := follow(noProcess)(); err == nil {
		t.Error("no error of a process that is not there")
	}
}

func TestQuestionsToARealServerAreTold(t *testing.T) {
	running, err := startServer(-1, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		running.Shutdown()
		running.WaitForShutdown()
	}()
	nc, err := connect(running.ClientURL(), userWhole, "asking")
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: realOrigin}); err != nil {
		t.Fatal(err)
	}
	l, err := listenIn(running.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	system, err := connect(running.ClientURL(), userSystem, "asking")
	if err != nil {
		t.Fatal(err)
	}
	defer system.Close()
	for _, subject := range []string{
		"$JS.API.STREAM.LIST", "$JS.API.STREAM.LIST", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.INFO." + realOrigin,
		"$JS.API.STREAM.INFO." + realMirrorName(7), "$JS.API.INFO", "$SYS.REQ.SERVER.PING.JSZ",
	} {
		ask := nc
		if strings.HasPrefix(subject, "$SYS") {
			ask = system
		}
		if _, err := ask.Request(subject, nil, time.Minute); err != nil {
			t.Fatalf("%s: %v", subject, err)
		}
	}
	var got asked
	if err := l.take(&got); err != nil {
		t.Fatal(err)
	}
	if want := (asked{pages: 2, names: 1, mirrors: 1, origin: 1, servers: 1, other: 1}); got != want {
		t.Errorf("told of %+v, want %+v", got, want)
	}
	if err := l.take(&got); err != nil || got.pages != 2 {
		t.Errorf("told of %d pages, %v; want none twice", got.pages, err)
	}
}

func TestServingIsToldByItsMedian(t *testing.T) {
	b := &realBench{plan: plan{links: 999, interval: time.Second}}
	of := func(ms ...time.Duration) *serving {
		s := &serving{between: []float64{0.03}, bytes: 3000 * int64(len(ms)), asked: asked{pages: 4 * len(ms), origin: 1}}
		for _, n := range ms {
			s.rounds = append(s.rounds, n*time.Millisecond)
		}
		return s
	}
	var out strings.Builder
	aims := b.print(&out, of(10, 9, 11, 80, 10), of(11, 12, 13, 10, 12), of(4, 4, 4, 4, 70))
	if aims[0].value != 1.2 || aims[1].value != 4 {
		t.Errorf("got %+v, want 1.2 times and 4 µs", aims)
	}
	if line := "| fetching alone | 10.00 (10.00 to 11.00) | 30.0 | 3 | 20, 0, 1, 0, 0 |"; !strings.Contains(out.String(), line) {
		t.Errorf("no line %q in\n%s", line, &out)
	}
}
