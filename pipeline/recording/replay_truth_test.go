package recording_test

import (
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/recording"
)

// This file tells from a recording's phases, and from what it shows four times a second, when there was contact. It
// knows nothing of proofs.

// wellWithin is the oldest "last heard" of a link in contact: 3 s of delay were the most in the recordings.
const wellWithin = 3500 * time.Millisecond

// truth is when contact was lost and came back.
type truth struct {
	contact time.Time // the last one before the silence; the first look where there never was one
	back    time.Time // no contact in between
	steady  time.Time // from here on every sample shows contact; zero: none does so to the end
}

func (r *replayed) truth(origin string, s silence) truth {
	back := phase(r.t, r.rec, s.back)
	found := truth{contact: r.first, back: back.From}
	through := r.last
	if s.through != "" {
		through = phase(r.t, r.rec, s.through).To
	}
	var from time.Time
	if s.from != "" {
		// What was on its way when the fault began still arrives.
		from = phase(r.t, r.rec, s.from).From.Add(max(s.hears, time.Second))
	}
	seen := false
	for _, look := range r.rec.Samples(r.rec.Streams(mirror.Connection)[0]) {
		l, whole := linkTo(origin, &look)
		heard := look.At.Add(-l.Active)
		if whole && l.Active >= 0 && !heard.After(from) && heard.After(found.contact) {
			found.contact = heard
		}
		well := whole && l.Active >= 0 && l.Active <= wellWithin
		switch {
		case look.At.Before(back.From) || look.At.After(through):
		case well && !seen:
			found.back, seen = heard, true
			found.steady = look.At
		case well && found.steady.IsZero():
			found.steady = look.At
		case !well && look.Fault.Kind != pipeline.FaultNoAnswer:
			found.steady = time.Time{}
		}
	}
	return found
}

// linkTo returns what a look found of the link to an origin; whole is false where it found nothing.
func linkTo(origin string, s *pipeline.Sample) (l pipeline.LinkSample, whole bool) {
	for _, l := range s.Links {
		if l.Origin == origin {
			return l, s.Fault.Kind == pipeline.FaultNone && l.Reported
		}
	}
	return pipeline.LinkSample{}, false
}

func (r *replayed) origins() []string {
	for _, look := range r.rec.Samples(r.rec.Streams(mirror.Connection)[0]) {
		var names []string
		for _, l := range look.Links {
			names = append(names, l.Origin)
		}
		if len(names) > 0 {
			return names
		}
	}
	return nil
}

func phase(t *testing.T, rec *recording.Recording, name string) recording.Phase {
	t.Helper()
	for _, p := range rec.Phases {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("%s has no phase %q", rec.Name, name)
	return recording.Phase{}
}
