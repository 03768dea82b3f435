package jetstream

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

var _ pipeline.OriginSource = (*Source)(nil)

func TestOriginTellsOfItself(t *testing.T) {
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", Domain: "hub"})
	js := srv.JetStream(t)
	pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "S", Subjects: []string{"a.*", "b"}})
	pipelinetest.CreateMirror(t, js, "M", "S", "", nil)
	pipelinetest.Publish(t, js, "b", 3)
	s := connected(t, Config{URL: URLs(srv.URL())})
	for _, via := range []string{"", "$JS.hub.API"} {
		key := pipeline.OriginKey{Connection: "dr", Domain: "hub", Via: via, Stream: "S"}
		v := s.LookAtOrigin(t.Context(), key, false)
		info := pipelinetest.StreamInfo(t, js, "S")
		if v.Key != key || v.Path != pipeline.PathOwn || v.Asked.IsZero() || v.At.Before(v.Asked) || v.Fault != (pipeline.Fault{}) {
			t.Fatalf("via %q: %+v", via, v)
		}
		if !v.Created.Equal(info.Created) || v.Leader == "" || v.Replicates || fmt.Sprint(v.Subjects) != "[a.* b]" ||
			v.State.LastSeq != 3 || !v.State.LastTime.Equal(info.State.LastTime) || time.Since(v.ServerTime).Abs() > time.Minute {
			t.Errorf("via %q: %+v", via, v)
		}
	}
	v := s.LookAtStream(t.Context(), "M", false)
	if v.Path != "dr" || v.Key != (pipeline.OriginKey{Connection: "dr", Stream: "M"}) || !v.Replicates || len(v.Subjects) != 0 {
		t.Errorf("a mirror as an origin: %+v", v)
	}
}

func TestOriginTellsWhichMessageIsItsNewestWhereAsked(t *testing.T) {
	t.Parallel()
	for _, storage := range []jetstream.StorageType{jetstream.FileStorage, jetstream.MemoryStorage} {
		srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1"})
		js := srv.JetStream(t)
		pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}, Storage: storage})
		pipelinetest.Publish(t, js, "s", 30)
		pipelinetest.PurgeStream(t, js, "S", jetstream.WithPurgeSequence(5))
		pipelinetest.DeleteMessages(t, js, "S", 12, 27, 29, 28, 30)
		s := connected(t, Config{URL: URLs(srv.URL())})
		key := pipeline.OriginKey{Connection: "dr", Stream: "S"}
		if v := s.LookAtOrigin(t.Context(), key, false); v.Newest != 0 || !v.Listable() || v.State.Deleted != 5 {
			t.Errorf("%s, not asked: %+v", storage, v)
		}
		if v := s.LookAtOrigin(t.Context(), key, true); v.Newest != 26 || v.State.LastSeq != 30 || v.State.FirstSeq != 5 {
			t.Errorf("%s: %+v", storage, v)
		}
		if v := s.LookAtStream(t.Context(), "S", true); v.Newest != 26 {
			t.Errorf("%s, as another connection's: %+v", storage, v)
		}
	}
}

