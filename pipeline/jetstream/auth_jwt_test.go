package jetstream

import (
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// TestTakenBackTrustIsToldAndMended lets a user's JWT end in each way there is, and then puts other credentials in place.
func TestTakenBackTrustIsToldAndMended(t *testing.T) {
	for name, test := range map[string]struct {
		ends time.Duration // 0: never
		end  func(t *testing.T, o *operator, srv *server.Server, user string)
		told string
	}{
		"expires": {2 * time.Second, func(*testing.T, *operator, *server.Server, string) {}, "User Authentication Expired"},
		"is revoked": {0, func(t *testing.T, o *operator, srv *server.Server, user string) {
			o.revoke(t, srv, user)
		}, "User Authentication Revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOperator(t)
			srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", Configure: o.configure})
			var ends time.Time
			if test.ends > 0 {
				ends = time.Now().Add(test.ends)
			}
			credentials, user := o.user(t, ends)
			file := write(t, "user.creds", credentials)
			s, log := open(t, Config{URL: URLs(srv.URL()), CredentialsFile: file})
			await(t, s, pipeline.SignalConnected, "n1")
			test.end(t, o, srv.NATS(), user)
			await(t, s, pipeline.SignalDisconnected, test.told)
			await(t, s, pipeline.SignalDisconnected, "Authorization Violation") // the file is as it was

			credentials, _ = o.user(t, time.Time{})
			if err := os.WriteFile(file, []byte(credentials), 0o600); err != nil {
				t.Fatal(err)
			}
			await(t, s, pipeline.SignalConnected, "n1")
			if _, err := look(t, s); err != nil {
				t.Error(err)
			}
			if log.count("level=WARN") != 2 || log.count("level=") != 4 {
				t.Errorf("log:\n%s", log.text.String())
			}
		})
	}
}
