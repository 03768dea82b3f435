package jetstream

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// In every second answer one stream holds up the reading of those after it, by 1.5 s. A silent mirror's stamp is made anew every
// 12 s, by a consumer that hears nothing: when it was read is not known that closely, and must prove nothing.
func TestAStalledReadingProvesNothing(t *testing.T) {
	s := &System{log: slog.New(slog.DiscardHandler), longRead: longRead}
	s.members.log = s.log
	began := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	var p pipeline.Proof
	for n := range 24 {
		now, stall := began.Add(time.Duration(n)*5*time.Second), time.Duration(n%2)*1500*time.Millisecond
		var streams []string
		for i := range 100 {
			read := now
			if i >= 90 {
				read = now.Add(stall)
			}
			stamp := began.Add(read.Sub(began).Truncate(12 * time.Second))
			streams = append(streams, fmt.Sprintf(`{"name":"M%02d","config":{"name":"M%02d","mirror":{"name":"O"}},"mirror":{"name":"O","active":%d},"state":{"last_seq":1}}`,
				i, i, read.Sub(stamp)))
		}
		doc := fmt.Sprintf(`{"server":{"name":"n1","id":"N1","time":%q},"data":{"now":%q,"account_details":[{"name":"A","id":"A","stream_detail":[%s]}]}}`,
			now.Add(stall).Format(time.RFC3339Nano), now.Format(time.RFC3339Nano), strings.Join(streams, ","))
		r := s.newReader()
		one, err := r.answer([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		one.asked, one.at = now, now.Add(stall)
		s.readStreams(r, one, func(c *copied) {
			if c.key.Stream == "M80" {
				x := c.sample()
				p.Observe(x, &x.Links[0])
			}
		})
		if !p.Contact().IsZero() {
			t.Fatalf("answer %d proves contact at %s, of a mirror that never hears anything", n, p.Contact())
		}
	}
}

// A stream that moved to a server which then died is not gone, though every server that answers says that it has none.
func TestAStreamThatMovedToADeadServerIsNotGone(t *testing.T) {
	t.Parallel()
	c, as := threeAccountCluster(t, pipelinetest.ClusterOptions{})
	js := as("a")
	// place creates ONE on a server that is neither the one we are connected to nor the one named.
	place := func(not string) (at *pipelinetest.Server) {
		for {
			pipelinetest.Eventually(t, 10*time.Second, "ONE is created", func() bool { // the files of the one before may still be there
				_, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "ONE", Subjects: []string{"one"}})
				return err == nil
			})
			pipelinetest.Eventually(t, 10*time.Second, "ONE has a leader", func() bool { at = c.LeaderOf(t, js, "ONE"); return at != nil })
			if at.Name() != not && at.Name() != c.Servers[0].Name() {
				return at
			}
			pipelinetest.DeleteStream(t, js, "ONE")
		}
	}
	first := place("")
	s, _ := openSystem(t, c.Servers[0].URL(), Config{})
	pipelinetest.Eventually(t, 20*time.Second, "ONE is told of", func() bool { return len(leaders(round(t, s))) == 1 })
	pipelinetest.DeleteStream(t, js, "ONE")
	place(first.Name()).Stop()
	for range 3 {
		err := s.Look(t.Context(), []pipeline.StreamKey{{Connection: "sys", Account: "A", Stream: "ONE"}}, func(x *pipeline.Sample) {
			if x.Fault.Kind == pipeline.FaultNotFound || x.Fault.Kind == pipeline.FaultNone {
				t.Errorf("ONE: %q %s", x.Fault.Kind, x.Fault.Text)
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// A user that may not ask for the rest of a long answer sees the first part, and no server counts as silent for it.
func TestAPageThatIsRefusedSilencesNobody(t *testing.T) {
	t.Parallel()
	var conf strings.Builder
	conf.WriteString("accounts {\n")
	for i := range 300 {
		fmt.Fprintf(&conf, "A%03d { jetstream: enabled, users: [{user: a%03d, password: a}] }\n", i, i)
	}
	conf.WriteString(`SYS { users: [{user: m, password: m, permissions: { publish: ["$SYS.REQ.SERVER.PING.JSZ"], subscribe: ["_INBOX.>"] } }] }` + "\n}\nsystem_account: SYS\n")
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", Config: conf.String()})
	s, log := openSystem(t, srv.URL(), Config{User: "m", Password: pipeline.NewSecret("m")})
	for range 3 {
		if err := s.Look(t.Context(), nil, func(*pipeline.Sample) {}); err != nil {
			t.Error(err)
		}
	}
	if text := log.text.String(); strings.Contains(text, "does not answer") || strings.Count(text, "$SYS.REQ.SERVER.*.JSZ") != 1 {
		t.Errorf("log:\n%s", text)
	}
}
