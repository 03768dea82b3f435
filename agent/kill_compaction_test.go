package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
	"mirrorwatch/pipeline/pipelinetest"
)

// An agent that dies while its journal is being written anew tells afterwards what it owes, under the key that it had.
func TestKilledInTheMiddleOfACompaction(t *testing.T) {
	t.Parallel()
	s, js := mirrors(t, map[string]map[string]string{"COMPACTED": limits("5M")})
	l := startKillLedger(t, 1)
	config, dataDir := doomedConfig(t, s, l, "COMPACTED", "each")
	l.setWeather("each", forbidden)
	refused := live(t, config, l, beforeMark, 1)
	pipelinetest.Eventually(t, soon, "a refused message", func() bool { return len(telling(t, l, pipeline.Opened)) > 0 })
	refused.kill(t)
	waste(t, dataDir)
	before := bytesOf(t, dataDir)
	l.setWeather("each", fair)

	live(t, config, l, duringCompaction, 1).died(t)
	if verified, err := journal.Verify(dataDir); err != nil || verified.Status != journal.Good {
		t.Errorf("after the kill: %s %v", verified, err)
	}
	next := live(t, config, l, nowhere, 0)
	api := next.api(t)
	if now := bytesOf(t, dataDir); now > before/4 {
		t.Errorf("%d bytes, before %d", now, before)
	}
	pipelinetest.SetMetadata(t, js, "COMPACTED", limits("10m"))
	pipelinetest.Eventually(t, soon, "the end is told", func() bool {
		return len(telling(t, l, pipeline.Resolved)) > 0 && settledAt(t, api)
	})
	next.end(t)
	opened := telling(t, l, pipeline.Opened)
	first, last := opened[0], opened[len(opened)-1]
	if first.key != last.key || first.body != last.body || first.fate != denied || last.fate != accepted {
		t.Errorf("refused as %s, accepted as %s (%s):\n%s\n%s", first.key, last.key, last.fate, first.body, last.body)
	}
	if n := len(telling(t, l, pipeline.Resolved)); n != 1 {
		t.Errorf("the end came %d times", n)
	}
}

// waste leaves a journal mostly free space: much was told, and forgotten.
func waste(t testing.TB, dir string) {
	t.Helper()
	j, err := journal.Open(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Load(); err != nil {
		t.Fatal(err)
	}
	j.SetRetention(journal.Options{Size: 100_000})
	commit := func(c pipeline.Commit) {
		if err := j.Commit(c); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	var c pipeline.Commit
	for n := range 2000 {
		c.Changes = append(c.Changes, pipeline.Change{Kind: pipeline.Opened, At: now, Incident: pipeline.Incident{
			ID: fmt.Sprintf("mw-%d", n), Rule: pipeline.RuleLag, Opened: now, Changes: 1, Level: pipeline.Critical,
			Detail:  strings.Repeat("a long error ", 600),
			Subject: pipeline.Subject{StreamKey: pipeline.StreamKey{Connection: "live", Stream: fmt.Sprint("WASTE_", n)}},
		}})
	}
	commit(c)
	for n := range c.Changes {
		c.Changes[n].Kind, c.Changes[n].Incident.Ended, c.Changes[n].Incident.Changes = pipeline.Resolved, now, 2
	}
	commit(c)
	for range 60 {
		commit(pipeline.Commit{Events: []pipeline.Event{{At: now, Kind: pipeline.EventReloaded}}})
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func bytesOf(t testing.TB, dir string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, journal.FileName))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
