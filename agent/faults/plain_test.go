package faults

import (
	"flag"
	"os/exec"
	"strings"

	"mirrorwatch/pipeline/pipelinetest"
)

var natsCLI = flag.String("nats", "", "path of the nats CLI: what its plain check says of silent deaths is told too")

// plain asks the nats CLI about the mirror while an incident is open on it, and wants it to find nothing wrong: where it
// does, the fault is not the silent one that it is to be.
func (s *scene) plain(server *pipelinetest.Server, user string) {
	s.t.Helper()
	if *natsCLI == "" {
		return
	}
	args := []string{"--server", server.URL()}
	if user != "" {
		args = append(args, "--user", user, "--password", user)
	}
	args = append(args, "server", "check", "stream", "--stream", "MIRROR", "--lag-critical", "1000000", "--seen-critical", "15s")
	out, err := exec.CommandContext(s.t.Context(), *natsCLI, args...).CombinedOutput()
	said := strings.TrimSpace(string(out))
	s.t.Logf("nats %s: %s (%v)", strings.Join(args, " "), said, err)
	s.result.plain = "nats server check stream: exit 0"
	if err != nil {
		s.t.Errorf("the plain check found it too: %v", err)
		s.result.plain = "nats server check stream: " + err.Error()
	}
}
