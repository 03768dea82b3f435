package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// turning is a history in which a stream that is well, and taken in in passing, turns at a minute; and back at three.
type turning struct {
	mirror
	origin   bool
	interval float64
	holds    map[string]time.Duration
	turn     func(now time.Time, s *pipeline.Sample, turned bool)
	view     func(now time.Time, v *pipeline.OriginView, turned bool)
	to       float64
}

func TestPassOfStreamsThatTurn(t *testing.T) {
	first := func(s *pipeline.Sample) *pipeline.LinkSample { return &s.Links[0] }
	policy := func(s *pipeline.Sample) *pipeline.Policy { return &settings(s).Policy }
	cases := map[string]turning{
		"messages fall under a threshold": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			policy(s).Checks.Messages.Critical = 100
			s.State.Messages = 1000
			if turned {
				s.State.Messages = 50
			}
		}},
		"subjects": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			policy(s).Checks.Subjects.Critical = 100
			if turned {
				s.State.Subjects = 500
			}
		}},
		"a bound": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			if turned {
				s.Bounds.Messages = 100
			}
		}},
		"a position is told": {mirror: mirror{source: true, data: true}, origin: true, turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			if !turned {
				first(s).Seq = 0
			}
		}},
		"a position falls": {mirror: mirror{data: true}, origin: true, turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			if turned {
				s.State.LastSeq -= 1000
			}
		}},
		"a stands, then rises": {origin: true, turn: func(now time.Time, s *pipeline.Sample, turned bool) {
			s.State = fiveMessages()
			if turned {
				s.State.LastSeq, s.State.Messages = 9, 9
			}
		}, view: five(func(v *pipeline.OriginView) { v.State.LastSeq, v.State.Messages = 9, 9 })},
		"the origin moves on and the mirror does not": {origin: true, turn: standing, view: five(func(v *pipeline.OriginView) { v.State.LastSeq, v.State.Messages, v.State.Deleted = 9, 9, 0 })},
		"the origin has deleted":                      {origin: true, turn: standing, view: five(func(v *pipeline.OriginView) { v.State.LastSeq, v.State.Messages, v.State.Deleted = 9, 5, 4 })},
		"the origin is anew":                          {origin: true, turn: standing, view: five(func(v *pipeline.OriginView) { v.Created = at(60) })},
		"the origin falls":                            {origin: true, turn: standing, view: five(func(v *pipeline.OriginView) { v.State.LastSeq, v.State.Messages = 3, 3 })},
		"nobody answers about the origin":             {origin: true, turn: standing, view: five(func(v *pipeline.OriginView) { v.Fault.Kind = pipeline.FaultNoAnswer })},
		"the origin strays": {origin: true, turn: func(_ time.Time, s *pipeline.Sample, _ bool) {
			still(time.Time{}, s)
			first(s).Filter = "a"
		}, view: func(_ time.Time, v *pipeline.OriginView, turned bool) {
			v.State, v.Subjects = fiveMessages(), []string{"a"}
			if turned {
				v.Subjects = []string{"b"}
			}
		}},
		"lag below its limit": {mirror: mirror{data: true}, turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			policy(s).LagCritical = pipeline.Some[uint64](50)
			if turned {
				first(s).Lag = 3
			}
		}},
		"lag over its limit, and nothing is copied then": {turn: func(now time.Time, s *pipeline.Sample, turned bool) {
			policy(s).LagCritical = pipeline.Some[uint64](50)
			rise := earlier(now, at(60)).Sub(epoch) + max(0, now.Sub(at(250)))
			s.State = pipeline.StreamState{FirstSeq: 1, LastSeq: 5 + uint64(rise/time.Second), LastTime: epoch}
			if turned {
				first(s).Lag = 300
			}
		}, to: 400},
		"flow control stalls": {mirror: mirror{data: true}, turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			if turned {
				first(s).Error, first(s).ErrCode = "flow control", 10228
			}
		}},
		"an error": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			if turned {
				first(s).Error = "unheard of"
			}
		}},
		"created anew": {mirror: mirror{data: true}, origin: true, turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			if turned {
				s.Created = at(60)
			}
		}},
		"another leader": {mirror: mirror{data: true, leaders: []time.Time{at(60)}}, origin: true},
		"another leader, stamps go on": {mirror: mirror{data: true}, turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			if turned {
				s.Leader = "B"
			}
		}},
		"no leader, nothing else": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			if turned {
				s.Leader = ""
			}
		}},
		"not told of": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			if turned {
				first(s).Reported = false
			}
		}},
		"heartbeats late": {mirror: mirror{limit: secs(60), cut: cut(60, 63)}},
		"silence":         {mirror: mirror{limit: secs(30), cut: cut(60, 150)}, origin: true},
		"silence, held":   {mirror: mirror{limit: secs(30), cut: cut(60, 95)}, holds: map[string]time.Duration{pipeline.RuleSeen: secs(20)}},
		"stamp wiped": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			if turned {
				first(s).Active = -1
			}
		}},
		"stamps jitter": {mirror: mirror{data: true}, interval: 0.4, turn: func(now time.Time, s *pipeline.Sample, turned bool) {
			if first(s).Active += time.Duration(now.UnixNano()/1e8%7) * time.Millisecond; turned {
				s.Blur = time.Duration(now.UnixNano()/1e8%5) * time.Millisecond
			}
		}},
		"answers slow": {mirror: mirror{data: true}, turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			if turned {
				s.Asked = s.Asked.Add(-1500 * time.Millisecond)
			}
		}},
		"rarely":                  {mirror: mirror{data: true, limit: secs(2000)}, interval: 170, origin: true, to: 2000},
		"rarely, nothing written": {mirror: mirror{limit: secs(2000)}, interval: 170, origin: true, to: 2000, turn: standing},
		"a peer is behind": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			p := pipeline.Peer{Name: "P", Current: true, Active: time.Millisecond}
			if turned {
				p.Lag = 5
			}
			s.Peers = []pipeline.Peer{p}
		}},
		"a peer is not current": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			s.Peers = []pipeline.Peer{{Name: "P", Active: 0, Current: !turned}}
		}},
		"a peer never is": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			s.Peers = []pipeline.Peer{{Name: "P", Active: 0, Current: false}}
		}},
		"a peer is pending": {turn: func(now time.Time, s *pipeline.Sample, turned bool) {
			s.Peers = []pipeline.Peer{{Name: "P", Active: time.Duration(now.Second()), Pending: true, Current: turned}}
		}},
		"a peer that is not current is not heard of any more": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			s.Peers = []pipeline.Peer{{Name: "P", Active: time.Second}}
			if turned {
				s.Peers[0].Active = 0
			}
		}},
		"another peer": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			s.Peers = []pipeline.Peer{{Name: "P", Active: 1, Current: true}}
			if turned {
				s.Peers = append(s.Peers, pipeline.Peer{Name: "Q", Active: 1, Current: true})
			}
		}},
		"a peer less": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			s.Peers = []pipeline.Peer{{Name: "P", Active: 1, Current: true}, {Name: "Q", Active: 1, Current: true}}
			if turned {
				s.Peers = s.Peers[:1]
			}
		}},
		"another limit": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			if turned {
				policy(s).SeenCritical = pipeline.Some(secs(90))
			}
		}},
		"a finding": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			if turned {
				policy(s).Findings = []pipeline.Finding{{Key: "k"}}
			}
		}},
		"another team": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			settings(s).Metadata = map[string]string{"team": fmt.Sprint(turned)}
		}},
		"taken out": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) { policy(s).Disabled = turned }},
		"promoted": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			if turned {
				s.Links = nil
			}
		}},
		"a source more": {mirror: mirror{source: true, data: true}, origin: true, turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			if turned {
				l := *first(s)
				l.Origin = "O2"
				s.Links = append(s.Links, l)
			}
		}},
		"starts elsewhere": {turn: func(_ time.Time, s *pipeline.Sample, turned bool) {
			if turned {
				first(s).StartSeq = 7
			}
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			sameBothWays(t, max(c.to, 300), nil, func() *world {
				m := c.mirror
				m.key = key("A")
				if m.limit == 0 {
					m.limit = secs(60)
				}
				turned := func(now time.Time) bool { return !now.Before(at(60)) && now.Before(at(180)) }
				if c.turn != nil {
					m.edit = func(now time.Time, s *pipeline.Sample) { c.turn(now, s, turned(now)) }
				}
				w := newWorld(t, &m)
				w.opt.Metadata, w.opt.Holds = []string{"team"}, c.holds
				w.opt.Interval = 2 * time.Second
				if c.interval > 0 {
					w.opt.Interval = secs(c.interval)
				}
				if c.origin {
					w.origin = func(key pipeline.OriginKey, _ bool, now time.Time) (pipeline.OriginView, time.Duration) {
						const delay = 30 * time.Millisecond
						v := pipeline.OriginView{Key: key, Path: pipeline.PathOwn, Asked: now, At: now.Add(delay), ServerTime: now, Created: epoch.Add(-time.Hour), Leader: "o1"}
						if m.data {
							v.State = pipeline.StreamState{FirstSeq: 1, LastSeq: uint64(now.Unix()), LastTime: now.Truncate(time.Second)}
						}
						if c.view != nil {
							c.view(now, &v, turned(now))
						}
						return v, delay
					}
				}
				return w
			})
		})
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// five shows an origin of five messages, until it turns.
func five(turn func(v *pipeline.OriginView)) func(time.Time, *pipeline.OriginView, bool) {
	return func(_ time.Time, v *pipeline.OriginView, turned bool) {
		if v.State = fiveMessages(); turned {
			turn(v)
		}
	}
}

// standing is a stream of five messages.
func standing(now time.Time, s *pipeline.Sample, _ bool) { still(now, s) }
