package pipeline_test

import (
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// seen is one answer about a link: at which second, by whom, and how long ago the server last heard of the origin.
type seen struct {
	at     float64
	leader string
	active float64 // seconds; -1: never since it counts
	seq    uint64
	absent bool
	delay  float64 // seconds from the server's clock to the agent's receipt
	asked  float64 // second of the question; 0: at
}

const nobody = "nobody" // leads

// TestProofRules feeds answers, and wants the second of the proven contact after the last; -1: none.
func TestProofRules(t *testing.T) {
	for name, c := range map[string]struct {
		kind pipeline.Kind
		seen []seen
		want float64
	}{
		"one look proves nothing":                   {seen: []seen{{at: 10, active: 0.5}}, want: -1},
		"the same stamp twice proves nothing":       {seen: []seen{{at: 10, active: 0.5}, {at: 15, active: 5.5}}, want: -1},
		"a stamp read with jitter proves nothing":   {seen: []seen{{at: 10, active: 0.5}, {at: 15, active: 5.1}}, want: -1},
		"two stamps 5 s apart prove the later":      {seen: []seen{{at: 10, active: 0.5}, {at: 15, active: 0.5}}, want: 14.5},
		"two stamps 10 s apart may both be resets":  {seen: []seen{{at: 10, active: 0.5}, {at: 20, active: 0.5}}, want: -1},
		"two stamps 9.5 s apart prove nothing":      {seen: []seen{{at: 10, active: 0.5}, {at: 19.5, active: 0.5}}, want: -1},
		"a saw-tooth of 10 s proves nothing":        {seen: sawTooth(10, 5), want: -1},
		"a saw-tooth of 20 s proves nothing":        {seen: sawTooth(20, 5), want: -1},
		"the chain goes on from the proof":          {seen: []seen{{at: 10, active: 0.5}, {at: 15, active: 0.5}, {at: 23, active: 0.1}}, want: 22.9},
		"silence after a proof keeps it":            {seen: []seen{{at: 10, active: 0.5}, {at: 15, active: 0.5}, {at: 20, active: 5.5}, {at: 25, active: 10.5}}, want: 14.5},
		"a reset after a proof is no contact":       {seen: []seen{{at: 10, active: 0.5}, {at: 15, active: 0.5}, {at: 25, active: 0.4}}, want: 14.5},
		"a pair after a reset is contact":           {seen: []seen{{at: 10, active: 0.5}, {at: 15, active: 0.5}, {at: 25, active: 0.4}, {at: 28, active: 0.4}}, want: 27.6},
		"-1 proves nothing":                         {seen: []seen{{at: 10, active: -1}, {at: 15, active: -1}}, want: -1},
		"-1 starts the chain anew":                  {seen: []seen{{at: 10, active: 0.5}, {at: 12, active: -1}, {at: 15, active: 0.5}}, want: -1},
		"after -1 two stamps prove again":           {seen: []seen{{at: 10, active: -1}, {at: 12, active: 0.5}, {at: 15, active: 0.5}}, want: 14.5},
		"a new leader starts the chain anew":        {seen: []seen{{at: 10, active: 0.5}, {at: 15, leader: "B", active: 0.5}}, want: -1},
		"a new leader keeps the proof":              {seen: []seen{{at: 10, active: 0.5}, {at: 15, active: 0.5}, {at: 20, leader: "B", active: -1}}, want: 14.5},
		"an absent link starts the chain anew":      {seen: []seen{{at: 10, active: 0.5}, {at: 12, absent: true}, {at: 15, active: 0.5}}, want: -1},
		"an answer without a leader proves nothing": {seen: []seen{{at: 10, leader: nobody, active: 0.5}, {at: 15, leader: nobody, active: 0.5}}, want: -1},
		"a stamp that went back starts anew":        {seen: []seen{{at: 10, active: 0.5}, {at: 15, active: 12}, {at: 18, active: 15}}, want: -1},
		"a position that rose proves the look before": {seen: []seen{
			{at: 10, active: 0.5, seq: 5}, {at: 15, active: 5.5, seq: 5}, {at: 40, active: 0, seq: 6},
		}, want: 15},
		"the first position of a leader is no base": {seen: []seen{{at: 10, active: -1, seq: 5}, {at: 15, active: -1, seq: 6}}, want: -1},
		"a position across leaders proves nothing":  {seen: []seen{{at: 10, active: -1, seq: 5}, {at: 15, active: -1, seq: 5}, {at: 20, leader: "B", active: -1, seq: 9}}, want: -1},
		"a position across an absent link proves nothing": {seen: []seen{
			{at: 10, active: -1, seq: 5}, {at: 15, active: -1, seq: 5}, {at: 17, absent: true, seq: 5}, {at: 20, active: -1, seq: 9},
		}, want: -1},
		"a source's last sequence is no position": {kind: pipeline.KindSource, seen: []seen{{at: 10, active: -1}, {at: 15, active: -1}, {at: 20, active: -1}}, want: -1},
		"a source's own position proves": {kind: pipeline.KindSource, seen: []seen{
			{at: 10, active: -1, seq: 5}, {at: 15, active: -1, seq: 5}, {at: 20, active: -1, seq: 6},
		}, want: 15},
		"an overtaken answer is left out": {seen: []seen{
			{at: 10, active: 0.5}, {at: 15, active: 0.5}, {at: 12, active: 0.5}, {at: 20, active: 5.5},
		}, want: 14.5},
		"a server's clock set back starts anew": {seen: []seen{
			{at: 100, active: 0.5, delay: 0}, {at: 15, active: 0.5, delay: 90, asked: 104.5}, {at: 20, active: 0.5, delay: 90, asked: 109.5},
		}, want: 109.5},
		"a slow answer dates contact no later than the truth": {seen: []seen{
			{at: 10, active: 0.5}, {at: 15, active: 0.5, delay: 4},
		}, want: 14.5},
		"a slow answer that was made late dates contact early": {seen: []seen{
			{at: 10, active: 0.5}, {at: 15, active: 0.5, asked: 11, delay: 0.1},
		}, want: 10.5},
		"a quicker answer of the same stamp dates it better": {seen: []seen{
			{at: 10, active: 0.5}, {at: 15, active: 0.5, asked: 11, delay: 0.1}, {at: 20, active: 5.5},
		}, want: 14.5},
		"also where the slow answer's date lay before the proof in hand": {seen: []seen{
			{at: 10, active: 0.5}, {at: 15, active: 0.5}, {at: 18, active: 0.5, asked: 14, delay: 0.1}, {at: 20, active: 2.5},
		}, want: 17.5},
	} {
		t.Run(name, func(t *testing.T) {
			var p pipeline.Proof
			feed(&p, c.kind, c.seen...)
			got := -1.0
			if !p.Contact().IsZero() {
				got = p.Contact().Sub(epoch).Seconds()
			}
			if got != c.want {
				t.Errorf("contact proven at %v, want %v", got, c.want)
			}
		})
	}
}

func TestBoundIsTheNewestStampOfTheLeaderOfNow(t *testing.T) {
	var p pipeline.Proof
	steps := []struct {
		seen
		want float64 // -1: nothing is known
	}{
		{seen{at: 10, active: 60}, -50},
		{seen{at: 15, active: 65}, -50},
		{seen{at: 20, active: -1}, -1},
		{seen{at: 25, active: 0.5}, 24.5},
		{seen{at: 28, active: 0.5}, 27.5},
		{seen{at: 31, absent: true}, -1},
		{seen{at: 32, leader: nobody, absent: true}, -1},
		{seen{at: 33, leader: "B", active: 20}, -1}, // contact was proven under another leader, later than this one knows of
		{seen{at: 36, leader: "B", active: 1}, -1},
		{seen{at: 39, leader: "B", active: 1}, 38},
	}
	for _, s := range steps {
		feed(&p, pipeline.KindMirror, s.seen)
		got := -1.0
		if !p.Bound().IsZero() {
			got = p.Bound().Sub(epoch).Seconds()
		}
		if got != s.want {
			t.Errorf("at %v: bound %v, want %v", s.at, got, s.want)
		}
	}
}

func TestKeptProofGoesOnButChainsWithNothing(t *testing.T) {
	p := pipeline.NewProof(at(5))
	feed(&p, pipeline.KindMirror, seen{at: 10, active: 0.5})
	if !p.Contact().Equal(at(5)) {
		t.Errorf("contact %s after one look, want the kept one", since(p.Contact()))
	}
	feed(&p, pipeline.KindMirror, seen{at: 13, active: 0.5})
	if !p.Contact().Equal(at(12.5)) {
		t.Errorf("contact %s after two looks, want 12.5s", since(p.Contact()))
	}
}

// sawTooth is a look each so many seconds at a stamp that is set each period without contact.
func sawTooth(period, every float64) []seen {
	var all []seen
	for now := 1.0; now < 300; now += every {
		n := float64(int(now / period))
		all = append(all, seen{at: now, active: now - n*period})
	}
	return all
}

func feed(p *pipeline.Proof, kind pipeline.Kind, all ...seen) {
	for _, s := range all {
		sample := pipeline.Sample{ServerTime: at(s.at), At: at(s.at + s.delay), Asked: at(s.at), Leader: "A", Created: epoch}
		if s.asked != 0 {
			sample.Asked = at(s.asked)
		}
		switch s.leader {
		case "":
		case nobody:
			sample.Leader = ""
		default:
			sample.Leader = s.leader
		}
		l := pipeline.LinkSample{Kind: kind, Reported: !s.absent, Active: secs(s.active)}
		if s.active < 0 {
			l.Active = -1
		}
		if l.Kind == "" {
			l.Kind = pipeline.KindMirror
		}
		if l.Kind == pipeline.KindSource {
			l.Seq, sample.State.LastSeq = s.seq, uint64(time.Duration(s.at)) // something else writes to the stream
		} else {
			sample.State.LastSeq = s.seq
		}
		p.Observe(&sample, &l)
	}
}
