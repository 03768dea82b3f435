package delivery

import (
	"fmt"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// outage is how long a receiver is down, where the agent is held beside Alertmanager.
const outage = 25 * time.Second

// stayDown keeps a receiver down for the rest of the outage; without Alertmanager no longer than it takes to see a second try.
func stayDown(t *testing.T, r *recorder, since time.Time) {
	t.Helper()
	r.await(t, soon, "a second try", func(m *message) bool { return m.At.After(since) })
	if *alertmanager != "" {
		r.lasts(time.Until(since.Add(outage)))
	}
	r.accept()
}

// cameAndWent ends the incident while the receiver refuses everything.
func cameAndWent(t *testing.T) string {
	s, r := startStore(t), record(t, refuse)
	w := watch(t, s.URL(), webhook(r))
	w.proven("MIRROR")
	s.spill()
	first := r.await(t, soon, "a refused page", anyMessage)
	s.fill()
	pipelinetest.Eventually(t, soon, "the incident is over", func() bool { return len(w.open()) == 0 })
	stayDown(t, r, first.At)
	up := time.Now()
	r.await(t, 2*soon, "the late page", firing(pipeline.RuleMessages))
	r.await(t, 2*soon, "its end", resolved(pipeline.RuleMessages))
	w.settled()
	opened, ended := r.those(firing(pipeline.RuleMessages)), r.those(resolved(pipeline.RuleMessages))
	if len(opened) != 1 || len(ended) != 1 || opened[0].Key != first.Key {
		t.Errorf("told was:%s", told(r.all()))
	}
	return fmt.Sprintf("told %s after the receiver is back, its end after %s", about(opened[0].At.Sub(up)), about(ended[0].At.Sub(up)))
}

// managerCameAndWent posts the end 5 s after the page was refused.
func managerCameAndWent(t *testing.T, timing string) string {
	r := record(t, refuse)
	end, _ := fires(t, manage(t, timing, webhookConfig(r)))
	first := r.await(t, soon, "a refused page", anyMessage)
	r.lasts(postEvery)
	end()
	r.lasts(time.Until(first.At.Add(outage)))
	r.accept()
	up := time.Now()
	r.lasts(patience(timing))
	return managerTold(r, up, timing, firing(pipeline.RuleSeen), resolved(pipeline.RuleSeen))
}

// pair is two agents that know nothing of each other. Nothing is promised of them but that each tells once.
func pair(t *testing.T) string {
	l, r := startLeafnode(t), record(t, refuse)
	a, b := watch(t, l.Mirror.URL(), webhook(r)), watch(t, l.Mirror.URL(), webhook(r))
	a.proven("MIRROR")
	b.proven("MIRROR")
	l.Link.Cut()
	first := r.await(t, soon, "a refused page", anyMessage)
	r.await(t, soon, "a refused page of the other", func(m *message) bool { return m.Key != first.Key })
	stayDown(t, r, first.At)
	a.settled()
	b.settled()
	pages := r.those(firing(pipeline.RuleSeen))
	if len(pages) != 2 || pages[0].Key == pages[1].Key || pages[0].Alerts[0].Fingerprint != pages[1].Alerts[0].Fingerprint {
		t.Errorf("pages:%s", told(pages))
	}
	return fmt.Sprintf("%d pages, one of each: two `webhook-id`, one fingerprint", len(pages))
}

// managerPair is a cluster of two, which Prometheus tells both.
func managerPair(t *testing.T, timing string) string {
	r, one, two := record(t, refuse), freeAddress(t), freeAddress(t)
	a := manage(t, timing, webhookConfig(r), "--cluster.listen-address="+one, "--cluster.peer="+two)
	b := manage(t, timing, webhookConfig(r), "--cluster.listen-address="+two, "--cluster.peer="+one)
	a.peers(2)
	b.peers(2)
	fires(t, a, b)
	first := r.await(t, soon, "a refused page", anyMessage)
	r.lasts(time.Until(first.At.Add(outage)))
	r.accept()
	r.lasts(patience(timing))
	return keyless(r.those(firing(pipeline.RuleSeen)))
}
