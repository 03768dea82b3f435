package jetstream

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

var _ pipeline.Teller = (*Source)(nil)

// byNames looks at everything until that is done by names and info, which is worth while from a few streams on here, and tells of the
// given number of streams.
func byNames(t *testing.T, c Config, streams int) *Source {
	t.Helper()
	s := connected(t, c)
	s.choice.least = 8
	for _, want := range []string{wayList, wayList, wayNames} {
		if _, err := look(t, s); err != nil || s.Way() != want {
			t.Fatalf("by %q, want %q: %v", s.Way(), want, err)
		}
	}
	settles(t, s, streams)
	return s
}

// settles looks until so many streams are told of. Advisories that come late have streams asked about once more.
func settles(t *testing.T, s *Source, streams int) {
	t.Helper()
	pipelinetest.Eventually(t, 10*time.Second, fmt.Sprint("a look tells of ", streams), func() bool { return len(told(t, s)) == streams })
}

// told gives the links of each stream that a look told of, -1 where it could not be seen.
func told(t *testing.T, s *Source) map[string]int {
	t.Helper()
	all, err := look(t, s)
	if err != nil {
		t.Fatal(err)
	}
	links := map[string]int{}
	for _, x := range all {
		if links[x.Key.Stream] = len(x.Links); x.Fault.Kind != "" {
			links[x.Key.Stream] = -1
		}
	}
	return links
}

// addSource makes a plain stream one with a source.
func addSource(t *testing.T, js jetstream.JetStream, name, origin string) {
	t.Helper()
	pipelinetest.UpdateStream(t, js, name, func(c *jetstream.StreamConfig) {
		c.Subjects, c.Sources = nil, []*jetstream.StreamSource{{Name: origin}}
	})
}

// recreate makes a mirror under the name of a stream that was just deleted: its files may still be there.
func recreate(t *testing.T, js jetstream.JetStream, name, origin string) {
	t.Helper()
	config := jetstream.StreamConfig{Name: name, Storage: jetstream.MemoryStorage, Mirror: &jetstream.StreamSource{Name: origin}}
	pipelinetest.Eventually(t, 10*time.Second, name+" is created", func() bool {
		_, err := js.CreateStream(t.Context(), config)
		return err == nil
	})
}

// heedsAdvisory waits for an advisory about a stream.
func heedsAdvisory(t *testing.T, s *Source, name string, kind pipeline.AdvisoryKind) {
	t.Helper()
	for got := advised(t, s); got.Key.Stream != name || got.Advisory.Kind != kind; got = advised(t, s) {
	}
}

func TestWhereFewStreamsHoldLinksOnlyTheseAreAskedAbout(t *testing.T) {
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1"})
	js := srv.JetStream(t)
	streams(t, srv.Connect(t), 60, 2)
	s := byNames(t, Config{URL: URLs(srv.URL())}, 2)
	if got := told(t, s); got["M000"] != 1 || got["M001"] != 1 {
		t.Fatalf("told of %v", got)
	}

	pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "M002", Mirror: &jetstream.StreamSource{Name: "S000"}})
	pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "S060", Subjects: []string{"new"}})
	if got := told(t, s); got["M002"] != 1 || len(got) > 4 {
		t.Errorf("with a new mirror: told of %v", got)
	}
	settles(t, s, 3) // the new stream without links is not asked about again

	pipelinetest.DeleteStream(t, js, "S000") // the origin
	if got := told(t, s); len(got) < 3 || got["M000"] != 1 {
		t.Errorf("without their origin: told of %v", got)
	}

	pipelinetest.DeleteStream(t, js, "M001")
	all, err := look(t, s)
	if got := faults(all); err != nil || got["M001"] != pipeline.FaultNotFound {
		t.Errorf("a deleted mirror: %v, %v", got, err)
	}
	settles(t, s, 2)
	recreate(t, js, "M001", "S001")
	if got := told(t, s); got["M001"] != 1 {
		t.Errorf("created again: told of %v", got)
	}
	if s.Way() != wayNames {
		t.Errorf("by %q", s.Way())
	}
}

func TestAnAdvisoryTellsThatAStreamCameToHoldLinks(t *testing.T) {
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1"})
	js := srv.JetStream(t)
	streams(t, srv.Connect(t), 60, 1)
	s := byNames(t, Config{URL: URLs(srv.URL())}, 1)

	addSource(t, js, "S005", "S001")
	heedsAdvisory(t, s, "S005", pipeline.AdvisoryUpdated)
	if got := told(t, s); got["S005"] != 1 {
		t.Errorf("a stream that got a source: told of %v", got)
	}

	pipelinetest.DeleteStream(t, js, "S006")
	recreate(t, js, "S006", "S001")
	heedsAdvisory(t, s, "S006", pipeline.AdvisoryCreated)
	if got := told(t, s); got["S006"] != 1 {
		t.Errorf("a stream that was created again as a mirror: told of %v", got)
	}

	pipelinetest.Promote(t, js, "M000", "promoted")
	if got, ok := told(t, s)["M000"]; !ok || got != 0 {
		t.Errorf("a mirror that was promoted: %d links, told %v", got, ok)
	}
	settles(t, s, 2)
}

