package outbox_test

import (
	"errors"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

func TestCriticalOpeningGoesBeforeOthers(t *testing.T) {
	warning := func(c pipeline.Change) pipeline.Change {
		c.Incident.Level = pipeline.Warning
		return c
	}
	withDesk(t, func(t *testing.T, d *desk, _ *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
		sink.Fail(pipeline.RetryAfter(errors.New("429"), time.Minute))
		d.submit(warning(opened("tried")))
		pass(time.Second)
		sink.Fail(nil)
		d.submit(warning(opened("slight")), step("reminded", pipeline.Reminded, 2), warning(opened("worse")))
		pass(time.Second)
		d.submit(opened("page"))
		pass(time.Second)
		d.submit(step("worse", pipeline.Escalated, 2), step("page", pipeline.Updated, 2))
		pass(2 * time.Minute)
		equal(t, "told", told(sink), "opened mw-worse/1 + escalated mw-worse/2", "opened mw-page/1 + updated mw-page/2",
			"opened mw-tried/1", "opened mw-slight/1", "reminded mw-reminded/2")
	})
}
