package pipeline

import (
	"cmp"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// planned is when things are due, as a map has it.
type planned map[uint32]time.Time

// first is what is due first, of those due together the one with the greatest number.
func (p planned) first() (first uint32, at time.Time) {
	for n, due := range p {
		if at.IsZero() || due.Before(at) || due.Equal(at) && n > first {
			first, at = n, due
		}
	}
	return first, at
}

func TestThingsOfTwoAgendasFallDueInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		places := new([]uint32)
		greatest := func(n, other uint32) int { return cmp.Compare(other, n) }
		var agendas [2]agenda
		want := [2]planned{{}, {}}
		for i := range agendas {
			agendas[i] = agenda{base: packEpoch, places: places, compare: greatest}
		}
		for range rapid.IntRange(0, 150).Draw(t, "steps") {
			n := rapid.Uint32Range(0, 30).Draw(t, "number")
			at := packEpoch.Add(time.Duration(rapid.IntRange(-3, 9).Draw(t, "at")))
			i := int(n % 2)
			a := &agendas[i]
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0:
				a.set(n, time.Time{})
				delete(want[i], n)
			case 1:
				first, due := want[i].first()
				got, is := a.pop(at)
				if is != (len(want[i]) > 0 && !due.After(at)) || is && got != first {
					t.Fatalf("popped %d, %v, want %d of %v", got, is, first, want[i])
				}
				if is {
					delete(want[i], got)
				}
			default:
				a.set(n, at)
				want[i][n] = at
			}
			for i := range agendas {
				if _, due := want[i].first(); !agendas[i].next().Equal(due) {
					t.Fatalf("next at %v, want %v", agendas[i].next(), due)
				}
			}
			if got := a.at(n); !got.Equal(want[i][n]) {
				t.Fatalf("%d is due at %v, want %v", n, got, want[i][n])
			}
		}
	})
}

func TestAgendaWithoutThingsKeepsLittleMemory(t *testing.T) {
	a := agenda{base: packEpoch, places: new([]uint32), compare: cmp.Compare[uint32]}
	const n = 10_000
	for i := range uint32(n) {
		a.set(i, packEpoch.Add(time.Duration(i*7919%n)))
	}
	for i := range n {
		if got, due := a.pop(packEpoch.Add(time.Duration(i))); !due || got*7919%n != uint32(i) {
			t.Fatalf("%d is due at %d", got, i)
		}
	}
	if most := 8 * mostLoose; cap(a.times) > most || cap(a.numbers) > most {
		t.Errorf("room for %d times and %d numbers, want no more than %d", cap(a.times), cap(a.numbers), most)
	}
}
