package otlp

import (
	"testing"

	"mirrorwatch/pipeline"
)

func TestLargeFleetsAreToldInLargerRequests(t *testing.T) {
	for links, want := range map[int]int{0: 256 << 10, 10_000: 256 << 10, 60_000: 600_000, 100_000: 1_000_000, 1_000_000: 1 << 20} {
		connections := []pipeline.ConnectionStatus{{Links: links / 2}, {Links: links / 2}}
		if got := portion(connections); got != want {
			t.Errorf("%d links: %d bytes a request, want %d", links, got, want)
		}
	}
}
