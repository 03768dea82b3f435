package faults

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"
)

// leafPermissions returns the server's configuration that docs/permissions.md gives for mirrors behind a leafnode, with a user
// besides as whom the scene's own clients connect.
func leafPermissions(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/permissions.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```conf leafnode\n(.*?)```").FindSubmatch(text)
	if found == nil {
		t.Fatal("docs/permissions.md has no configuration for a leafnode")
	}
	return strings.Replace(string(found[1]), "users: [", "users: [\n{user: anyone}", 1) + "\nno_auth_user: anyone\n"
}

// least is the way into a server as the least privileged user of docs/permissions.md.
func least(server *pipelinetest.Server) jetstream.Config {
	c := connection(server)
	c.User, c.Password, c.InboxPrefix = "mirrorwatch", pipeline.NewSecret("change me"), "_INBOX_mirrorwatch"
	return c
}
