package pipelinetest_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline/pipelinetest"
)

func TestStreamsAreChangedAsAnOperatorWould(t *testing.T) {
	t.Parallel()
	js := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one"}).JetStream(t)
	pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
	pipelinetest.CreateMirror(t, js, "M", "ORDERS", "", nil)
	pipelinetest.Publish(t, js, "orders.new", 5)
	pipelinetest.Eventually(t, 10*time.Second, "the mirror copies", func() bool { return pipelinetest.Copied(t, js, "M", 5) })

	pipelinetest.UpdateStream(t, js, "ORDERS", func(c *jetstream.StreamConfig) { c.MaxMsgs = 100 })
	pipelinetest.PurgeStream(t, js, "ORDERS", jetstream.WithPurgeKeep(2))
	if info := pipelinetest.StreamInfo(t, js, "ORDERS"); info.State.Msgs != 2 || info.Config.MaxMsgs != 100 {
		t.Errorf("purged: %d messages of %d", info.State.Msgs, info.Config.MaxMsgs)
	}
	pipelinetest.RecreateStream(t, js, "ORDERS")
	if info := pipelinetest.StreamInfo(t, js, "ORDERS"); info.State.LastSeq != 0 || info.Config.MaxMsgs != 100 {
		t.Errorf("created anew: last sequence %d, at most %d messages", info.State.LastSeq, info.Config.MaxMsgs)
	}
	pipelinetest.SealStream(t, js, "ORDERS")
	if _, err := js.Publish(t.Context(), "orders.new", nil); err == nil {
		t.Error("a sealed stream takes messages")
	}
	pipelinetest.DeleteStream(t, js, "ORDERS")
	pipelinetest.Promote(t, js, "M", "orders.>")
	pipelinetest.Publish(t, js, "orders.new", 1)
	if info := pipelinetest.StreamInfo(t, js, "M"); info.Mirror != nil || info.State.LastSeq != 6 {
		t.Errorf("promoted: last sequence %d, mirror %v", info.State.LastSeq, info.Mirror)
	}
}

func TestALoadComesAtItsRateUntilItIsStopped(t *testing.T) {
	t.Parallel()
	js := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one"}).JetStream(t)
	pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
	last := func() uint64 { return pipelinetest.StreamInfo(t, js, "ORDERS").State.LastSeq }

	began := time.Now()
	stop := pipelinetest.Load(t, js, "orders.new", 200)
	pipelinetest.Eventually(t, 10*time.Second, "messages come", func() bool { return last() >= 100 })
	stop()
	stop()
	paced := last()
	if most := uint64(time.Since(began).Seconds()*200) + 1; paced > most {
		t.Errorf("%d messages, want at most %d", paced, most)
	}

	stop = pipelinetest.Load(t, js, "orders.new", 0)
	pipelinetest.Eventually(t, 20*time.Second, "very many messages come", func() bool { return last() >= paced+10_000 })
	stop()
	if before := last(); before != last() {
		t.Error("messages come after the end")
	}
}
