// Package pipelinetest holds what tests of the pipeline stand on: a scripted source, sinks and a journal that
// remember, and real NATS servers with TCP links that can be broken on purpose: single servers, in this process or in one
// that can be frozen and killed, leafnodes, clusters, two clusters with gateways, and accounts that import from another.
package pipelinetest
