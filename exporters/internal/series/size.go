package series

import (
	"go.opentelemetry.io/otel/attribute"
	"google.golang.org/protobuf/encoding/protowire"
)

// What points take when OTLP encodes them, before compression. Its fields in question all have numbers below 16: a tag is one
// byte.

// AttributesSize is exact for string values, and not too small for others.
func AttributesSize(attributes []attribute.KeyValue) int {
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

// field is the size of a length-delimited field: tag, length, contents.
func field(length int) int { return 1 + protowire.SizeBytes(length) }
