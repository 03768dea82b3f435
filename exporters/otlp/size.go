package otlp

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	"google.golang.org/protobuf/encoding/protowire"
)

// What a request takes when it is encoded, before compression. OTLP's fields in question all have numbers below 16:
// a tag is one byte.

const (
	maxRequest = 3 << 20 // a Collector refuses 4 MiB
	// Around the points of a request: its scope, and the name, unit and description of each metric (they take 1 KiB).
	overhead = 4 << 10
)

// attributesSize is exact for string values, and not too small for others.
func attributesSize(attributes []attribute.KeyValue) int {
	size := 0
	for _, kv := range attributes {
		var value int
		if kv.Value.Type() == attribute.STRING {
			value = field(len(kv.Value.AsString()))
		} else {
			value = field(2*len(kv.Value.String()) + 16)
		}
		size += field(field(len(kv.Key)) + field(value))
	}
	return size
}

// pointSize is the size of a number data point with a start time, a time and a value, which take 9 bytes each.
func pointSize(attributes int) int { return field(attributes + 3*9) }

// resourceSize is the size of a request without any metric.
func resourceSize(r *resource.Resource) int {
	return overhead + attributesSize(r.Attributes()) + len(r.SchemaURL())
}

// field is the size of a length-delimited field: tag, length, contents.
func field(length int) int { return 1 + protowire.SizeBytes(length) }
