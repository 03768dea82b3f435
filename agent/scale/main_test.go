package main

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is main too, for the parts that the benchmark starts of this binary.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "part" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}
