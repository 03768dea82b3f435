package agent

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/proto"

	"mirrorwatch/exporters/otlptest"
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
	"mirrorwatch/pipeline/outbox"
	"mirrorwatch/pipeline/pipelinetest"
)

// A Collector goes away for as long as some attempts fail, and comes back: every change arrives, of silenced incidents too, and
// what arrives twice is the same record.
func TestEventsOutliveTheirCollector(t *testing.T) {
	for _, protocol := range []string{"grpc", "http/protobuf"} {
		t.Run(protocol[:4], func(t *testing.T) {
			c := otlptest.Start(t, protocol != "grpc")
			config, _ := load(t, oneConnection+fmt.Sprintf("exporters: {otlplog: [{name: events, endpoint: %q, protocol: %s}]}\n", c.Endpoint, protocol))
			d := startDispatch(t, config)
			err := d.AddSilence(t.Context(), pipeline.Silence{
				ID: "all", Match: pipeline.Match{{Label: "rule", Patterns: []string{"*"}}}, Starts: time.Now(), Ends: time.Now().Add(time.Hour),
				By: "test", Reason: "test",
			})
			if err != nil {
				t.Fatal(err)
			}
			var submitted []pipeline.Change
			submit := func(changes []pipeline.Change) {
				submitted = append(submitted, changes...)
				d.Submit(pipeline.Kept{Changes: changes})
			}
			submit(eventsOf(30, pipeline.Opened))
			awaitRecords(t, c, submitted)
			c.Stop()
			submit(eventsOf(30, pipeline.Updated))
			pipelinetest.Eventually(t, soon, "an attempt fails", func() bool { return d.outbox.Stats()[0].Retried > 0 })
			submit(eventsOf(30, pipeline.Resolved))
			c.Listen(t)
			d.Reconfigure(config.dispatch(d.receivers, nil), config.agentRules()) // as SIGHUP does: the pause ends
			awaitRecords(t, c, submitted)
			if s := d.outbox.Stats()[0]; s.GivenUp > 0 || s.Refused > 0 {
				t.Errorf("stats are %+v", s)
			}
		})
	}
}

// eventsOf returns a change of each of n incidents, the first, second or third of their lives.
func eventsOf(n int, kind pipeline.ChangeKind) []pipeline.Change {
	number := map[pipeline.ChangeKind]int{pipeline.Opened: 1, pipeline.Updated: 2, pipeline.Resolved: 3}[kind]
	all := make([]pipeline.Change, n)
	for k := range all {
		c := testChange(noon(), pipeline.Critical)
		c.Kind, c.At = kind, noon().Add(time.Duration(number)*time.Minute)
		c.Incident.ID, c.Incident.Changes = fmt.Sprintf("mw-%d", k), number
		if kind.Ends() {
			c.Incident.Ended = c.At
		}
		all[k] = c
	}
	return all
}

// awaitRecords waits until all changes have arrived, and holds records of one name against each other.
func awaitRecords(t *testing.T, c *otlptest.Collector, changes []pipeline.Change) {
	t.Helper()
	byName := map[string]*logspb.LogRecord{}
	pipelinetest.Eventually(t, 3*soon, fmt.Sprintf("%d changes arrive", len(changes)), func() bool {
		for _, r := range c.Records() {
			name := r.GetAttributes()[0].GetValue().GetStringValue()
			if one := byName[name]; one != nil && !proto.Equal(one, r) {
				t.Fatalf("two records of the name %s: %v and %v", name, one, r)
			}
			byName[name] = r
		}
		return len(byName) == len(changes)
	})
	for _, change := range changes {
		r := byName[change.Key()]
		if r.GetEventName() != "mirrorwatch.incident."+string(change.Kind) || r.GetTimeUnixNano() != uint64(change.At.UnixNano()) {
			t.Errorf("%s arrived as %v", change.Key(), r)
		}
	}
}

// dispatcher is an agent's way from changes to receivers, without a ring.
type dispatcher struct {
	*outbox.Committer
	outbox    *outbox.Outbox
	receivers []pipeline.Receiver
}

func startDispatch(t *testing.T, config *Config) *dispatcher {
	t.Helper()
	receivers, err := config.Exporters.Receivers(pipeline.Pages{})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := journal.Open(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	state, err := kept.Load()
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	d := &dispatcher{outbox: outbox.New(config.dispatch(receivers, nil), state, log), receivers: receivers}
	d.Committer = outbox.NewCommitter(outbox.CommitterOptions{
		Journal: kept, Outbox: d.outbox, Board: pipeline.NewBoard(time.Now()), State: state, Log: log, Rules: config.agentRules(),
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestEventLogNeedsNoRoute(t *testing.T) {
	const logs = "  otlplog: [{name: events, endpoint: \"http://127.0.0.1:4317\"}, {name: critical, endpoint: \"http://127.0.0.1:4317\"}]\n"
	cfg, notes := load(t, twoWebhooks+logs)
	if diff := cmp.Diff([]string{"ops", "desk"}, []string(cfg.routes()[0].Receivers)); diff != "" || len(notes) > 0 {
		t.Errorf("receivers (-want +got):\n%s\nnotes: %v", diff, notes)
	}
	d := cfg.dispatch([]pipeline.Receiver{{Name: "events"}, {Name: "critical"}, {Name: "ops"}, {Name: "desk"}}, []pipeline.Receiver{{Name: "given"}})
	names := func(all []pipeline.Receiver) (names []string) {
		for _, r := range all {
			names = append(names, r.Name)
		}
		return names
	}
	if !cmp.Equal(names(d.Receivers), []string{"ops", "desk"}) || !cmp.Equal(names(d.Direct), []string{"given", "events", "critical"}) {
		t.Errorf("routed: %v, direct: %v", names(d.Receivers), names(d.Direct))
	}

	// One that a route names is a receiver as others are.
	cfg, notes = load(t, twoWebhooks+logs+"routes: [{match: {level: critical}, receivers: [critical], continue: true}, {receivers: [ops, desk]}]\n")
	if !cmp.Equal(cfg.unrouted(), []string{"events"}) || len(cfg.routes()) != 2 || len(notes) > 0 {
		t.Errorf("unrouted: %v, notes: %v", cfg.unrouted(), notes)
	}
}

func TestEventLogAloneCallsNobody(t *testing.T) {
	_, notes := load(t, oneConnection+"exporters: {otlplog: [{name: events, endpoint: \"http://127.0.0.1:4317\"}]}\n")
	if len(notes) != 1 || notes[0].Path != "exporters.otlplog" || !strings.Contains(notes[0].Text, "told as log records, and nobody is called") {
		t.Errorf("notes: %v", notes)
	}
}
