package otlp

import (
	"go.opentelemetry.io/otel/sdk/resource"

	"mirrorwatch/exporters/internal/series"
	"mirrorwatch/pipeline"
)

// What a request takes when it is encoded, before compression. A Collector refuses 4 MiB, so 1 MiB is safe; but until it is sent
// a portion takes some ten times its size in memory, and each request takes a round trip. So small fleets, whose agents are
// small, are told in small portions, and large ones in some hundred requests.

const (
	leastPortion = 256 << 10
	mostPortion  = 1 << 20
	portionALink = 10 // bytes
	// Around the points of a request: its scope, and the name, unit and description of each metric (they take 1 KiB).
	overhead = 4 << 10
)

// portion is how large a request may be for the links of all connections.
func portion(connections []pipeline.ConnectionStatus) int {
	links := 0
	for i := range connections {
		links += connections[i].Links
	}
	return min(max(links*portionALink, leastPortion), mostPortion)
}

// resourceSize is the size of a request without any metric.
func resourceSize(r *resource.Resource) int {
	return overhead + series.AttributesSize(r.Attributes()) + len(r.SchemaURL())
}
