// Package faults injects real faults into real NATS servers, and holds against each what the agent tells of it: the rule, how
// long after the limit, the cause, and when it is well again. It has tests only.
//
//	go test ./agent/faults                          the quick ones, a few minutes
//	go test ./agent/faults -whole -v -timeout 60m   all of them; the table is the end of its output
package faults
