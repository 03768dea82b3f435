// Package delivery holds what becomes of a page when something fails on its way: the binary with a real NATS before a
// receiver that refuses, is slow or is away, beside Alertmanager before the same. It has tests only.
//
//	go test ./agent/delivery                                          the agent alone, half a minute
//	go test ./agent/delivery -alertmanager PATH -v -timeout 20m       both, with their defaults; the tables are in its output
package delivery
