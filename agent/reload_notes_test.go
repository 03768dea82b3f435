package agent

import (
	"strings"
	"testing"

	"mirrorwatch/pipeline/pipelinetest"
)

// A section that is emptied changes nothing that is in force, and is worth a word all the same, which is said once.
func TestNewNotesOfAReloadAreTold(t *testing.T) {
	t.Parallel()
	s, p := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one"}), startPager(t)
	text := watching(t, s, p)
	a := runFile(t, text+"heartbeat:\n")

	const emptied = "rules.lag: is empty: it counts as left out"
	a.mount(t, map[string]string{"config.yaml": "# a line more\n" + text + "heartbeat:\nrules: {lag: }\n"})
	a.says(t, 1, emptied)
	a.hangup()
	a.says(t, 1, "configuration is unchanged")
	a.mount(t, map[string]string{"config.yaml": text})
	a.hangup()
	a.says(t, 2, "configuration is unchanged")
	a.mount(t, map[string]string{"config.yaml": text + "rules: {lag: }\n"})
	a.says(t, 2, emptied)
	if log := a.log.String(); strings.Contains(log, "heartbeat: is empty") || strings.Contains(log, "configuration reloaded") {
		t.Error("a note of the start is told again, or a change that is none")
	}
}
