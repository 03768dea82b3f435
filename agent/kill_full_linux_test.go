package agent

import (
	"math"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// While the disk is full, pages go out as ever, and one incident tells of it. Once there is room the journal catches up: after a kill
// everything that was told is known, and nothing is told again.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	s, js := mirrors(t, map[string]map[string]string{"BEFORE": limits("5M"), "MEANWHILE": nil, "ENDS": limits("5M")})
	l := startKillLedger(t, 1)
	config, dataDir := doomedConfig(t, s, l, "*", "each")
	agent := live(t, config, l, nowhere, 0)
	told := func(change pipeline.ChangeKind, rule, stream string) bool {
		for _, e := range l.all("each") {
			for _, step := range e.steps(t) {
				if step.Change == string(change) && step.Rule == rule && step.Stream == stream {
					return true
				}
			}
		}
		return false
	}
	await := func(change pipeline.ChangeKind, rule, stream string) {
		t.Helper()
		began := time.Now()
		pipelinetest.Eventually(t, soon, string(change)+" "+rule+" "+stream, func() bool { return told(change, rule, stream) })
		t.Logf("%s %s %s was told after %s", change, rule, stream, time.Since(began).Round(time.Millisecond))
	}
	await(pipeline.Opened, pipeline.RulePolicy, "BEFORE")
	await(pipeline.Opened, pipeline.RulePolicy, "ENDS")

	limitFiles(t, agent.cmd.Process.Pid, 1)
	pipelinetest.SetMetadata(t, js, "MEANWHILE", limits("5M"))
	await(pipeline.Opened, pipeline.RulePolicy, "MEANWHILE")
	await(pipeline.Opened, pipeline.RuleJournal, "")
	pipelinetest.SetMetadata(t, js, "ENDS", limits("10m"))
	await(pipeline.Resolved, pipeline.RulePolicy, "ENDS")
	limitFiles(t, agent.cmd.Process.Pid, math.MaxUint64)
	await(pipeline.Resolved, pipeline.RuleJournal, "")
	pipelinetest.Eventually(t, soon, "nothing waits", func() bool { return settledAt(t, agent.api(t)) })
	pipelinetest.SetMetadata(t, js, "BEFORE", limits("10m")) // what was handed in before it is on disk with it
	await(pipeline.Resolved, pipeline.RulePolicy, "BEFORE")
	pipelinetest.Eventually(t, soon, "nothing waits", func() bool { return settledAt(t, agent.api(t)) })
	agent.kill(t)

	next := live(t, config, l, nowhere, 0)
	api := next.api(t)
	pipelinetest.SetMetadata(t, js, "MEANWHILE", limits("10m"))
	await(pipeline.Resolved, pipeline.RulePolicy, "MEANWHILE")
	pipelinetest.Eventually(t, soon, "nothing waits", func() bool { return settledAt(t, api) })
	next.end(t)

	keyOf, accepts := map[string]string{}, map[string]int{}
	for _, e := range l.all("each") {
		accepts[e.key]++
		for _, step := range e.steps(t) {
			if key, known := keyOf[step.Key]; known && key != e.key {
				t.Errorf("%s under %s and under %s", step.Key, key, e.key)
			}
			keyOf[step.Key] = e.key
		}
	}
	if len(accepts) != 8 { // three openings and ends, and those of the journal
		t.Errorf("%d messages: %v", len(accepts), accepts)
	}
	changes := readKept(t, dataDir).changes
	if len(changes) != len(keyOf) {
		t.Errorf("%d changes in the audit, %d were told", len(changes), len(keyOf))
	}
	for i := range changes {
		if keyOf[changes[i].Key()] == "" {
			t.Errorf("%s was never told", changes[i].Key())
		}
	}
}

// limitFiles sets how long files may become that a process writes: a disk without room, as the kernel tells it.
func limitFiles(t testing.TB, pid int, size uint64) {
	t.Helper()
	limit := syscall.Rlimit{Cur: size, Max: math.MaxUint64}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_FSIZE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
}
