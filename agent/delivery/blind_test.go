package delivery

import (
	"fmt"
	"slices"
	"testing"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// blind cuts the agent off from NATS while an incident is open, for a while.
func blind(t *testing.T) string {
	l, r := startLeafnode(t), record(t, nil)
	pipelinetest.CreateStream(t, l.js, natsjs.StreamConfig{Name: "BESIDE", Subjects: []string{"beside"}})
	pipelinetest.CreateMirror(t, l.js, "NEAR", "BESIDE", "", limit("5"))
	way := pipelinetest.StartLinks(t, l.Mirror.Addr())[0]
	w := watch(t, "nats://"+way.Addr(), webhook(r))
	w.proven("MIRROR")
	w.proven("NEAR")
	l.Link.Cut()
	r.await(t, soon, "the page", firing(pipeline.RuleSeen))
	way.Cut()
	cut := time.Now()
	unobserved := r.await(t, soon, "that nothing is seen", firing(pipeline.RuleUnobserved))
	if *alertmanager != "" {
		r.lasts(90 * time.Second)
	}
	if ended := r.those(func(m *message) bool {
		return m.tells(pipeline.RuleSeen, "resolved") || m.tells(pipeline.RuleUnobserved, "resolved")
	}); len(ended) > 0 {
		t.Errorf("told while nothing was seen:%s", told(ended))
	}
	way.Restore() // the mirror's link is still cut
	r.await(t, 2*soon, "that something is seen again", resolved(pipeline.RuleUnobserved))
	if open := w.open(); !slices.Contains(open, pipeline.RuleSeen) || len(r.those(resolved(pipeline.RuleSeen))) > 0 {
		t.Errorf("open: %v", open)
	}
	return fmt.Sprintf("`unobserved` told after %s; what was open stays open", about(unobserved.At.Sub(cut)))
}

// managerBlind ends the posts, as a rule does whose query fails or whose evaluator died.
func managerBlind(t *testing.T, timing string) string {
	r := record(t, nil)
	_, stop := fires(t, manage(t, timing, webhookConfig(r)))
	r.await(t, soon, "the page", firing(pipeline.RuleSeen))
	stop()
	stopped := time.Now()
	ended := r.awaitOr(patience(timing), resolved(pipeline.RuleSeen))
	if ended == nil {
		return "nothing told in " + about(patience(timing))
	}
	return "**resolved** told after " + about(ended.At.Sub(stopped))
}
