package agent

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"
)

var (
	_ pipeline.Source       = (*originSource)(nil)
	_ pipeline.Signaler     = (*originSource)(nil)
	_ pipeline.OriginSource = (*originSource)(nil)
)

// askers opens connections and returns what rings ask, once all are connected.
func askers(t *testing.T, connections ...jetstream.Config) []pipeline.Source {
	t.Helper()
	var faults []string
	for _, c := range connections {
		c.Validate(func(path, problem string) { faults = append(faults, path+": "+problem) })
	}
	validateOrigins(connections, func(path, problem string) { faults = append(faults, path+": "+problem) })
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	sources, err := openSources(t.Context(), connections, jetstream.Pace{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = closeSources(sources) })
	for _, s := range sources {
		for (<-s.Signals()).Kind != pipeline.SignalConnected {
		}
	}
	return withOrigins(connections, sources)
}

func lookAtOrigin(t *testing.T, s pipeline.Source, key pipeline.OriginKey) *pipeline.OriginView {
	t.Helper()
	return s.(pipeline.OriginSource).LookAtOrigin(t.Context(), key, false)
}

func TestNamedConnectionTellsOfOriginsWhenTheLinkIsDown(t *testing.T) {
	l := pipelinetest.StartLeafnode(t)
	origin := l.Origin.JetStream(t)
	pipelinetest.CreateStream(t, origin, natsjs.StreamConfig{Name: "S", Subjects: []string{"s"}})
	pipelinetest.CreateStream(t, l.Mirror.JetStream(t), natsjs.StreamConfig{Name: "LOCAL", Subjects: []string{"local"}})
	all := askers(
		t,
		jetstream.Config{Name: "dr", URL: jetstream.URLs(l.Mirror.URL()), Origins: []string{"other", "primary"}},
		jetstream.Config{Name: "primary", URL: jetstream.URLs(l.Origin.URL())},
		jetstream.Config{Name: "other", URL: jetstream.URLs(l.Mirror.URL())}, // knows nothing of the origin
		jetstream.Config{Name: "bare", URL: jetstream.URLs(l.Mirror.URL())},
	)
	far := pipeline.OriginKey{Connection: "dr", Domain: "leaf", Via: "$JS.hub.API", Stream: "S"}
	if v := lookAtOrigin(t, all[0], far); v.Path != "primary" || v.Key != far || v.Fault.Kind != "" || v.State.LastSeq != 0 {
		t.Fatalf("%+v", v)
	}
	if v := lookAtOrigin(t, all[3], far); v.Path != pipeline.PathOwn || v.Fault.Kind != "" {
		t.Fatalf("by its own path: %+v", v)
	}
	local := pipeline.OriginKey{Connection: "dr", Domain: "leaf", Stream: "LOCAL"}
	if v := lookAtOrigin(t, all[0], local); v.Path != pipeline.PathOwn || v.Fault.Kind != "" {
		t.Errorf("an origin beside its mirror: %+v", v)
	}
	nowhere := pipeline.OriginKey{Connection: "dr", Domain: "leaf", Via: "$JS.hub.API", Stream: "NOWHERE"}
	if v := lookAtOrigin(t, all[0], nowhere); v.Path != pipeline.PathOwn || v.Fault.Kind != pipeline.FaultNotFound {
		t.Errorf("an origin that was never there: %+v", v)
	}

	l.Link.Cut()
	pipelinetest.Eventually(t, 20*time.Second, "the own path is down", func() bool {
		return lookAtOrigin(t, all[3], far).Fault.Kind == pipeline.FaultNoResponders
	})
	if v := lookAtOrigin(t, all[0], far); v.Path != "primary" || v.Fault.Kind != "" {
		t.Errorf("the link is down: %+v", v)
	}
	if v := lookAtOrigin(t, all[0], nowhere); v.Path != pipeline.PathOwn || v.Fault.Kind != pipeline.FaultNoResponders {
		t.Errorf("the link is down, and who answers never knew the origin: %+v", v)
	}
	pipelinetest.DeleteStream(t, origin, "S")
	pipelinetest.Eventually(t, 20*time.Second, "the named connection tells that it is gone", func() bool {
		v := lookAtOrigin(t, all[0], far)
		return v.Path == "primary" && v.Fault.Kind == pipeline.FaultNotFound
	})
}

