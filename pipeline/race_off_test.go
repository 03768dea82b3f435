//go:build !race

package pipeline_test

const racing = false

const shrunk = 1 // see race_on_test.go
