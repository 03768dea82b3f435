package pipelinetest

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"testing"
)

// Main runs a package's tests, or the server for which a test started this process. A TestMain that has nothing else to
// do calls it; another one calls ServeChild first.
func Main(m *testing.M) {
	ServeChild()
	os.Exit(m.Run())
}

// ServeChild runs the server for which a test started this process, and ends the process with it. In any other process
// it returns at once.
func ServeChild() {
	if os.Getenv(childVariable) == "" {
		return
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve runs the server of the first blueprint that comes in, makes it take over each later one, answers each of them,
// and stops the server at the end of the input.
func serve(in io.Reader, out io.Writer) error {
	orders, answers := json.NewDecoder(in), json.NewEncoder(out)
	var (
		running instance
		answer  childAnswer
	)
	for {
		var plan blueprint
		err := orders.Decode(&plan)
		if err != nil {
			if running != nil {
				running.stop()
			}
			if err == io.EOF {
				return nil
			}
			return fmt.Errorf("read blueprint: %w", err)
		}
		if running == nil {
			running, answer.Ports, err = startEmbedded(plan)
		} else {
			err = running.reload(plan)
		}
		answer.Error = ""
		if err != nil {
			answer.Error = err.Error()
		}
		if err := answers.Encode(answer); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
}
