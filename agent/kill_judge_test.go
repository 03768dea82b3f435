package agent

import (
	"slices"
	"strings"
	"testing"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
)

// kept is what the journal says of an agent in the end.
type kept struct {
	changes []pipeline.Change
	done    map[pipeline.BatchID]pipeline.Attempt // the last attempts
	open    map[string]bool                       // ids of incidents
}

// readKept reads the journal of an agent that ended. The test fails if the audit does not verify, or tells of anything that was
// withheld, given up on, or done twice.
func readKept(t testing.TB, dir string) *kept {
	t.Helper()
	if verified, err := journal.Verify(dir); err != nil || verified.Status != journal.Good {
		t.Errorf("audit: %s %v", verified, err)
	}
	r, err := journal.OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	k := &kept{done: map[pipeline.BatchID]pipeline.Attempt{}, open: map[string]bool{}}
	incidents, err := r.Incidents()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range incidents {
		k.open[i.ID] = true
	}
	err = r.Records(0, func(one pipeline.Record) error {
		switch a := one.Attempt; {
		case one.Change != nil:
			k.changes = append(k.changes, *one.Change)
		case one.Event != nil && one.Event.Kind == pipeline.EventWithheld:
			t.Errorf("withheld: %+v", one.Event)
		case a != nil && len(a.Changes) > 0:
			if _, known := k.done[a.BatchID]; known || a.Outcome != pipeline.OutcomeDelivered {
				t.Errorf("%s of %s: %s, done before: %t", a.Key, a.Receiver, a.Outcome, known)
			}
			k.done[a.BatchID] = *a
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// ledgerVerdict is what the ledger of one receiver shows.
type ledgerVerdict struct {
	kept     *kept
	receiver string
	fates    map[string]int          // how many requests of each
	again    map[string]int          // how many messages were accepted again, by Slack's verbs
	lives    map[string]int          // by verb and key: the life of which it was accepted last
	unheard  map[string]bool         // keys of which an answer was lost
	bodies   map[string]string       // by key
	brought  map[string][]nativeStep // by key
	keyOf    map[string]string       // by change
	number   map[string]int          // by incident: the newest step's
	over     map[string]bool         // by incident
}

// judge holds the receivers' ledger against the journal: what was lost, and what came twice.
func (l *lane) judge(t *testing.T) {
	k := readKept(t, l.dataDir)
	for _, receiver := range l.receivers {
		v := ledgerVerdict{
			k, receiver,
			map[string]int{},
			map[string]int{},
			map[string]int{},
			map[string]bool{},
			map[string]string{},
			map[string][]nativeStep{},
			map[string]string{},
			map[string]int{},
			map[string]bool{},
		}
		all := l.ledger.all(receiver)
		for i := range all {
			v.request(t, &all[i])
		}
		due, lost := v.changes(t)
		t.Logf("%s: %d changes, %d lost; %d messages in %d requests: %s; accepted again under the same key: %s",
			receiver, due, lost, len(v.bodies), len(all), figures(v.fates), figures(v.again))
	}
}

// request judges one request.
func (v *ledgerVerdict) request(t *testing.T, e *ledgerEntry) {
	v.fates[string(e.fate)]++
	body, known := v.bodies[e.key]
	steps := v.news(t, e)
	// A batch that others of its group went ahead of shows the group anew; what it brings stays the same.
	if known && body != e.body && e.verb == "" && !slices.Equal(steps, v.brought[e.key]) || e.key == "" {
		t.Errorf("%s: two bodies under %q:\n%s\n%s", v.receiver, e.key, body, e.body)
	}
	v.bodies[e.key], v.brought[e.key] = e.body, steps
	for _, s := range steps {
		if key, known := v.keyOf[s.Key]; known && key != e.key && s.Key != "" {
			t.Errorf("%s: %s under %s and under %s", v.receiver, s.Key, key, e.key)
		}
		v.keyOf[s.Key] = e.key
	}
	if !e.fate.took() {
		return
	}
	name := strings.TrimSpace(e.verb + " " + e.key)
	last, again := v.lives[name]
	v.lives[name] = e.life
	if again {
		v.again[strings.TrimSpace(e.verb+" messages")]++
		if e.verb == "" && last == e.life && !v.unheard[e.key] {
			t.Errorf("%s: %s was answered, and sent again by the same life", v.receiver, e.key)
		}
	}
	v.unheard[e.key] = v.unheard[e.key] || e.fate == unheard
	if again {
		return
	}
	for _, s := range steps {
		if v.over[s.Incident] || s.Number > 0 && s.Number <= v.number[s.Incident] {
			t.Errorf("%s: %s %s of %s after /%d, its end: %t", v.receiver, s.Change, s.Key, s.Incident, v.number[s.Incident], v.over[s.Incident])
		}
		v.number[s.Incident], v.over[s.Incident] = s.Number, s.over()
	}
}

// news returns the steps that a message to a webhook brings; of ops' message, whose alerts repeat the rest of the group, those of
// the incidents that changed.
func (v *ledgerVerdict) news(t *testing.T, e *ledgerEntry) []nativeStep {
	if e.verb != "" {
		return nil
	}
	changed := map[string]bool{}
	for _, key := range v.kept.done[pipeline.BatchID{Receiver: v.receiver, Key: e.key}].Changes {
		id, _, _ := strings.Cut(key, "/")
		changed[id] = true
	}
	return slices.DeleteFunc(e.steps(t), func(s nativeStep) bool { return !changed[s.Incident] })
}

// changes judges what became of each change, in the end.
func (v *ledgerVerdict) changes(t *testing.T) (due, lost int) {
	told := map[string]bool{}
	for id, a := range v.kept.done {
		if id.Receiver != v.receiver {
			continue
		}
		came := false
		for _, verb := range []string{"", "post ", "edit "} {
			_, ok := v.lives[verb+id.Key]
			came = came || ok
		}
		if !came {
			t.Errorf("%s: %s is marked delivered, and never came", v.receiver, id.Key)
			continue
		}
		for _, change := range a.Changes {
			told[change] = true
		}
	}
	for i := range v.kept.changes {
		c := &v.kept.changes[i]
		if c.Incident.Subject.Receiver == v.receiver { // its own trouble
			continue
		}
		due++
		over, heard := v.over[c.Incident.ID]
		if !told[c.Key()] || v.receiver != "chat" && (!heard || over == v.kept.open[c.Incident.ID]) || v.receiver == "each" && v.keyOf[c.Key()] == "" {
			lost++
			t.Errorf("%s: lost: %s %s of %s %s; its end was told: %t", v.receiver, c.Kind, c.Key(), c.Incident.Rule, c.Incident.Subject, over)
		}
	}
	return due, lost
}
