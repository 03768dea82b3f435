package jetstream

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

var deniedFrom = time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)

// asker asks about origins under one prefix, as a ring does: about each again 5 minutes after it was denied.
type asker struct {
	denials *denials
	names   []string
	allowed func(name string) bool
	asked   map[string][]time.Duration // that went through
	all     []time.Duration
}

func newAsker(origins int) *asker {
	a := &asker{
		denials: newDenials(slog.New(slog.DiscardHandler)),
		allowed: func(string) bool { return false },
		asked:   map[string][]time.Duration{},
	}
	for i := range origins {
		a.names = append(a.names, fmt.Sprint("O", i))
	}
	return a
}

// sweep asks about all, so many in a second, from a time on.
func (a *asker) sweep(from time.Duration, perSec int) {
	for i, name := range a.names {
		a.ask(from+time.Duration(i)*time.Second/time.Duration(perSec), name)
	}
}

// ask tells whether the question went through.
func (a *asker) ask(at time.Duration, name string) bool {
	now := deniedFrom.Add(at)
	if _, denied := a.denials.on(now, "a", name); denied {
		return false
	}
	a.asked[name], a.all = append(a.asked[name], at), append(a.all, at)
	if a.allowed(name) {
		a.denials.allow("a", name)
	} else {
		a.denials.add(now, "a", name, pipeline.Fault{Kind: pipeline.FaultDenied, Text: name})
	}
	return true
}

func TestWhereFewOriginsAreDeniedEachIsAskedAboutAfterFiveMinutes(t *testing.T) {
	for _, origins := range []int{1, deniedAll, deniedAll + 1, 58} {
		a := newAsker(origins)
		for n := range time.Duration(5) {
			a.sweep(n*5*time.Minute, 100)
			a.sweep(n*5*time.Minute+4*time.Minute, 100)
		}
		for _, name := range a.names {
			if times := a.asked[name]; len(times) < 4 || times[len(times)-1] < 20*time.Minute {
				t.Errorf("of %d, %s was asked about at %v, want one question each 5 minutes", origins, name, times)
			}
		}
	}
}

func TestWhereManyOriginsAreDeniedEachHasItsTurn(t *testing.T) {
	for _, origins := range []int{100, 1000} {
		a := newAsker(origins)
		turns := time.Duration(origins)*deniedEach + 15*time.Minute
		for from := time.Duration(0); from < 2*turns; from += 5 * time.Minute {
			a.sweep(from, 100)
		}
		for _, name := range a.names {
			if times := a.asked[name]; len(times) < 2 || times[0] > turns || times[1]-times[0] > turns {
				t.Errorf("of %d, %s was asked about at %v, want one question each %v", origins, name, times, turns)
			}
		}
		for i, at := range a.all[deniedAll:] {
			later := a.all[deniedAll+i:]
			n, _ := slices.BinarySearch(later, at+5*time.Minute)
			if most := int((deniedFor+5*time.Minute)/deniedEach) + 1; n > most {
				t.Errorf("of %d, %d were asked about in the 5 minutes from %v on, want %d at most", origins, n, at, most)
			}
		}
		if n, most := len(a.all), deniedAll+int(a.all[len(a.all)-1]/deniedEach); n > most {
			t.Errorf("of %d, %d questions in %v, want %d at most", origins, n, a.all[n-1], most)
		}
	}
}

func TestOneOriginThatMayBeAskedAboutOpensItsPrefix(t *testing.T) {
	a := newAsker(1000)
	a.sweep(0, 100)
	a.allowed = func(name string) bool { return name == "O500" }
	opened := time.Duration(0)
	for from := 5 * time.Minute; opened == 0 && from < 2*time.Hour; from += 5 * time.Minute {
		if a.sweep(from, 100); len(a.asked["O500"]) > 0 {
			opened = a.asked["O500"][0]
		}
	}
	if opened == 0 || opened > 1000*deniedEach+10*time.Minute {
		t.Fatalf("opened after %v", opened)
	}
	a.sweep(opened+5*time.Minute, 100)
	for _, name := range a.names {
		times := a.asked[name]
		if len(times) == 0 || times[len(times)-1] < opened {
			t.Fatalf("opened after %v, %s was asked about at %v", opened, name, times)
		}
	}
}

func TestAPrefixOfWhichOneIsAllowedStaysOpen(t *testing.T) {
	a := newAsker(100)
	a.allowed = func(name string) bool { return name == "O3" }
	a.sweep(0, 100)
	a.sweep(time.Minute, 100)
	if n := len(a.all); n != 101 {
		t.Errorf("%d questions, want each asked about once, and O3 twice", n)
	}
}

func TestDenialsAreOfOnePrefixAndOneConnection(t *testing.T) {
	a, log := newAsker(deniedAll), &logbook{}
	a.denials.log = slog.New(slog.NewTextHandler(log, nil))
	a.sweep(0, 100)
	if n := log.count("may not ask about origins"); n != 1 {
		t.Errorf("said %d times", n)
	}
	if fault, denied := a.denials.on(deniedFrom.Add(time.Second), "a", "OTHER"); !denied ||
		fault != (pipeline.Fault{Kind: pipeline.FaultDenied, Text: "denied, as other questions to a.STREAM.INFO.> are"}) {
		t.Errorf("%v, %v", fault, denied)
	}
	if fault, denied := a.denials.on(deniedFrom.Add(time.Second), "a", "O3"); !denied || fault.Text != "O3" {
		t.Errorf("%v, %v", fault, denied)
	}
	if _, denied := a.denials.on(deniedFrom.Add(time.Second), "b", "O3"); denied {
		t.Error("the denials are taken for another prefix's")
	}
	a.denials.forget()
	if !a.ask(time.Second, "O3") {
		t.Error("a denial outlives a connection")
	}
}
