package outbox

import (
	"testing"

	"mirrorwatch/pipeline"
)

func TestContentKeepsTheNewestOfEach(t *testing.T) {
	key := func(stream string) pipeline.StreamKey { return pipeline.StreamKey{Connection: "dr", Stream: stream} }
	id := func(key string) pipeline.BatchID { return pipeline.BatchID{Receiver: "ops", Key: key} }
	x := newContent()
	x.add(pipeline.Commit{
		Streams: []pipeline.StreamRecord{{Key: key("A")}, {Key: key("B")}},
		Gone:    []pipeline.StreamKey{key("C")},
		Proofs:  []pipeline.ProofPage{{Connection: "dr", Number: 1, Data: []byte("old")}, {Connection: "dr", Number: 2, Data: []byte("two")}},
		Batches: []pipeline.Batch{{BatchID: id("1"), Order: 1}, {BatchID: id("2"), Order: 2}, {BatchID: id("3"), Order: 3}},
	})
	x.add(pipeline.Commit{
		Streams:  []pipeline.StreamRecord{{Key: key("B"), Links: []pipeline.LinkRecord{{}}}, {Key: key("C")}},
		Gone:     []pipeline.StreamKey{key("A")},
		Proofs:   []pipeline.ProofPage{{Connection: "dr", Number: 1, Data: []byte("new")}, {Connection: "a", Number: 3}, {Connection: "dr", Number: 2}},
		Batches:  []pipeline.Batch{{BatchID: id("1+1"), Order: 1, Attempts: 1}, {BatchID: id("3"), Order: 3, Attempts: 1}},
		Merged:   []pipeline.BatchID{id("1"), id("2")},
		Groups:   []pipeline.GroupRecord{{Receiver: "ops", Group: "g", Open: []string{"a"}}, {Receiver: "q", Group: "g"}},
		Silences: []pipeline.Silence{{ID: "s", By: "anna"}, {ID: "o"}},
		Events:   []pipeline.Event{{Text: "first"}},
	})
	x.add(pipeline.Commit{Done: []pipeline.BatchID{id("3")}, Groups: []pipeline.GroupRecord{{Receiver: "ops", Group: "g"}}})
	x.add(pipeline.Commit{Silences: []pipeline.Silence{{ID: "s", By: "bert"}}, Events: []pipeline.Event{{Text: "second"}}})
	c := x.commit()
	if len(c.Streams) != 2 || c.Streams[0].Key != key("B") || len(c.Streams[0].Links) != 1 || c.Streams[1].Key != key("C") {
		t.Errorf("streams: %+v", c.Streams)
	}
	if len(c.Gone) != 1 || c.Gone[0] != key("A") {
		t.Errorf("gone: %+v", c.Gone)
	}
	if p := c.Proofs; len(p) != 3 || p[0].Connection != "a" || string(p[1].Data) != "new" || p[2].Number != 2 || p[2].Data != nil {
		t.Errorf("proofs: %+v", p)
	}
	if len(c.Batches) != 1 || c.Batches[0].Key != "1+1" || len(c.Merged) != 2 || len(c.Done) != 1 {
		t.Errorf("batches: %+v, merged %v, done %v", c.Batches, c.Merged, c.Done)
	}
	if len(c.Groups) != 2 || c.Groups[0].Open != nil {
		t.Errorf("groups: %+v", c.Groups)
	}
	if len(c.Silences) != 2 || c.Silences[1].By != "bert" || len(c.Events) != 2 || c.Events[0].Text != "first" {
		t.Errorf("silences: %+v, events: %+v", c.Silences, c.Events)
	}
	x.add(pipeline.Commit{Batches: []pipeline.Batch{{BatchID: id("2"), Order: 2}}})
	if c := x.commit(); len(c.Batches) != 2 || len(c.Merged) != 1 {
		t.Errorf("a key that lives again: %+v, merged %v", c.Batches, c.Merged)
	}
}

func TestRecordsThatLieTogetherAreCommittedTogether(t *testing.T) {
	key := func(stream string) pipeline.StreamKey { return pipeline.StreamKey{Connection: "dr", Stream: stream} }
	x := newContent()
	for _, stream := range []string{"D", "A", "E", "C", "B"} {
		x.add(pipeline.Commit{Streams: []pipeline.StreamRecord{{Key: key(stream)}}})
	}
	x.add(pipeline.Commit{Changes: []pipeline.Change{{Incident: pipeline.Incident{Subject: pipeline.Subject{StreamKey: key("E")}}}}})
	rest := x.leave(3)
	var now string
	for _, r := range x.commit().Streams {
		now += r.Key.Stream
	}
	if _, waits := rest[key("C")]; now != "ABE" || len(rest) != 2 || !waits {
		t.Errorf("%s now, the rest later: %v", now, rest)
	}
}
