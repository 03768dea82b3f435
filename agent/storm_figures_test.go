package agent

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func (s *storm) firstOpened(connection string) (first time.Time) {
	s.to.mu.Lock()
	defer s.to.mu.Unlock()
	for subject, opened := range s.to.opened {
		if strings.HasPrefix(subject, connection+" ") && (first.IsZero() || opened.Before(first)) {
			first = opened
		}
	}
	return first
}

// late returns by how much incidents of a connection opened after their limit, sorted.
func (s *storm) late(connection string) (all []time.Duration) {
	s.to.mu.Lock()
	defer s.to.mu.Unlock()
	for subject, opened := range s.to.opened {
		if strings.HasPrefix(subject, connection+" ") {
			all = append(all, opened.Sub(s.due[subject]))
		}
	}
	slices.Sort(all)
	return all
}

func (s *storm) report(b *testing.B) {
	b.Helper()
	milliseconds := func(d time.Duration) float64 { return math.Round(float64(d)/1e5) / 10 }
	for _, connection := range []string{"storm", "other"} {
		late := s.late(connection)
		b.ReportMetric(milliseconds(late[len(late)/2]), connection+"-opened-late-p50-ms")
		b.ReportMetric(milliseconds(late[len(late)-1]), connection+"-opened-late-max-ms")
		opened := s.firstOpened(connection)
		for name := range s.to.traffic {
			b.ReportMetric(milliseconds(s.to.first[name+" "+connection].Sub(opened)), connection+"-first-"+name+"-ms")
		}
	}
	for name, one := range s.to.traffic {
		b.ReportMetric(float64(one.messages), name+"-messages")
		b.ReportMetric(float64(one.bytes)/1e6, name+"-MB")
	}
	for n, what := range []string{"all-told-ms", "half-ended-ms", "all-ended-ms"} {
		b.ReportMetric(milliseconds(s.told[n]), what)
	}
	b.ReportMetric(s.calm, "calm-MiB")
	b.ReportMetric(peakMemory(s.agent, "VmHWM"), "peak-MiB")
	b.ReportMetric(cpuOf(b, s.agent.cmd.Process.Pid).Seconds(), "cpu-s")
	if info, err := os.Stat(filepath.Join(s.dataDir, "mirrorwatch.db")); err == nil {
		b.ReportMetric(float64(info.Size())/1e6, "journal-MB")
	}
	if err := s.agent.end(syscall.SIGTERM); err != nil {
		b.Errorf("the end by SIGTERM: %v", err)
	}
}

// peakMemory reads one of the figures of a process's memory, in MiB; 0 where the system does not tell.
func peakMemory(c *child, figure string) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	_, value, _ := strings.Cut(string(text), figure+":")
	value, _, _ = strings.Cut(value, "kB")
	n, _ := strconv.ParseFloat(strings.TrimSpace(value), 64)
	return n / 1024
}

// cpuOf is the user and system time that a process has spent.
func cpuOf(b *testing.B, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var ticks int
	for _, field := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
