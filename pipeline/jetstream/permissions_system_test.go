package jetstream

import (
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

func asDocumentedSystem(t testing.TB, url string) (*System, *logbook) {
	t.Helper()
	return openSystem(t, url, Config{User: "mirrorwatch", Password: pipeline.NewSecret("change me"), InboxPrefix: "_INBOX_mirrorwatch"})
}

// The configuration's first user is of the account DR, and may do everything there.
func TestDocumentedUserSeesASystem(t *testing.T) {
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", Config: documented(t, "system")})
	js := srv.JetStream(t, admin(0))
	mirrored(t, js, js, nil)
	s, log := asDocumentedSystem(t, srv.URL())
	if m := round(t, s)["DR/M"]; m == nil || m.Fault.Kind != "" || len(m.Links) != 1 {
		t.Fatalf("a round: %+v", m)
	}
	key := pipeline.StreamKey{Connection: "sys", Account: "DR", Stream: "M"}
	var seen *pipeline.Sample
	if err := s.Look(t.Context(), []pipeline.StreamKey{key}, func(x *pipeline.Sample) { seen = x.Clone() }); err != nil || seen.Fault.Kind != "" {
		t.Errorf("a stream: %+v, %v", seen, err)
	}
	if v := s.LookAtOrigin(t.Context(), pipeline.OriginKey{Connection: "sys", Account: "DR", Stream: "S"}, false); v.Fault.Kind != "" || v.State.LastSeq != 2 {
		t.Errorf("its origin: %+v", v)
	}
	if _, err := s.Trunks(t.Context()); err != nil {
		t.Errorf("routes: %v", err)
	}
	pipelinetest.DeleteStream(t, js, "M")
	pipelinetest.Eventually(t, 20*time.Second, "the deletion is confirmed", func() bool {
		_ = s.Look(t.Context(), []pipeline.StreamKey{key}, func(x *pipeline.Sample) { seen = x.Clone() })
		return seen.Fault.Kind == pipeline.FaultNotFound
	})
	if n := log.count("level=WARN") + log.count("may not"); n > 0 {
		t.Errorf("something was said: %s", log.text.String())
	}
}

// What the user may not ask for is said once, however often it is wanted.
func TestWhatASystemsUserMayNotAskIsSaidOnce(t *testing.T) {
	conf := documented(t, "system")
	for _, subject := range []string{"$SYS.REQ.SERVER.PING.LEAFZ", "$SYS.REQ.SERVER.PING.GATEWAYZ", "$SYS.REQ.SERVER.PING.VARZ"} {
		conf = without(t, conf, subject)
	}
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", Config: conf})
	js := srv.JetStream(t, admin(0))
	mirrored(t, js, js, nil)
	s, log := asDocumentedSystem(t, srv.URL())
	round(t, s)
	for range 3 {
		if all, err := s.Trunks(t.Context()); len(all) > 0 || err == nil {
			t.Errorf("routes: %v, %v", all, err)
		}
	}
	for _, what := range []string{"LEAFZ", "GATEWAYZ", "VARZ"} {
		if n := strings.Count(log.text.String(), "PING."+what); n != 1 {
			t.Errorf("%s is told of %d times:\n%s", what, n, log.text.String())
		}
	}
}
