package faults

import (
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// harmless returns what must lead to nothing.
func harmless() []fault {
	const limit, watched = 10 * time.Second, 40 * time.Second
	calm := func(name string, shape func(*natsjs.StreamConfig), act func(s *scene, l *leaf)) fault {
		return fault{name: name, topology: leafnode, limit: limit, run: func(s *scene) {
			var shapes []func(*natsjs.StreamConfig)
			if shape != nil {
				shapes = append(shapes, shape)
			}
			l := leafOf(s, shapes...)
			s.inject(func() { act(s, l) })
			s.quiet(watched)
		}}
	}
	return []fault{
		calm("harmless: idle", nil, func(*scene, *leaf) {}),
		calm("harmless: 500 messages a second", nil, func(s *scene, l *leaf) { pipelinetest.Load(s.t, l.origin, "orders.new", 500) }),
		calm("harmless: origin purged", nil, func(s *scene, l *leaf) {
			pipelinetest.PurgeStream(s.t, l.origin, "ORDERS")
			pipelinetest.Publish(s.t, l.origin, "orders.new", 3)
		}),
		calm("harmless: origin purged to a later sequence", nil, func(s *scene, l *leaf) {
			pipelinetest.PurgeStream(s.t, l.origin, "ORDERS", natsjs.WithPurgeSequence(500))
		}),
		calm("harmless: a filter that matches nothing", func(c *natsjs.StreamConfig) { c.Mirror.FilterSubject = "nothing.>" }, func(s *scene, l *leaf) {
			pipelinetest.Load(s.t, l.origin, "orders.new", 20)
		}),
		calm("harmless: a start sequence far ahead", func(c *natsjs.StreamConfig) { c.Mirror.OptStartSeq = 10_000 }, func(s *scene, l *leaf) {
			pipelinetest.Load(s.t, l.origin, "orders.new", 20)
		}),
		calm("harmless: mirror at its limit, discard old", func(c *natsjs.StreamConfig) { c.MaxMsgs = 10 }, func(s *scene, l *leaf) {
			pipelinetest.Load(s.t, l.origin, "orders.new", 20)
		}),
		calm("harmless: the newest messages deleted at the origin", nil, func(s *scene, l *leaf) {
			l.Link.Delay(200 * time.Millisecond)
			pipelinetest.Publish(s.t, l.origin, "orders.new", 5)
			pipelinetest.DeleteMessages(s.t, l.origin, "ORDERS", 23, 24, 25)
		}),
		calm("harmless: the newest messages deleted before they were sent", nil, deletedUnsent),
		{name: "harmless: backlog of 200,000 messages", topology: leafnode, limit: limit, slow: true, run: backlog},
		{name: "harmless: promotion closes, and is no recovery", topology: leafnode, limit: limit, run: promotion},
	}
}

// deletedUnsent deletes messages that the origin has not sent yet.
func deletedUnsent(s *scene, l *leaf) {
	s.awaitOrigin(s.api, "MIRROR")
	pipelinetest.HoldCopies(s.t, l.Origin, l.origin, "ORDERS", 2*time.Second)
	pipelinetest.Publish(s.t, l.origin, "orders.new", 5)
	pipelinetest.DeleteMessages(s.t, l.origin, "ORDERS", 21, 22, 23, 24, 25)
}

func backlog(s *scene) {
	l := leafServers(s)
	stop := pipelinetest.Load(s.t, l.origin, "orders.new", 0)
	pipelinetest.Eventually(s.t, 2*time.Minute, "a backlog", func() bool {
		return pipelinetest.StreamInfo(s.t, l.origin, "ORDERS").State.Msgs > 200_000
	})
	stop()
	l.Link.Delay(5 * time.Millisecond)
	pipelinetest.CreateStream(s.t, l.mirror, mirrorOf(s, l.Source("ORDERS")))
	s.inject(func() { s.watch([]string{"MIRROR"}, least(l.Mirror)) })
	s.quiet(60 * time.Second)
}

func promotion(s *scene) {
	l := leafOf(s)
	s.inject(func() { pipelinetest.Promote(s.t, l.mirror, "MIRROR", "mirror.>") })
	c := s.ledger.await(s.t, patience, "close of the promoted mirror", func(c *pipeline.Change) bool {
		return c.Kind == pipeline.Closed && c.Incident.Reason == pipeline.ReasonPromoted
	})
	s.wanted = append(s.wanted, c.Incident.ID)
	s.quiet(20 * time.Second)
}
