package pipeline_test

import (
	"strings"
	"testing"

	"mirrorwatch/pipeline"
)

// A server takes what it is told as the name of a mirror's origin, however long that is: it is watched like any other, and asked about.
func TestAnOriginMayHaveAnyName(t *testing.T) {
	r := newRounds(healthy(2), &pipeline.OriginView{Leader: "B", Created: epoch})
	r.moving = true
	for _, length := range []int{20, 65_530, 65_531, 70_000, 200_000, 20, 70_000, 21} {
		name := strings.Repeat("o", length)
		r.samples[0].Links[0].Origin = name
		for range 8 {
			r.next()
		}
		seen := false
		for _, l := range linksOn(r.board) {
			seen = seen || l.Subject.Origin == name && l.Level == pipeline.OK && l.Unverified == ""
		}
		if !seen {
			t.Errorf("a mirror is not held against its origin, whose name has %d bytes", length)
		}
	}
}

// No server has a stream with a name that long: who tells of one tells of nothing.
func TestAStreamWhoseNameIsTooLongIsNone(t *testing.T) {
	samples := healthy(2)
	samples[1].Key.Stream = strings.Repeat("s", 70_000)
	r := newRounds(samples, nil)
	for range 3 {
		r.next()
	}
	if rows := linksOn(r.board); len(rows) != 1 || rows[0].Subject.StreamKey != samples[0].Key {
		t.Errorf("%d links, want one", len(rows))
	}
}
