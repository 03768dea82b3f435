package faults

import (
	"flag"
	"testing"

	"mirrorwatch/pipeline/pipelinetest"
)

// TestMain lets many faults run at one time, whatever the machine: they wait most of it.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "24"); err != nil {
		panic(err)
	}
	pipelinetest.Main(m)
}
