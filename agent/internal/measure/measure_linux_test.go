package measure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline/pipelinetest"
)

// TestMain is a part too, which doubles numbers.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "part" {
		if err := Obey(os.Stdin, os.Stdout, "hello "+os.Args[2], double); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func double(o *Order) (any, error) {
	if o.Do != "double" {
		return nil, errors.New("it can only double")
	}
	return 2 * o.N, nil
}

func TestPartAnswersOrders(t *testing.T) {
	var hello string
	p, err := StartPart(t.Context(), &hello, "doubler")
	if err != nil {
		t.Fatal(err)
	}
	if hello != "hello doubler" {
		t.Errorf("it says %q", hello)
	}
	var n int
	if err := p.Ask(Order{Do: "double", N: 21}, &n); err != nil || n != 42 {
		t.Errorf("got %d, %v; want 42", n, err)
	}
	if err := p.Ask(Order{Do: "halve"}, nil); err == nil || !strings.Contains(err.Error(), "it can only double") {
		t.Errorf("got %v; want the part's own error", err)
	}
	if m, err := MemoryOf(p.PID()); err != nil || m.Resident < 1<<20 || m.Most < m.Resident {
		t.Errorf("it has %+v in memory, %v", m, err)
	}
	p.End()
	if !p.cmd.ProcessState.Success() {
		t.Errorf("it ended with %s", p.cmd.ProcessState)
	}
}

func TestPausedPartIsSilent(t *testing.T) {
	var hello string
	p, err := StartPart(t.Context(), &hello, "doubler")
	if err != nil {
		t.Fatal(err)
	}
	defer p.End()
	ctx, goOn := context.WithCancel(t.Context())
	defer goOn()
	paused := make(chan error, 1)
	go func() { paused <- Pause(ctx, p.PID(), time.Hour) }()
	pipelinetest.Eventually(t, time.Minute, "the part stands still", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(stat), ") T ")
	})
	goOn()
	if err := <-paused; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want that ctx ended", err)
	}
	if err := p.Ask(Order{Do: "double", N: 1}, nil); err != nil {
		t.Errorf("it does not go on: %v", err)
	}
}

func TestProcessesAreReadFromOutside(t *testing.T) {
	self := os.Getpid()
	m, err := MemoryOf(self)
	if err != nil {
		t.Fatal(err)
	}
	if m.Anon <= 0 || m.File <= 0 || m.Resident < m.Anon+m.File || m.Most < m.Resident {
		t.Errorf("memory %+v does not add up", m)
	}
	before, err := CPUOf(self)
	if err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(time.Minute); ; {
		after, err := CPUOf(self)
		if err != nil {
			t.Fatal(err)
		}
		if after > before {
			break
		}
		if time.Now().After(until) {
			t.Fatal("no CPU time passes")
		}
	}
	few, err := DescriptorsOf(self)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if more, err := DescriptorsOf(self); err != nil || more != few+1 {
		t.Errorf("%d descriptors, %v; want one more than %d", more, err, few)
	}
}

func TestRunTellsOfAProgramsEnd(t *testing.T) {
	done, err := Run(exec.Command("sh", "-c", "n=0; while [ $n -lt 200000 ]; do n=$((n+1)); done; echo $n; exit 2"))
	if err != nil {
		t.Fatal(err)
	}
	if done.Stdout != "200000\n" || done.Code != 2 || done.CPU <= 0 {
		t.Errorf("got %+v", done)
	}
	// A shell is small. This process is not, and its memory is not to be taken for the shell's.
	own, err := MemoryOf(os.Getpid())
	if err != nil || done.Most == 0 || done.Most >= own.Most {
		t.Errorf("a shell had %d bytes at the most, and this process %d, %v", done.Most, own.Most, err)
	}
	if _, err := Run(exec.Command("/nowhere/to/be/found")); err == nil {
		t.Error("no error of a program that is not there")
	}
}