func TestTheSweepFindsWhatNoAdvisoryTold(t *testing.T) {
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1"})
	js := srv.JetStream(t)
	streams(t, srv.Connect(t), 60, 1)
	s := byNames(t, Config{URL: URLs(srv.URL())}, 1)
	addSource(t, js, "S005", "S001")
	heedsAdvisory(t, s, "S005", pipeline.AdvisoryUpdated)
	s.choice.roster.learn("S005", false) // as if it had not come
	settles(t, s, 1)
	s.choice.sweep = 0 // is over: all of it is due
	if got := told(t, s); len(got) != 61 || got["S005"] != 1 || got["M000"] != 1 {
		t.Errorf("a sweep: told of %d streams, %d links", len(got), got["S005"])
	}
	// Advisories do not tell, so nothing is built on them.
	for range 3 {
		if got := told(t, s); len(got) != 61 || s.Way() != wayList {
			t.Errorf("by %q: %d streams", s.Way(), len(got))
		}
	}
}

func TestManyLinksAreListedAgain(t *testing.T) {
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1"})
	js := srv.JetStream(t)
	streams(t, srv.Connect(t), 60, 2)
	s := byNames(t, Config{URL: URLs(srv.URL())}, 2)
	for i := range 5 {
		name := fmt.Sprintf("NEW%d", i)
		pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: name, Mirror: &jetstream.StreamSource{Name: "S000"}})
	}
	if got := told(t, s); len(got) < 7 || s.Way() != wayNames {
		t.Errorf("by %q: told of %v", s.Way(), got)
	}
	if got := told(t, s); len(got) != 67 || s.Way() != wayList {
		t.Errorf("by %q: told of %d", s.Way(), len(got))
	}
}

func TestWhereSomethingIsNotAllowedEverythingIsListed(t *testing.T) {
	srv := serve(t, func(o *server.Options) {
		user := func(name string, p *server.Permissions) *server.User {
			return &server.User{Username: name, Password: "pw", Permissions: p}
		}
		o.Users = []*server.User{
			user("nameless", &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{"$JS.API.STREAM.NAMES"}}}),
			user("infoless", &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{"$JS.API.STREAM.INFO.>"}}}),
			user("deaf", &server.Permissions{Subscribe: &server.SubjectPermission{Deny: []string{"$JS.EVENT.>"}}}),
		}
	})
	s := map[string]*Source{}
	for _, user := range []string{"nameless", "infoless", "deaf"} {
		s[user] = connected(t, Config{URL: URLs(srv.ClientURL()), User: user, Password: pipeline.NewSecret("pw")})
		s[user].choice.least = 8
	}
	streams(t, s["nameless"].conn.nc.Load(), 40, 1)
	for i := range 5 {
		for user, s := range s {
			if got := told(t, s); len(got) != 41 || got["M000"] != 1 {
				t.Errorf("%s, look %d: told of %d", user, i, len(got))
			}
		}
	}
	for user, s := range s {
		if s.Way() != wayList {
			t.Errorf("%s: by %q", user, s.Way())
		}
	}
}

func TestInfoIsChosenWhereItCostsLess(t *testing.T) {
	now := time.Now()
	c := newChoice()
	list := func(streams int, page time.Duration) {
		t.Helper()
		known, learnt := c.next()
		if known != nil {
			t.Fatal("names and info, too early or too long")
		}
		l := &listing{total: streams, links: streams, paged: streams, took: page * time.Duration(streams), roster: learnt}
		c.listed(now, l, true)
	}
	walk := func(info time.Duration) {
		t.Helper()
		known, _ := c.next()
		if known == nil {
			t.Fatal("still listed")
		}
		for i := range 20_000 { // all hold links
			known.links[fmt.Sprint(i)] = struct{}{}
		}
		c.walked(now, known, &costs{streams: 20_000, info: 20_000 * info, asked: 20_000}, true)
	}
	const us = time.Microsecond
	list(5_000, 200*us) // a slow machine, or a far one: listing is cheaper whatever it takes
	list(20_000, 90*us)
	list(20_000, 110*us)
	list(20_000, 110*us)
	walk(85 * us)
	walk(120 * us) // measured a little worse
	walk(150 * us)
	for range 3 {
		list(20_000, 120*us) // less than info cost
	}
	list(20_000, 200*us)
	list(20_000, 200*us)
	walk(150 * us)
	walk(300 * us)
	now = now.Add(2 * time.Hour)
	list(20_000, 200*us) // what info costs is forgotten
	list(20_000, 200*us)
	walk(90 * us)
}

func TestARecordingIsWhole(t *testing.T) {
	srv := serve(t, nil)
	streams(t, client(t, srv), 60, 1)
	s := connected(t, Config{URL: URLs(srv.ClientURL())})
	s.choice.least = 8
	s.ListAlways()
	for range 4 {
		if got := told(t, s); len(got) != 61 || s.Way() != wayList {
			t.Errorf("by %q: told of %d", s.Way(), len(got))
		}
	}
}
