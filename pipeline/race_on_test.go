//go:build race

package pipeline_test

const racing = true // the race detector is on
