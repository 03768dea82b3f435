package jetstream

import (
	"testing"

	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline/pipelinetest"
)

// TestConnectionsSeeTheirOwnAccountOnly opens two connections into two accounts of one server.
func TestConnectionsSeeTheirOwnAccountOnly(t *testing.T) {
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", Config: `accounts {
		EAST { jetstream: enabled, users: [{user: east, password: pe}] }
		WEST { jetstream: enabled, users: [{user: west, password: pw}] }
	}`})
	passwords := map[string]string{"east": "pe", "west": "pw"}
	for i, user := range []string{"east", "west"} {
		streams(t, client(t, srv.NATS(), nats.UserInfo(user, passwords[user])), i+1, 0)
	}
	for i, user := range []string{"east", "west"} {
		s := connected(t, Config{Name: user, URL: URLs(srv.URL()), User: user, PasswordFile: write(t, "pw", passwords[user])})
		all, err := look(t, s)
		if err != nil || len(all) != i+1 {
			t.Errorf("%s sees %v, %v", user, faults(all), err)
		}
		for _, x := range all {
			if x.Key.Connection != user {
				t.Errorf("%s: %v", user, x.Key)
			}
		}
	}
}
