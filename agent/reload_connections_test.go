package agent

import (
	"fmt"
	"strings"
	"testing"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// Connections come and go; the one that stays is not disturbed.
func TestReloadAddsAndRemovesConnections(t *testing.T) {
	t.Parallel()
	s, _ := few(t)
	p := startPager(t)
	other := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "other"})
	js := other.JetStream(t)
	pipelinetest.CreateStream(t, js, streamOf("ORDERS"))
	pipelinetest.CreateMirror(t, js, "SECOND", "ORDERS", "", limits("60"))
	text := watching(t, s, p)
	a := runFile(t, text)
	opened := p.awaitChange(t, soon, pipeline.Opened, "messages", "MIRROR")
	watchedSince := strings.Count(a.log.String(), "msg=watching connection=live")

	both := strings.Replace(text, "connections: [", fmt.Sprintf("connections: [{name: second, url: %q}, ", other.URL()), 1)
	a.mount(t, map[string]string{"config.yaml": both})
	a.says(t, 1, "connection second added")
	awaitProof(t, a.api, "SECOND")
	if n := strings.Count(a.log.String(), "msg=watching connection=live"); n != watchedSince {
		t.Error("the ring of the connection that stayed was replaced")
	}

	a.mount(t, map[string]string{"config.yaml": strings.Replace(both, fmt.Sprintf(", {name: live, url: %q}", s.URL()), "", 1)})
	closed := p.awaitChange(t, soon, pipeline.Closed, "messages", "MIRROR")
	sameIncident(t, opened, closed)
	if closed.Labels["closed"] != pipeline.ReasonNotConfigured {
		t.Errorf("got %s: %v", closed, closed.Labels)
	}
	var ready struct {
		Connections []pipeline.ConnectionStatus `json:"connections"`
	}
	get(t, a.api+"/readyz", &ready)
	if len(ready.Connections) != 1 || ready.Connections[0].Name != "second" || len(links(t, a.api, "MIRROR")) > 0 {
		t.Errorf("what is told of the connection that is gone: %+v", ready)
	}
	p.only(t, anyPage, pipeline.Opened, pipeline.Closed)
}

// What cannot change while the agent runs is refused as a whole, and once.
func TestReloadRefusesAnotherDataDir(t *testing.T) {
	t.Parallel()
	s, p := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one"}), startPager(t)
	text := watching(t, s, p)
	a := runFile(t, text)
	a.mount(t, map[string]string{"config.yaml": strings.NewReplacer("/data\"", "/elsewhere\"", "interval: 1s", "interval: 2s").Replace(text)})
	refused := p.awaitChange(t, soon, pipeline.Opened, pipeline.RuleConfig, "")
	if detail := refused.Annotations["detail"]; !strings.Contains(detail, "data_dir: cannot change") {
		t.Errorf("got %s", refused)
	}
	a.hangup()
	a.says(t, 2, "configuration refused")
	a.mount(t, map[string]string{"config.yaml": text})
	sameIncident(t, refused, p.awaitChange(t, soon, pipeline.Resolved, pipeline.RuleConfig, ""))
	p.only(t, anyPage, pipeline.Opened, pipeline.Resolved)
}