func TestWhatIsBelievedOfAnOrigin(t *testing.T) {
	const east, west, own = 0, 1, 2
	created := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	told := func() *pipeline.OriginView { return &pipeline.OriginView{Created: created} }
	fault := func(kind pipeline.FaultKind) *pipeline.OriginView {
		return &pipeline.OriginView{Fault: pipeline.Fault{Kind: kind}}
	}
	another := &pipeline.OriginView{Created: created.Add(time.Hour)}
	gone, silent, nobody := fault(pipeline.FaultNotFound), fault(pipeline.FaultNoAnswer), fault(pipeline.FaultNoResponders)
	denied, down := fault(pipeline.FaultDenied), fault(pipeline.FaultDisconnected)
	for name, c := range map[string]struct {
		via   string
		known map[int]time.Time // by path
		path  int
		views map[int]*pipeline.OriginView // by path
		want  int
	}{
		"the first in order":                 {"x", nil, -1, map[int]*pipeline.OriginView{east: told(), west: told(), own: told()}, east},
		"the first that tells":               {"x", nil, -1, map[int]*pipeline.OriginView{east: gone, west: told(), own: told()}, west},
		"the path that told before":          {"x", nil, west, map[int]*pipeline.OriginView{east: told(), west: told(), own: told()}, west},
		"the own path at last":               {"x", nil, -1, map[int]*pipeline.OriginView{east: gone, west: down, own: told()}, own},
		"gone, says who never knew":          {"x", nil, -1, map[int]*pipeline.OriginView{east: gone, west: gone, own: silent}, own},
		"gone, says who knew":                {"x", map[int]time.Time{west: created}, west, map[int]*pipeline.OriginView{east: denied, west: gone, own: nobody}, west},
		"gone, says the own path":            {"x", nil, -1, map[int]*pipeline.OriginView{east: denied, west: gone, own: gone}, own},
		"denied before no responders":        {"x", nil, -1, map[int]*pipeline.OriginView{east: silent, west: denied, own: nobody}, west},
		"no responders before no answer":     {"x", nil, -1, map[int]*pipeline.OriginView{east: silent, west: down, own: nobody}, own},
		"local: the own path first":          {"", nil, -1, map[int]*pipeline.OriginView{own: told(), east: told(), west: told()}, own},
		"local: gone, whoever tells":         {"", map[int]time.Time{own: created}, own, map[int]*pipeline.OriginView{own: gone, east: told(), west: told()}, own},
		"local: another stream of that name": {"", map[int]time.Time{own: created}, own, map[int]*pipeline.OriginView{own: silent, east: another, west: told()}, west},
		"local: only other streams":          {"", map[int]time.Time{own: created}, own, map[int]*pipeline.OriginView{own: silent, east: another, west: another}, own},
	} {
		t.Run(name, func(t *testing.T) {
			o := &originSource{named: make([]*streamSource, own), ways: map[pipeline.OriginKey]*ways{}}
			key := pipeline.OriginKey{Via: c.via, Stream: "S"}
			o.known(created, key)
			w := o.ways[key]
			w.path, w.well = c.path, c.path >= 0
			for path, at := range c.known {
				w.told[path] = at
			}
			order := o.order(key, c.path)
			views := make([]*pipeline.OriginView, len(order))
			for i, path := range order {
				views[i] = c.views[path]
			}
			got := o.choose(key, order, views)
			if got != c.views[c.want] {
				t.Errorf("got %+v", got)
			}
			if tells(got) != w.well || tells(got) && w.path != c.want || !tells(got) && w.path != c.path {
				t.Errorf("kept path %d, well %v", w.path, w.well)
			}
		})
	}
}

func TestWaysAreForgotten(t *testing.T) {
	o := &originSource{ways: map[pipeline.OriginKey]*ways{}}
	now := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	for i := range 100 {
		o.known(now.Add(time.Duration(i)*time.Hour), pipeline.OriginKey{Stream: fmt.Sprint(i)})
	}
	if len(o.ways) > 3 {
		t.Errorf("%d are kept", len(o.ways))
	}
}

func TestOriginsNameConfiguredConnections(t *testing.T) {
	var got []string
	validateOrigins([]jetstream.Config{
		{Name: "dr", Origins: []string{"primary", "nobody", "all", ""}},
		{Name: "primary"},
		{Name: "all", Scope: jetstream.ScopeSystem},
	}, func(path, problem string) { got = append(got, path+": "+problem) })
	if len(got) != 2 || got[0] != `connections[0].origins[1]: "nobody" is no connection's name` ||
		!strings.HasPrefix(got[1], `connections[0].origins[2]: "all" is of scope system`) {
		t.Errorf("got %q", got)
	}
}
