package jetstream

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// originsAsked asks about the origins S0, S1 and so on under main.api. It tells how many questions went to the server, and which kinds of
// fault the answers were.
func originsAsked(t *testing.T, s *Source, n int) (questions uint64, kinds map[pipeline.FaultKind]int) {
	t.Helper()
	nc, err := s.conn.client()
	if err != nil {
		t.Fatal(err)
	}
	before := nc.Stats().OutMsgs
	kinds = map[pipeline.FaultKind]int{}
	for i := range n {
		v := s.LookAtOrigin(t.Context(), pipeline.OriginKey{Via: "main.api", Stream: fmt.Sprint("S", i)}, false)
		kinds[v.Fault.Kind]++
	}
	return nc.Stats().OutMsgs - before, kinds
}

// due lets the next question about an origin under main.api through, as time does.
func due(s *Source) {
	s.denials.mu.Lock()
	defer s.denials.mu.Unlock()
	s.denials.by["main.api"].next = time.Now()
}

func TestPermissionsThatAreGivenWhileConnectedAreFound(t *testing.T) {
	const origins, last = 40, 39
	whole := documented(t, "cross-account")
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", Config: without(t, whole, "main.api.STREAM.INFO.>")})
	pipelinetest.CreateStream(t, srv.JetStream(t, admin(0)), jetstream.StreamConfig{Name: fmt.Sprint("S", last)})
	s, log := asDocumented(t, srv.URL())
	for n, want := range []uint64{deniedAll, 0} {
		if questions, kinds := originsAsked(t, s, origins); questions != want || kinds[pipeline.FaultDenied] != origins {
			t.Fatalf("sweep %d: %d questions, want %d; %v", n, questions, want, kinds)
		}
	}
	due(s)
	if questions, _ := originsAsked(t, s, origins); questions != 1 {
		t.Fatalf("%d questions when one was due", questions)
	}
	err := srv.Reload(func(o *pipelinetest.ServerOptions) {
		lists := `"main.api.STREAM.INFO.>"]`
		o.Config = strings.Replace(whole, lists, fmt.Sprintf(`"main.api.STREAM.INFO.S%d"]`, last), 1)
	})
	if err != nil {
		t.Fatal(err)
	}
	due(s)
	if v := s.LookAtOrigin(t.Context(), pipeline.OriginKey{Via: "main.api", Stream: fmt.Sprint("S", last)}, false); v.Fault != (pipeline.Fault{}) {
		t.Fatalf("%+v", v.Fault)
	}
	const left = origins - deniedAll - 1 // that were taken for denied
	if questions, kinds := originsAsked(t, s, origins); questions != left || kinds[pipeline.FaultNone] != 1 {
		t.Errorf("%d questions once one was allowed, want %d; %v", questions, left, kinds)
	}
	if n := log.count("msg=connected"); n != 1 {
		t.Errorf("connected %d times", n)
	}
}
