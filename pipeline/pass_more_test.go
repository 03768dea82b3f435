package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

func TestPassOfRareLooksAndSlowViews(t *testing.T) {
	sevens := func(now time.Time) pipeline.StreamState {
		n := uint64(now.Sub(epoch)/time.Second) / 7 * 7
		return pipeline.StreamState{FirstSeq: 1, LastSeq: 5 + n, Messages: 5 + n, LastTime: epoch}
	}
	turned := func(now time.Time) bool { return !now.Before(at(60)) && now.Before(at(180)) }
	cases := map[string]struct {
		interval float64
		to       float64
		edit     func(now time.Time, s *pipeline.Sample)
		view     func(now time.Time, v *pipeline.OriginView) time.Duration
	}{
		"flow control told for a while": {edit: func(now time.Time, s *pipeline.Sample) {
			if still(now, s); turned(now) {
				s.Links[0].Error, s.Links[0].ErrCode = "flow control", 10228
			}
		}},
		"rarely": {interval: 170, to: 2000, edit: still},
		"rises each seven seconds": {edit: func(now time.Time, s *pipeline.Sample) { s.State = sevens(now) }, view: func(now time.Time, v *pipeline.OriginView) time.Duration {
			v.State = sevens(now)
			return 0
		}},
		"rises, no origin": {edit: func(now time.Time, s *pipeline.Sample) { s.State = sevens(now) }},
		"a clock ahead": {edit: func(now time.Time, s *pipeline.Sample) {
			if still(now, s); turned(now) {
				s.ServerTime = s.ServerTime.Add(3 * time.Second)
			}
		}},
		"views take a minute": {edit: still, view: func(now time.Time, v *pipeline.OriginView) time.Duration {
			v.State = fiveMessages()
			if turned(now) {
				return time.Minute
			}
			return 0
		}},
		"views wait": {edit: func(now time.Time, s *pipeline.Sample) {
			still(now, s)
			l := s.Links[0]
			s.Links = nil
			for n := range 20 {
				l.Kind, l.Origin, l.Seq = pipeline.KindSource, fmt.Sprint("O", n), 5
				s.Links = append(s.Links, l)
			}
		}, view: func(now time.Time, v *pipeline.OriginView) time.Duration {
			v.State = fiveMessages()
			v.State.LastSeq += uint64(now.Sub(epoch) / (20 * time.Second))
			v.State.Messages = v.State.LastSeq
			n := 0
			fmt.Sscanf(v.Key.Stream, "O%d", &n)
			return time.Duration(n) * 170 * time.Millisecond
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			calm := sameBothWays(t, max(c.to, 300), nil, func() *world {
				w := newWorld(t, &mirror{key: key("A"), limit: secs(2000), source: false, edit: c.edit})
				if w.opt.Interval = 2 * time.Second; c.interval > 0 {
					w.opt.Interval = secs(c.interval)
				}
				if c.view != nil {
					w.origin = func(key pipeline.OriginKey, _ bool, now time.Time) (pipeline.OriginView, time.Duration) {
						v := pipeline.OriginView{Key: key, Path: pipeline.PathOwn, Asked: now, ServerTime: now, Created: epoch.Add(-time.Hour), Leader: "o1"}
						delay := 30*time.Millisecond + c.view(now, &v)
						v.At = now.Add(delay)
						return v, delay
					}
				}
				return w
			})
			if calm == 0 {
				t.Error("nothing was taken in in passing")
			}
		})
	}
}
