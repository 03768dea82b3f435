package jetstream

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// threeAccountCluster runs three servers with three accounts; as gives JetStream of a user.
func threeAccountCluster(t testing.TB, o pipelinetest.ClusterOptions) (*pipelinetest.Cluster, func(string) jetstream.JetStream) {
	t.Helper()
	o.Config = threeAccounts
	c := pipelinetest.StartCluster(t, o)
	return c, func(user string) jetstream.JetStream { return c.JetStream(t, pipelinetest.User(user)) }
}

// leaders are those of the samples that tell of one.
func leaders(samples map[string]*pipeline.Sample) map[string]string {
	all := map[string]string{}
	for name, x := range samples {
		if x.Fault.Kind == "" {
			all[name] = x.Leader
		}
	}
	return all
}

func TestOneFrozenAndOneStoppedServerDelayNoOther(t *testing.T) {
	t.Run("of three", func(t *testing.T) { frozenAndStopped(t, 3) })
	t.Run("of five", func(t *testing.T) { frozenAndStopped(t, 5) })
}

func frozenAndStopped(t *testing.T, servers int) {
	t.Parallel()
	c, as := threeAccountCluster(t, pipelinetest.ClusterOptions{Child: true, Servers: servers})
	users := []string{"a", "b", "c"}
	ordersAndMirror(t, as, 3, users...)
	s, log := openSystem(t, c.URL(), Config{})
	pipelinetest.Eventually(t, 20*time.Second, "all streams have leaders", func() bool {
		return len(leaders(round(t, s))) == 6
	})
	// A stream of one copy on each server: what those that answer lead must come, at once, whoever does not.
	js := as("a")
	for _, server := range c.Servers {
		pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "ON_" + server.Name(), Subjects: []string{"on." + server.Name()}})
	}
	whole := round(t, s)
	before := leaders(whole)
	own := s.conn.nc.Load().ConnectedServerName()
	var others []*pipelinetest.Server
	for _, server := range c.Servers {
		if server.Name() != own {
			others = append(others, server)
		}
	}
	frozen, stopped := others[0], others[1]
	frozen.Freeze(t)
	defer frozen.Thaw(t)
	stopped.Stop()
	dead := map[string]bool{frozen.Name(): true, stopped.Name(): true}

	for i := range 2 {
		began := time.Now()
		late := map[string]time.Duration{}
		told := map[string]*pipeline.Sample{}
		err := s.Look(t.Context(), nil, func(x *pipeline.Sample) {
			name := x.Key.Account + "/" + x.Key.Stream
			told[name] = x.Clone()
			if x.Fault.Kind == "" && !dead[x.Leader] {
				late[name] = time.Since(began)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("round %d: %v, %d told", i, time.Since(began), len(told))
		if len(told) != len(before) {
			t.Errorf("round %d: %d of %d streams are told of: %v", i, len(told), len(before), slices.Sorted(maps.Keys(told)))
		}
		for name, leader := range before {
			if took, ok := late[name]; !dead[leader] && (!ok || took > time.Second) {
				t.Errorf("round %d: %s, led by %s, came after %v (%v): %+v", i, name, leader, took, ok, told[name])
			}
			if x := told[name]; dead[leader] && x != nil && x.Fault.Kind == "" && x.Leader == leader {
				t.Errorf("round %d: %s is told of by %s, which is dead", i, name, leader)
			}
		}
	}
	pipelinetest.Eventually(t, 40*time.Second, "streams that kept a quorum have leaders, and no other", func() bool {
		now := leaders(round(t, s))
		for name, x := range whole {
			members, lost := 1+len(x.Peers), 0
			for _, member := range append(x.Peers, pipeline.Peer{Name: x.Leader}) {
				if dead[member.Name] {
					lost++
				}
			}
			if led := now[name] != "" && !dead[now[name]]; led != (members-lost > members/2) {
				return false
			}
		}
		return true
	})
	for name := range dead {
		if n := log.count(`msg="server does not answer" connection=sys server=` + name); n != 1 {
			t.Errorf("that %s does not answer is said %d times", name, n)
		}
	}
	frozen.Thaw(t)
	pipelinetest.Eventually(t, 20*time.Second, "the thawed server is heard again", func() bool {
		round(t, s)
		return log.count(`msg="server answers again" connection=sys server=`+frozen.Name()) == 1
	})
}

func TestAStreamWithoutLeaderIsWhole(t *testing.T) {
	t.Parallel()
	c, as := threeAccountCluster(t, pipelinetest.ClusterOptions{})
	ordersAndMirror(t, as, 3, "a")
	s, _ := openSystem(t, c.Servers[0].URL(), Config{})
	pipelinetest.Eventually(t, 20*time.Second, "both streams have leaders", func() bool { return len(leaders(round(t, s))) == 2 })
	c.StopServer(1)
	c.StopServer(2)
	pipelinetest.Eventually(t, 40*time.Second, "the mirror has no leader", func() bool {
		x := round(t, s)["A/M"]
		return x != nil && x.Fault.Kind == "" && x.Leader == "" && len(x.Links) == 1 && !x.Links[0].Reported
	})
}

func TestLeadersElectedAreTold(t *testing.T) {
	t.Parallel()
	c, as := threeAccountCluster(t, pipelinetest.ClusterOptions{})
	ordersAndMirror(t, as, 3, "b")
	s, _ := openSystem(t, c.URL(), Config{})
	pipelinetest.Eventually(t, 20*time.Second, "both streams have leaders", func() bool { return len(leaders(round(t, s))) == 2 })
	var mu sync.Mutex
	var told []pipeline.Signal
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case signal := <-s.Signals():
				mu.Lock()
				told = append(told, signal)
				mu.Unlock()
			case <-done:
				return
			}
		}
	}()
	leader := pipelinetest.StepDown(t, as("b"), "M")
	want := pipeline.StreamKey{Connection: "sys", Account: "B", Stream: "M"}
	pipelinetest.Eventually(t, 5*time.Second, "the election is told", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.ContainsFunc(told, func(x pipeline.Signal) bool {
			return x.Kind == pipeline.SignalAdvisory && x.Key == want && x.Advisory.Kind == pipeline.AdvisoryLeader &&
				strings.Contains(x.Advisory.Text, leader)
		})
	})
}