func TestFaultsOfOriginsAreKeptApart(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"S":       element("S"),
		"OTHER":   element("ANOTHER"),
		"BROKEN":  `{"config":`,
		"LITTLE":  `{"config":{"name":"LITTLE"}}`,
		"GONE":    `{"error":{"code":404,"err_code":10059,"description":"stream not found"}}`,
		"META":    `{"error":{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}}`,
		"OFFLINE": `{"error":{"code":500,"err_code":10118,"description":"stream is offline"}}`,
	}
	s := scripted(t, func(subject string, _ int) string { return answers[strings.TrimPrefix(subject, "STREAM.INFO.")] })
	s.patience.origin = 300 * time.Millisecond
	for _, c := range []struct {
		via, name string
		want      pipeline.FaultKind
		words     string
	}{
		{"", "S", "", ""},
		{"$JS.API", "S", "", ""},
		{"", "SILENT", pipeline.FaultNoAnswer, "within 300ms"},
		{"nobody.API", "S", pipeline.FaultNoResponders, "nobody listens on nobody.API.STREAM.INFO.S"},
		{"", "GONE", pipeline.FaultNotFound, "404/10059 stream not found"},
		{"", "META", pipeline.FaultAPI, "503/10008"},
		{"", "OFFLINE", pipeline.FaultOffline, "500/10118"},
		{"", "OTHER", pipeline.FaultNonsense, `the answer is about stream "ANOTHER"`},
		{"", "BROKEN", pipeline.FaultNonsense, "unexpected end"},
		{"", "LITTLE", pipeline.FaultNonsense, "ts is missing"},
		{"", "", pipeline.FaultNonsense, "no stream's name"},
		{"", "a.b", pipeline.FaultNonsense, "no stream's name"},
		{"", "*", pipeline.FaultNonsense, "no stream's name"},
		{"$JS.>", "S", pipeline.FaultNonsense, "no API prefix"},
		{"a..b", "S", pipeline.FaultNonsense, "no API prefix"},
	} {
		v := s.LookAtOrigin(t.Context(), pipeline.OriginKey{Via: c.via, Stream: c.name}, false)
		if v.Fault.Kind != c.want || !strings.Contains(v.Fault.Text, c.words) || v.At.IsZero() || v.Asked.IsZero() {
			t.Errorf("%q via %q: %+v at %v, want %q with %q", c.name, c.via, v.Fault, v.At, c.want, c.words)
		}
	}
	_ = s.Close()
	if v := s.LookAtOrigin(t.Context(), pipeline.OriginKey{Stream: "S"}, false); v.Fault.Kind != pipeline.FaultDisconnected {
		t.Errorf("closed: %+v", v.Fault)
	}
}

func TestSilentOriginsTakeNoPlaceFromOthers(t *testing.T) {
	asked := make(chan struct{}, 256)
	s := scripted(t, func(subject string, _ int) string {
		if name := strings.TrimPrefix(subject, "STREAM.INFO."); name != "SILENT" {
			return element(name)
		}
		asked <- struct{}{}
		return ""
	})
	s.patience.origin = 2 * time.Second
	var silent sync.WaitGroup
	for range s.origins.most() {
		silent.Go(func() {
			if v := s.LookAtOrigin(t.Context(), pipeline.OriginKey{Stream: "SILENT"}, false); v.Fault.Kind != pipeline.FaultNoAnswer {
				t.Errorf("%+v", v.Fault)
			}
		})
	}
	for range s.origins.most() {
		<-asked
	}
	began := time.Now()
	if all, err := look(t, s, "S"); err != nil || all[0].Fault.Kind != "" {
		t.Errorf("a stream: %v, %v", all, err)
	}
	if v := s.LookAtStream(t.Context(), "S", false); v.Fault.Kind != "" {
		t.Errorf("another connection's origin: %+v", v.Fault)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
	silent.Wait()
}

func TestOriginsAreOtherConnections(t *testing.T) {
	c := Config{Name: "dr", URL: "nats://127.0.0.1", Origins: []string{"east", "dr", "", "east", "west"}}
	var got []string
	c.Validate(func(path, problem string) { got = append(got, path+": "+problem) })
	want := []string{
		"origins[1]: a connection's own path to its origins is asked in any case; name another connection",
		"origins[2]: is empty; name another connection",
		`origins[3]: "east" is named twice`,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q", got)
	}
}

func TestAnAnswerAboutAnOriginIsReadWithoutAllocating(t *testing.T) {
	r, doc := newOriginReader(), readTestdata(t, "mirror.json")
	v := pipeline.OriginView{Key: pipeline.OriginKey{Stream: "M"}}
	var fault pipeline.Fault
	if n := testing.AllocsPerRun(100, func() { fault = r.read(&v, doc) }); n > 0 || fault != (pipeline.Fault{}) || !v.Replicates {
		t.Errorf("%v allocations; %+v, %v", n, v, fault)
	}
}
