package agent

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline/pipelinetest"
)

// kills is for the whole of it: go test ./agent -run Kill -kills 500.
var (
	kills    = flag.Int("kills", 16, "how often the agent is killed at random")
	killSeed = flag.Uint64("killseed", 0, "the seed of the kills; 0: another one each time")
)

// Agents are killed at random, at the points of the matrix and between them, while incidents come and go, and receivers fail in every way
// that they have. Once all is well again, every receiver was told of every step of every incident, and knows what is open.
func TestKilledAtRandom(t *testing.T) {
	t.Parallel()
	const lanes = 2
	for n := range lanes {
		t.Run(fmt.Sprint("lane ", n+1), func(t *testing.T) {
			t.Parallel()
			seed := *killSeed
			if seed == 0 {
				seed = rand.Uint64()
			}
			newLane(t, seed+uint64(n)).run(t, (*kills+lanes-1-n)/lanes)
		})
	}
}

// lane is one agent with its world and its receivers.
type lane struct {
	random    *rand.Rand
	seed      uint64
	world     *killWorld
	ledger    *killLedger
	config    string
	dataDir   string
	receivers []string
	killedAt  map[deathPoint]int
}

func newLane(t testing.TB, seed uint64) *lane {
	s, js := mirrors(t, nil)
	l := &lane{
		random: rand.New(rand.NewPCG(seed, 0)), seed: seed, world: newKillWorld(t, js, seed, 12), ledger: startKillLedger(t, seed),
		receivers: []string{"ops", "each", "chat"}, killedAt: map[deathPoint]int{},
	}
	l.config, l.dataDir = doomedConfig(t, s, l.ledger, "CHANGING_*", l.receivers...)
	return l
}

func (l *lane) run(t *testing.T, n int) {
	t.Logf("the seed is %d", l.seed)
	began := time.Now()
	for range n {
		l.liveAndDie(t)
	}
	for _, r := range l.receivers {
		l.ledger.setWeather(r, fair)
	}
	healed := time.Now()
	last := live(t, l.config, l.ledger, nowhere, 0)
	api := last.api(t)
	defer func() {
		if t.Failed() {
			t.Logf("the log of the last life:\n%s", last.log)
		}
	}()
	wrong := ""
	defer func() {
		if wrong != "" {
			t.Error(wrong)
		}
	}()
	seen := -1
	pipelinetest.Eventually(t, l.patience(n), "everybody knows what is open", func() bool {
		if !settledAt(t, api) {
			wrong = "something waits to be told"
			return false
		}
		if now := len(l.ledger.all("")); now != seen {
			seen, wrong = now, l.differences(t)
		}
		return wrong == ""
	})
	last.end(t)
	t.Logf("%d kills in %s, told in the end within %s", n, healed.Sub(began).Round(time.Second), time.Since(healed).Round(time.Millisecond))
	for _, point := range slices.Sorted(maps.Keys(l.killedAt)) {
		t.Logf("killed %s: %d times", point, l.killedAt[point])
	}
	l.judge(t)
}

// patience is how long what waits may take in the end: pauses after failures grow with their number.
func (l *lane) patience(kills int) time.Duration {
	return time.Minute + time.Duration(kills)*time.Second/2
}

// differences tells what a webhook knows wrongly; empty: nothing. To ops each message shows the whole group.
func (l *lane) differences(t testing.TB) string {
	t.Helper()
	for _, receiver := range []string{"each", "ops"} {
		if diff := cmp.Diff(l.world.open(), l.toldOpen(t, receiver)); diff != "" {
			return receiver + " takes for open (-want +got):\n" + diff
		}
	}
	return ""
}

// liveAndDie is one life with its weather: the agent dies at its point, or at a time if it does not come there.
func (l *lane) liveAndDie(t testing.TB) {
	t.Helper()
	for _, r := range l.receivers {
		if l.random.IntN(3) == 0 { // else the weather stays
			l.ledger.setWeather(r, []weather{fair, fair, fair, foul, foul, forbidden}[l.random.IntN(6)])
		}
	}
	point, most := nowhere, 1300*time.Millisecond
	if points := deathPoints(); l.random.IntN(3) > 0 {
		point, most = points[l.random.IntN(len(points))], 2*time.Second
	}
	agent := live(t, l.config, l.ledger, point, 1+l.random.IntN(4))
	end := time.NewTimer(time.Duration(l.random.Int64N(int64(most))))
	if point != nowhere {
		end.Reset(most)
	}
	defer end.Stop()
	for {
		next := time.NewTimer(time.Duration(l.random.Int64N(int64(100 * time.Millisecond))))
		select {
		case <-agent.done:
			agent.died(t)
			l.killedAt[point]++
			return
		case <-end.C:
			agent.kill(t)
			l.killedAt["at a random time"]++
			return
		case <-next.C:
			l.world.turn(t)
		}
	}
}

// toldOpen returns what a receiver takes for open, as killWorld.open does; what the agent tells of itself is left out.
func (l *lane) toldOpen(t testing.TB, receiver string) []string {
	t.Helper()
	open := map[string]string{} // by incident
	for _, e := range l.ledger.all(receiver) {
		if !e.fate.took() {
			continue
		}
		for _, s := range e.steps(t) {
			delete(open, s.Incident)
			if s.Stream != "" && !s.over() {
				open[s.Incident] = s.Rule + " " + s.Stream
			}
		}
	}
	return slices.Sorted(maps.Values(open))
}

func (s *nativeStep) over() bool { return s.Change == "resolved" || s.Change == "closed" }

// steps returns the steps that a webhook's message tells; those of ops have no number.
func (e *ledgerEntry) steps(t testing.TB) []nativeStep {
	t.Helper()
	if e.receiver == "each" {
		return stepsOf(t, e.body)
	}
	var all []nativeStep
	for _, a := range alertsOf(t, e.body) {
		s := nativeStep{Change: a.change(), Incident: a.incident(), Rule: a.rule(), Stream: a.stream()}
		if a.Status == "resolved" && !s.over() || a.Status == "firing" && s.over() {
			t.Errorf("an alert says %s, and %s", a.Status, s.Change)
		}
		all = append(all, s)
	}
	return all
}

func figures(count map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(count)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, count[name]))
	}
	return strings.Join(parts, ", ")
}
