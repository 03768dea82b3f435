package history

import (
	"time"

	"mirrorwatch/pipeline"
)

// link measures one link; false if it was not watched in the period.
func (f *facts) link(w *watched, period span) (l Link, ok bool) {
	parts := w.within(period)
	if len(parts) == 0 {
		return l, false
	}
	l = Link{Subject: w.subject, Limit: Seconds(parts[len(parts)-1].limit)}
	var all, limited, down spans
	for _, p := range parts {
		all = append(all, p.span)
		unproven := f.down
		if p.limit > 0 {
			limited = append(limited, p.span)
			unproven = beyond(f.down, p.limit)
		}
		down = append(down, unproven.and(spans{p.span})...)
		if len(parts) > 1 {
			l.Limits = append(l.Limits, Limit{p.from, p.to, Seconds(p.limit)})
		}
	}
	var over, dark, still spans
	for _, v := range f.of(w.subject) {
		whole := span{v.start, f.ended(v)}
		if whole.from.Before(period.from) && !whole.to.After(period.from) || !whole.from.Before(period.to) {
			continue
		}
		silence := whole
		if !v.Since.IsZero() {
			silence.from = sooner(v.Since, whole.from)
		}
		switch v.Rule {
		case pipeline.RuleSeen:
			over, dark = append(over, v.over(whole, parts)...), append(dark, silence)
			l.LongestDark = max(l.LongestDark, Seconds(silence.long()))
			f.tell(&l, v)
		case pipeline.RuleSeenDefault:
			dark = append(dark, silence)
			l.LongestDark = max(l.LongestDark, Seconds(silence.long()))
		case pipeline.RuleNotCopying, pipeline.RuleDiverged:
			still = append(still, whole)
		}
		l.risk(v, period)
	}
	over = over.and(limited)
	blind := f.blind[w.subject.Connection].and(all)
	l.Watched, l.Limited = Seconds(all.total()), Seconds(limited.total())
	l.OverLimit, l.LongestOverLimit = Seconds(over.total()), Seconds(over.longest())
	l.Dark = Seconds(dark.and(all).total())
	l.NotCopying = Seconds(still.and(all).total())
	l.Unobserved, l.AgentDown = Seconds(blind.total()), Seconds(down.total())
	if l.Limited > 0 {
		var bad spans
		for _, one := range []spans{over, still, blind, down} {
			bad = append(bad, one...)
		}
		percent := 100 * (1 - float64(bad.and(limited).total())/float64(l.Limited))
		l.Compliance = &percent
	}
	return l, true
}

// over is when the newest proof was older than the limit. Before the incident opened each limit counts in its time: a silence
// that a new one made a violation was none under the one before.
func (v *violation) over(whole span, parts []part) (out spans) {
	for _, p := range parts {
		one := whole.and(p.span)
		if passed := v.Since.Add(p.limit); !v.Since.IsZero() && one.from.Before(v.Opened) {
			one.from = later(one.from, sooner(passed, v.Opened))
		}
		out = append(out, one)
	}
	return out
}

// beyond is when no agent ran and no proof of before was young enough.
func beyond(down spans, limit time.Duration) (out spans) {
	for _, one := range down {
		out = append(out, span{one.from.Add(limit), one.to})
	}
	return out.union()
}

// tell counts a violation, and how it was told.
func (f *facts) tell(l *Link, v *violation) {
	l.Violations++
	l.Open = l.Open || v.Ended.IsZero() || v.Ended.After(f.end)
	if v.silenced {
		l.Silenced++
	}
	if v.told.IsZero() {
		l.Untold++
		return
	}
	took := Seconds(max(0, v.told.Sub(v.Opened)))
	if l.TimeToTell == nil || took > *l.TimeToTell {
		l.TimeToTell = &took
	}
}

// risk takes in the data at risk as it was told in the period, and at its beginning.
func (l *Link) risk(v *violation, period span) {
	for n, r := range v.risks {
		old := n+1 < len(v.risks) && !v.risks[n+1].at.After(period.from)
		if old || !r.at.Before(period.to) || !r.Verified && r.Messages == 0 {
			continue
		}
		if l.AtRisk == nil || r.Messages > *l.AtRisk {
			l.AtRisk, l.AtRiskAtLeast = new(r.Messages), r.AtLeast
		} else if r.Messages == *l.AtRisk {
			l.AtRiskAtLeast = l.AtRiskAtLeast || r.AtLeast
		}
	}
}
