package jetstream

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// LookAtOrigin implements pipeline.OriginSource. Rounds tell of origins too: servers are asked only where the newest round is
// too old. Where a path leads cannot be seen from the system account. One into a JetStream domain is taken for one to the only
// account there that has such a stream, or to the links' own account; any other to the only other account that has one. In system scope servers do not list what is deleted.
func (s *System) LookAtOrigin(ctx context.Context, key pipeline.OriginKey, _ bool) *pipeline.OriginView {
	v := &pipeline.OriginView{Key: key, Path: pipeline.PathSystem, Asked: time.Now()}
	target, err := s.streams.origin(key)
	if err != nil {
		v.At, v.Fault = time.Now(), pipeline.Fault{Kind: pipeline.FaultNoAnswer, Text: err.Error()}
		return v
	}
	if newest := s.streams.newest(target, v.Asked.Add(-s.fresh)); newest != nil {
		newest.Key = key
		return newest
	}
	answers := make(chan answer, 1)
	s.want(target, false, answers)
	select {
	case a := <-answers:
		if newest := s.streams.newest(target, v.Asked); newest != nil {
			newest.Key = key
			return newest
		}
		v.Asked, v.At, v.Fault = a.sample.Asked, a.sample.At, a.sample.Fault
		if v.Fault.Kind == pipeline.FaultNone {
			v.Fault = pipeline.Fault{Kind: pipeline.FaultOffline, Text: "the origin has no leader"}
		}
	case <-ctx.Done():
		v.At, v.Fault = time.Now(), pipeline.Fault{Kind: pipeline.FaultNoAnswer, Text: context.Cause(ctx).Error()}
	}
	return v
}

// origin finds the stream that an origin is. Those that are gone count where no other is left.
func (c *catalogue) origin(key pipeline.OriginKey) (pipeline.StreamKey, error) {
	own := pipeline.StreamKey{Connection: c.connection, Account: key.Account, Domain: key.Domain, Stream: key.Stream}
	domain, via := domainOf(key.Via)
	if key.Via == "" || via && domain == "" {
		return own, nil
	}
	if !via { // mapped by imports, which are not seen: another account's stream of that name may be nobody's origin
		return own, fmt.Errorf("cannot tell which account %s leads to", key.Via)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var there, gone []pipeline.StreamKey
	for k, e := range c.entries {
		switch {
		case k.Stream != key.Stream, k.Domain != domain:
		case e.gone.IsZero():
			there = append(there, k)
		default:
			gone = append(gone, k)
		}
	}
	for _, found := range [][]pipeline.StreamKey{there, gone} {
		if len(found) == 1 {
			return found[0], nil
		}
		for _, k := range found {
			if k.Account == key.Account {
				return k, nil
			}
		}
		if len(found) > 1 {
			return own, fmt.Errorf("cannot tell which account %s leads to: %d have a stream %s", key.Via, len(found), key.Stream)
		}
	}
	return own, fmt.Errorf("cannot tell which account %s leads to: none that is seen has a stream %s", key.Via, key.Stream)
}

// domainOf returns the domain that an API prefix of the form $JS.DOMAIN.API names; $JS.API names none.
func domainOf(via string) (domain string, ok bool) {
	if via == "$JS.API" {
		return "", true
	}
	rest, begins := strings.CutPrefix(via, "$JS.")
	domain, ends := strings.CutSuffix(rest, ".API")
	return domain, begins && ends && !strings.Contains(domain, ".")
}

// newest returns what a stream's leader told, if that was asked at the given time or later.
func (c *catalogue) newest(key pipeline.StreamKey, asked time.Time) *pipeline.OriginView {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[key]
	if e == nil || !e.gone.IsZero() || e.newest == nil || e.newest.asked.Before(asked) {
		return nil
	}
	return &pipeline.OriginView{
		Path: pipeline.PathSystem, Asked: e.newest.asked, At: e.newest.at, ServerTime: e.newest.read,
		Created: e.created, Leader: e.leader, State: e.state, Subjects: e.terms.subjects, Replicates: len(e.terms.ties) > 0,
	}
}
