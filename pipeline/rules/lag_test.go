package rules_test

import (
	"testing"

	"mirrorwatch/pipeline"
)

// A mirror that was level with its origin and then lost what it held is not level any more.
func TestAPositionThatFallsTakesBackThatNothingWasMissing(t *testing.T) {
	f := newFeed()
	f.stream.Policy.LagCritical = pipeline.Some(uint64(100))
	f.look(1, 1, lag(150))
	f.look(2, 0, led(""), func(_ *pipeline.Sample, l *pipeline.LinkSample) { l.Reported = false })
	f.origin(3, 1)
	f.looks(4, 19, 0)
	stalled := []string{"lag opened: " + pipeline.ReasonLag, "not-copying opened: " + pipeline.ReasonStalled}
	f.wants(t, "the message is lost", stalled...)
	f.look(20, 1)
	f.wants(t, "and copied again", append(stalled, "not-copying resolved: "+pipeline.ReasonStalled, "lag resolved: "+pipeline.ReasonLag)...)
}
