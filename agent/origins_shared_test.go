package agent

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"
)

func TestConnectionsShareAnswersAboutOneOrigin(t *testing.T) {
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1"})
	pipelinetest.CreateStream(t, srv.JetStream(t), natsjs.StreamConfig{Name: "S", Subjects: []string{"s"}})
	var asked atomic.Int64
	nc := srv.Connect(t)
	if _, err := nc.Subscribe("$JS.API.STREAM.INFO.S", func(*nats.Msg) { asked.Add(1) }); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	url := jetstream.URLs(srv.URL())
	all := askers(
		t,
		jetstream.Config{Name: "a", URL: url, Origins: []string{"main"}},
		jetstream.Config{Name: "b", URL: url, Origins: []string{"main"}},
		jetstream.Config{Name: "main", URL: url},
	)
	var both sync.WaitGroup
	for i, name := range []string{"a", "b"} {
		both.Go(func() {
			key := pipeline.OriginKey{Connection: name, Via: "nobody.listens", Stream: "S"}
			if v := lookAtOrigin(t, all[i], key); v.Key != key || v.Path != "main" || v.Fault.Kind != "" {
				t.Errorf("%+v", v)
			}
		})
	}
	both.Wait()
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	pipelinetest.Eventually(t, 10*time.Second, "the question is counted", func() bool { return asked.Load() > 0 })
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// slowly answers after a second.
type slowly struct{ asked atomic.Int64 }

func (s *slowly) LookAtStream(_ context.Context, name string, _ bool) *pipeline.OriginView {
	n := s.asked.Add(1)
	time.Sleep(time.Second)
	return &pipeline.OriginView{Key: pipeline.OriginKey{Stream: name}, Path: "p", State: pipeline.StreamState{LastSeq: uint64(n)}}
}

func TestAnswersAreSharedForTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &streamSource{asker: &slowly{}}
		seen := func(connection string) uint64 {
			return s.look(t.Context(), pipeline.OriginKey{Connection: connection, Stream: "S"}, false).State.LastSeq
		}
		ended, end := context.WithCancel(t.Context())
		end()
		// Who waits no longer spoils the answer for nobody.
		if v := s.look(ended, pipeline.OriginKey{Stream: "S"}, false); v.Fault.Kind != pipeline.FaultNoAnswer || v.At.IsZero() {
			t.Errorf("%+v", v)
		}
		if n := seen("a"); n != 1 {
			t.Errorf("under way: answer %d", n)
		}
		time.Sleep(999 * time.Millisecond)
		if n := seen("b"); n != 1 {
			t.Errorf("within 2 s: answer %d", n)
		}
		time.Sleep(time.Millisecond)
		if n := seen("a"); n != 2 {
			t.Errorf("after 2 s: answer %d", n)
		}
	})
}
