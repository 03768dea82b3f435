package pipeline_test

import (
	"maps"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// owned is a mirror whose metadata names an owner, another one from a second on.
func owned(name string, from float64) *mirror {
	m := &mirror{key: key(name), limit: secs(30), cut: cut(60.5, 301)}
	m.edit = func(now time.Time, s *pipeline.Sample) {
		settings(s).Metadata = map[string]string{"owner": "payments", "note": "not wanted"}
		if !now.Before(at(from)) {
			s.Settings.Metadata["owner"] = "ledger"
		}
	}
	return m
}

func TestIncidentsCarryTheMetadataThatIsWanted(t *testing.T) {
	w := newWorld(t, owned("A", 200), &mirror{key: key("B"), limit: secs(30), cut: cut(60.5, 301)})
	w.opt.Metadata = []string{"owner", "tier"}
	w.run(0, 150)
	kept := w.watch.State()
	if !maps.Equal(kept.Streams[0].Metadata, map[string]string{"owner": "payments"}) || kept.Streams[1].Metadata != nil {
		t.Errorf("kept %v and %v, want the owner of A", kept.Streams[0].Metadata, kept.Streams[1].Metadata)
	}
	w.start(160, kept.Streams, kept.Incidents)
	w.run(160, 400)
	for _, c := range w.changes {
		want := ""
		if c.Incident.Subject.Stream == "A" {
			if want = "payments"; c.Kind.Ends() {
				want = "ledger"
			}
		}
		i := c.Incident
		if i.Metadata["owner"] != want || len(i.Metadata) > 1 {
			t.Errorf("%s of %s with %v, want the owner %q alone", c.Kind, i.Subject.Stream, i.Metadata, want)
		}
	}
	for _, i := range w.board.Incidents() {
		if i.Subject.Stream == "A" && i.Metadata["owner"] != "ledger" {
			t.Errorf("on the board with %v", i.Metadata)
		}
	}
}

func TestEndsCarryTheMetadataThatWasKept(t *testing.T) {
	for name, c := range map[string]struct {
		watched func(string) bool
		fault   []faulty
	}{
		"not included": {watched: func(string) bool { return false }},
		"deleted":      {fault: []faulty{{cut(0, 9999)[0], pipeline.FaultNotFound}}},
	} {
		a := &mirror{key: key("A"), fault: c.fault}
		w := newWorld(t, a)
		w.opt.Metadata, w.opt.Watched = []string{"owner"}, c.watched
		w.start(0, []pipeline.StreamRecord{{
			Key: a.key, First: at(-60), Metadata: map[string]string{"owner": "payments", "tier": "1"},
			Links: []pipeline.LinkRecord{{Subject: subject, First: at(-60), Proof: at(-5)}},
		}}, nil)
		if name == "not included" {
			w.keys = nil
		}
		w.run(0, 20)
		if len(w.changes) != 1 || !maps.Equal(w.changes[0].Incident.Metadata, map[string]string{"owner": "payments"}) {
			t.Errorf("%s: %+v, want one change with the owner", name, w.changes)
		}
	}
}

func TestMetadataThatNobodyWantsIsNotKept(t *testing.T) {
	w := newWorld(t, owned("A", 200))
	w.run(0, 150)
	kept := w.watch.State()
	if open := kept.Incidents; len(open) != 1 || open[0].Metadata != nil || kept.Streams[0].Metadata != nil {
		t.Errorf("kept %v and %v", open, kept.Streams[0].Metadata)
	}
}
