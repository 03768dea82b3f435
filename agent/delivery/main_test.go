package delivery

import (
	"flag"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"mirrorwatch/agent"
)

var alertmanager = flag.String("alertmanager", "", "the path of an Alertmanager to hold beside the agent; takes minutes")

// manySideBySide lets all tests run at one time, whatever the machine: they wait most of it.
type manySideBySide struct{ m *testing.M }

// Run implements testscript.TestingM.
func (s manySideBySide) Run() int {
	flag.Parse()
	if err := flag.Set("test.parallel", "32"); err != nil {
		panic(err)
	}
	return s.m.Run()
}

func TestMain(m *testing.M) {
	testscript.Main(manySideBySide{m}, map[string]func(){
		"mirrorwatch": func() { os.Exit(agent.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}
