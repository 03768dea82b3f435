package pipeline_test

import (
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// group is a mirror with a limit of 10 s on its peers' silence. Of the peer b its leader says what tell makes of it.
func group(tell func(t time.Time, s *pipeline.Sample, b *pipeline.Peer)) *mirror {
	return &mirror{key: key("A"), limit: secs(60), edit: func(t time.Time, s *pipeline.Sample) {
		settings(s).Policy.Checks.PeerSeenCritical = secs(10)
		s.Peers = []pipeline.Peer{
			{Name: "b", Current: true, Active: secs(0.5)},
			{Name: "c", Current: true, Active: secs(0.5)},
		}
		tell(t, s, &s.Peers[0])
	}}
}

// away makes the peer one that was last heard of at some second, and never by a leader who leads since a later one.
func away(p *pipeline.Peer, t time.Time, heard, leads float64) {
	p.Offline = true
	if leads > heard {
		p.Active, p.Current, p.Lag = 0, false, 500
		return
	}
	p.Active, p.Current = t.Sub(at(heard)), t.Sub(at(heard)) < secs(10)
}

// opensOnPeers runs for a while and returns when the one incident opened that there may be; it may not end.
func opensOnPeers(t *testing.T, m *mirror, to float64) time.Time {
	t.Helper()
	w := newWorld(t, m)
	w.run(0, to)
	if len(w.changes) != 1 || w.changes[0].Kind != pipeline.Opened || w.changes[0].Incident.Rule != pipeline.RulePeers {
		t.Fatalf("%+v, want one opened on peers", w.changes)
	}
	return w.changes[0].At
}

func TestAPeerWhomANewLeaderNeverHeardOfIsSilent(t *testing.T) {
	for _, c := range []struct{ ends, leads, opens float64 }{ // the old leader's time, the new one's, and the latest opening
		{60, 60, 75},
		{61, 61, 82.5},
		{69, 69, 82.5},
		{69, 76, 88}, // an election
	} {
		opened := opensOnPeers(t, group(func(now time.Time, s *pipeline.Sample, b *pipeline.Peer) {
			switch {
			case now.After(at(c.leads)):
				away(b, now, 60, c.leads)
			case now.After(at(c.ends)):
				s.Leader, *b = "", pipeline.Peer{Name: "b"}
			case now.After(at(60)):
				away(b, now, 60, 0)
			}
		}), 300)
		if opened.Before(at(70)) || opened.After(at(c.opens)) {
			t.Errorf("leader until %v s, next since %v s: opened at %s, want at %v s", c.ends, c.leads, since(opened), c.opens)
		}
	}
}

func TestALeaderChangeDoesNotEndAPeersSilence(t *testing.T) {
	m := group(func(now time.Time, s *pipeline.Sample, b *pipeline.Peer) {
		switch {
		case now.After(at(200)):
			away(b, now, 60, 190)
		case now.After(at(190)):
			s.Leader, *b = "", pipeline.Peer{Name: "b"}
		case now.After(at(60)):
			away(b, now, 60, 0)
		}
	})
	opensOnPeers(t, m, 400)

	w := newWorld(t, m)
	w.run(0, 180)
	if len(w.changes) != 1 {
		t.Fatalf("%+v, want one", w.changes)
	}
	kept := w.watch.State()
	w.start(250, kept.Streams, kept.Incidents) // the leader changed while the agent was away
	w.run(250, 400)
	if len(w.changes) != 1 {
		t.Errorf("%+v, want no other", w.changes)
	}
}

func TestAPeerUnheardOfFromTheStartIsSilentAfterTheLimit(t *testing.T) {
	opened := opensOnPeers(t, group(func(now time.Time, _ *pipeline.Sample, b *pipeline.Peer) { away(b, now, -60, -30) }), 60)
	if opened.Before(at(10)) || opened.After(at(16)) {
		t.Errorf("opened at %s, want 10 s after the first look", since(opened))
	}
}

func TestPeersThatAnswerNewLeadersAreNotSilent(t *testing.T) {
	m := group(func(now time.Time, s *pipeline.Sample, _ *pipeline.Peer) {
		settings(s).Policy.Checks.PeerLagCritical = 100
		term := now.Sub(epoch) % secs(40)
		if term < secs(16) { // two looks fall into an election, or are a follower's, and two into the leader's first moments
			for n := range s.Peers {
				s.Peers[n] = pipeline.Peer{Name: s.Peers[n].Name, Lag: 500}
			}
		}
		if term < secs(9) {
			s.Leader = ""
		}
	})
	w := newWorld(t, m)
	w.run(0, 600)
	w.wants()
}

func TestAMemberToBeTakesItsTime(t *testing.T) {
	m := group(func(_ time.Time, _ *pipeline.Sample, b *pipeline.Peer) { *b = pipeline.Peer{Name: "b", Pending: true} })
	w := newWorld(t, m)
	w.run(0, 600)
	w.wants()
}
