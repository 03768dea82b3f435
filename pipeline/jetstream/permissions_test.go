package jetstream

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// documented returns a configuration of docs/permissions.md, with a user more in each account: admin0, admin1, ..., password pw.
func documented(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/permissions.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?ms)^```conf " + name + "\n(.*?)^```$").FindSubmatch(text)
	if block == nil {
		t.Fatalf("docs/permissions.md has no configuration %q", name)
	}
	var conf strings.Builder
	for i, part := range strings.Split(string(block[1]), "users: [") {
		if i > 0 {
			fmt.Fprintf(&conf, "users: [\n{user: admin%d, password: pw}", i-1)
		}
		conf.WriteString(part)
	}
	return conf.String()
}

// without takes one subject from the permissions of a configuration. An empty list would allow everything.
func without(t testing.TB, conf, subject string) string {
	t.Helper()
	lists := regexp.MustCompile(`(?m)^ *(publish|subscribe): \[.*$`)
	changed := lists.ReplaceAllStringFunc(conf, func(list string) string {
		return strings.Replace(list, `"`+subject+`"`, `"nothing"`, 1)
	})
	if changed == conf {
		t.Fatalf("%s is in no permission", subject)
	}
	return changed
}

func admin(i int) nats.Option { return nats.UserInfo(fmt.Sprint("admin", i), "pw") }

// asDocumented opens a source as the user of docs/permissions.md.
func asDocumented(t testing.TB, url string) (*Source, *logbook) {
	t.Helper()
	s, log := open(t, Config{
		URL: URLs(url), User: "mirrorwatch", Password: pipeline.NewSecret("change me"), InboxPrefix: "_INBOX_mirrorwatch",
	})
	await(t, s, pipeline.SignalConnected, "")
	return s, log
}

// mirrored is the mirror M of the stream S that a copy was made of.
func mirrored(t testing.TB, origin, mirror jetstream.JetStream, external *jetstream.ExternalStream) pipeline.OriginKey {
	t.Helper()
	pipelinetest.CreateStream(t, origin, jetstream.StreamConfig{Name: "S", Subjects: []string{"s.>"}})
	pipelinetest.Publish(t, origin, "s.1", 2)
	pipelinetest.CreateStream(t, mirror, jetstream.StreamConfig{
		Name: "M", Mirror: &jetstream.StreamSource{Name: "S", External: external},
	})
	pipelinetest.Eventually(t, 20*time.Second, "the mirror copies", func() bool { return pipelinetest.Copied(t, mirror, "M", 2) })
	key := pipeline.OriginKey{Connection: "dr", Stream: "S"}
	if external != nil {
		key.Via = external.APIPrefix
	}
	return key
}