func TestOurOwnServerFreezes(t *testing.T) {
	t.Parallel()
	c, as := threeAccountCluster(t, pipelinetest.ClusterOptions{Child: true})
	ordersAndMirror(t, as, 3, "a")
	s, _ := openSystem(t, c.URL(), Config{})
	pipelinetest.Eventually(t, 20*time.Second, "both streams have leaders", func() bool { return len(leaders(round(t, s))) == 2 })
	own := c.Server(s.conn.nc.Load().ConnectedServerName())
	own.Freeze(t)
	defer own.Thaw(t)
	began := time.Now()
	pipelinetest.Eventually(t, 20*time.Second, "others are asked", func() bool {
		return s.Look(t.Context(), nil, func(*pipeline.Sample) {}) == nil
	})
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestADeletedStreamIsGoneAlthoughAServerIsStopped(t *testing.T) {
	t.Parallel()
	c, as := threeAccountCluster(t, pipelinetest.ClusterOptions{})
	ordersAndMirror(t, as, 3, "a")
	s, _ := openSystem(t, c.URL(), Config{})
	var leader string
	pipelinetest.Eventually(t, 20*time.Second, "both streams have leaders", func() bool {
		now := leaders(round(t, s))
		leader = now["A/M"]
		return len(now) == 2
	})
	own := s.conn.nc.Load().ConnectedServerName()
	for i, server := range c.Servers {
		if server.Name() != leader && server.Name() != own {
			c.StopServer(i)
			break
		}
	}
	c.WaitForLeader(t)
	for range 2 { // the first question that a server misses says little: it may be slow
		pipelinetest.Eventually(t, 20*time.Second, "what is left is told of", func() bool { return len(leaders(round(t, s))) == 2 })
	}
	pipelinetest.DeleteStream(t, as("a"), "M")
	pipelinetest.Eventually(t, 10*time.Second, "the stream is gone", func() bool {
		return single(t, s, "A", "M").Fault.Kind == pipeline.FaultNotFound
	})
	if x := single(t, s, "A", "ORDERS"); x.Fault.Kind == pipeline.FaultNotFound {
		t.Errorf("%+v", x.Fault)
	}
}
