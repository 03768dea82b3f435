package pipelinetest

import (
	"testing"
	"time"
)

// Links are links that are broken together, as those are that lead to the servers of one cluster.
type Links []*Link

// StartLinks runs a link to each target, an address "host:port", until the test ends.
func StartLinks(t testing.TB, targets ...string) Links {
	t.Helper()
	var links Links
	for _, target := range targets {
		link, err := NewLink(target)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := link.Close(); err != nil {
				t.Errorf("close link: %v", err)
			}
		})
		links = append(links, link)
	}
	return links
}

// Cut cuts each link.
func (l Links) Cut() { l.each((*Link).Cut) }

// Blackhole lets nothing pass over any link.
func (l Links) Blackhole() { l.each((*Link).Blackhole) }

// BlackholeToTarget lets nothing pass to any target.
func (l Links) BlackholeToTarget() { l.each((*Link).BlackholeToTarget) }

// BlackholeFromTarget lets nothing pass from any target.
func (l Links) BlackholeFromTarget() { l.each((*Link).BlackholeFromTarget) }

// Delay lets every byte arrive d late, in each direction.
func (l Links) Delay(d time.Duration) { l.each(func(link *Link) { link.Delay(d) }) }

// Restore makes every link whole.
func (l Links) Restore() { l.each((*Link).Restore) }

// Connections is the number of connections that are open over all of them.
func (l Links) Connections() int {
	n := 0
	l.each(func(link *Link) { n += link.Connections() })
	return n
}

// Addrs are the addresses that lead over the links.
func (l Links) Addrs() []string {
	var addrs []string
	l.each(func(link *Link) { addrs = append(addrs, link.Addr()) })
	return addrs
}

func (l Links) each(do func(*Link)) {
	for _, link := range l {
		do(link)
	}
}