// works shows that everything of account scope does: rounds, single looks, the origin and advisories, with nothing to say.
func works(t *testing.T, s *Source, log *logbook, mirror jetstream.JetStream, key pipeline.OriginKey) {
	t.Helper()
	round, err := look(t, s)
	i := slices.IndexFunc(round, func(x *pipeline.Sample) bool { return x.Key.Stream == "M" })
	if err != nil || i < 0 || round[i].Fault.Kind != "" {
		t.Fatalf("a round: %v, %v", faults(round), err)
	}
	all, err := look(t, s, "M")
	if err != nil || all[0].Fault.Kind != "" || len(all[0].Links) != 1 || all[0].Links[0].Subject(all[0].Key).OriginKey().Via != key.Via {
		t.Errorf("a stream: %+v, %v", all[0], err)
	}
	if v := s.LookAtOrigin(t.Context(), key, false); v.Fault.Kind != "" || v.State.LastSeq != 2 || v.Replicates {
		t.Errorf("its origin: %+v", v)
	}
	changed := pipelinetest.StreamInfo(t, mirror, "M").Config
	changed.Description = "changed"
	if _, err := mirror.UpdateStream(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	if got := advised(t, s); got.Key != round[i].Key || got.Advisory.Kind != pipeline.AdvisoryUpdated {
		t.Errorf("an advisory: %+v", got)
	}
	if n := log.count("level=WARN") + log.count("may not"); n > 0 {
		t.Errorf("something was said: %s", log.text.String())
	}
}

func TestDocumentedUserSeesAnAccount(t *testing.T) {
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", Config: documented(t, "account")})
	js := srv.JetStream(t, admin(0))
	key := mirrored(t, js, js, nil)
	s, log := asDocumented(t, srv.URL())
	works(t, s, log, js, key)
}

func TestDocumentedUserSeesOriginsOfAnotherAccount(t *testing.T) {
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", Config: documented(t, "cross-account")})
	origin, mirror := srv.JetStream(t, admin(0)), srv.JetStream(t, admin(1))
	key := mirrored(t, origin, mirror, &jetstream.ExternalStream{APIPrefix: "main.api", DeliverPrefix: "main.deliver"})
	s, log := asDocumented(t, srv.URL())
	works(t, s, log, mirror, key)
}

func TestOriginsOfAnotherAccountNeedTheDocumentedImport(t *testing.T) {
	conf := regexp.MustCompile(`(?m)^.*main.api.STREAM.INFO.>"}.*$`).ReplaceAllString(documented(t, "cross-account"), "")
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", Config: conf})
	external := &jetstream.ExternalStream{APIPrefix: "main.api", DeliverPrefix: "main.deliver"}
	key := mirrored(t, srv.JetStream(t, admin(0)), srv.JetStream(t, admin(1)), external)
	s, _ := asDocumented(t, srv.URL())
	if v := s.LookAtOrigin(t.Context(), key, false); v.Fault.Kind != pipeline.FaultNoResponders {
		t.Errorf("%+v", v.Fault)
	}
}

func TestDocumentedUserSeesOriginsBehindALeafnode(t *testing.T) {
	l := pipelinetest.StartLeafnodeWith(t, pipelinetest.LeafnodeOptions{
		Mirror: pipelinetest.ServerOptions{Config: documented(t, "leafnode")},
	})
	origin, mirror := l.Origin.JetStream(t), l.Mirror.JetStream(t, admin(0))
	key := mirrored(t, origin, mirror, l.Source("S").External)
	s, log := asDocumented(t, l.Mirror.URL())
	works(t, s, log, mirror, key)
	// The hub's advisories come over the leafnode; they are about other streams.
	pipelinetest.DeleteStream(t, origin, "S")
	pipelinetest.CreateStream(t, mirror, jetstream.StreamConfig{Name: "NEXT", Storage: jetstream.MemoryStorage})
	if got := advised(t, s); got.Key.Stream != "NEXT" {
		t.Errorf("%+v", got)
	}
}

func TestEachDocumentedPermissionIsNeeded(t *testing.T) {
	whole := documented(t, "cross-account")
	for subject, shows := range map[string]func(t *testing.T, s *Source, log *logbook){
		"$JS.API.STREAM.INFO.>": func(t *testing.T, s *Source, _ *logbook) {
			if all, err := look(t, s); err != nil || len(all) != 1 {
				t.Errorf("a round: %v, %v", all, err)
			}
			if all, _ := look(t, s, "M"); all[0].Fault.Kind != pipeline.FaultDenied {
				t.Errorf("a stream: %+v", all[0].Fault)
			}
		},
		"$JS.API.STREAM.LIST": func(t *testing.T, s *Source, _ *logbook) {
			if _, err := look(t, s); err == nil || !strings.Contains(err.Error(), "permission denied") {
				t.Errorf("a round: %v", err)
			}
		},
		"$JS.API.INFO": func(t *testing.T, s *Source, _ *logbook) {
			if all, err := look(t, s); err != nil || len(all) != 1 || all[0].Key.Domain != "" {
				t.Errorf("a round: %v, %v", all, err)
			}
		},
		"main.api.STREAM.INFO.>": func(t *testing.T, s *Source, log *logbook) {
			for range 3 {
				v := s.LookAtOrigin(t.Context(), pipeline.OriginKey{Via: "main.api", Stream: "S"}, false)
				if v.Fault.Kind != pipeline.FaultDenied || !strings.Contains(v.Fault.Text, `"main.api.STREAM.INFO.S"`) {
					t.Errorf("its origin: %+v", v.Fault)
				}
			}
			if log.count("may not ask about origins") != 1 || log.count("level=WARN") != 0 {
				t.Errorf("said: %s", log.text.String())
			}
			if all, err := look(t, s, "M"); err != nil || all[0].Fault.Kind != "" {
				t.Errorf("a stream: %+v, %v", all, err)
			}
		},
		"_INBOX_mirrorwatch.>": func(t *testing.T, s *Source, _ *logbook) {
			if all, _ := look(t, s, "M"); all[0].Fault.Kind != pipeline.FaultDenied {
				t.Errorf("a stream: %+v", all[0].Fault)
			}
		},
		"$JS.EVENT.ADVISORY.STREAM.>": func(t *testing.T, s *Source, log *logbook) {
			if all, err := look(t, s); err != nil || len(all) != 1 {
				t.Errorf("a round: %v, %v", all, err)
			}
			pipelinetest.Eventually(t, 10*time.Second, "it is said", func() bool { return log.count("may not receive advisories") > 0 })
			if all, err := look(t, s, "M"); err != nil || all[0].Fault.Kind != "" {
				t.Errorf("a stream: %+v, %v", all, err)
			}
			if log.count("may not receive advisories") != 1 || log.count("level=WARN") != 0 {
				t.Errorf("said: %s", log.text.String())
			}
		},
	} {
		t.Run(subject, func(t *testing.T) {
			srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", Config: without(t, whole, subject)})
			mirror := srv.JetStream(t, admin(1))
			external := &jetstream.ExternalStream{APIPrefix: "main.api", DeliverPrefix: "main.deliver"}
			mirrored(t, srv.JetStream(t, admin(0)), mirror, external)
			s, log := asDocumented(t, srv.URL())
			shows(t, s, log)
		})
	}
}
