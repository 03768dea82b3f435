package pipeline

import (
	"math"
	"testing"
	"time"
)

func TestTimesKeepTheirMonotonicReading(t *testing.T) {
	now := time.Now()
	p := packer{base: now.Add(-time.Hour), epoch: now.Round(0).UTC()}
	p.write(nil, nil)
	later := now.Add(3)
	p.time(&later, time.Time{})
	p.read(p.packed())
	var again time.Time
	p.time(&again, time.Time{})
	if !again.Equal(later) || again.Sub(now) != 3 || again == again.Round(0) {
		t.Errorf("%v came back as %v", later, again)
	}
}

func TestNumbersComeBackWhateverTheyAre(t *testing.T) {
	var numbers []uint64
	for bit := range 64 {
		numbers = append(numbers, 1<<bit-1, 1<<bit, 1<<bit+1)
	}
	numbers = append(numbers, math.MaxUint64)
	var p packer
	p.write(nil, nil)
	for i, n := range numbers {
		p.varint(n)
		p.bit(i%3 == 0)
	}
	p.read(p.packed())
	for i, n := range numbers {
		if again, bit := p.varint(0), p.bit(false); again != n || bit != (i%3 == 0) {
			t.Errorf("%d came back as %d, with %t", n, again, bit)
		}
	}
	if p.at != len(p.data) {
		t.Errorf("%d of %d bytes were read", p.at, len(p.data))
	}
}
