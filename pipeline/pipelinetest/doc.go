// Package pipelinetest holds what tests of the pipeline stand on: a scripted source, sinks and a journal that
// remember, embedded NATS servers, and a TCP link that can be broken on purpose.
package pipelinetest
