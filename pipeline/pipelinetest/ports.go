package pipelinetest

import (
	"math/rand/v2"
	"net"
	"testing"
)

// Ports that must be known before their servers run come from here: below those that systems give to outgoing
// connections, so that none of these takes one while its server is down.
const (
	firstPort = 20000
	lastPort  = 31999
	portTries = 1000
)

// freePorts returns n different ports on loopback that nobody listens on.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range portTries {
		if len(ports) == n {
			return ports
		}
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		listener, err := net.Listen("tcp", loopback(port))
		if err != nil {
			continue
		}
		defer listener.Close() // at the end, so that no port comes twice
		ports = append(ports, port)
	}
	t.Fatalf("no %d free ports between %d and %d", n, firstPort, lastPort)
	return nil
}
