package series

import (
	"strings"

	"go.opentelemetry.io/otel/attribute"

	"mirrorwatch/pipeline"
)

// MaxAttributes is how many a link has at most.
const MaxAttributes = 8

// AppendAttributes appends what identifies the link, in the order of the keys, which spares a set its sorting. What is empty is
// left out.
func AppendAttributes(to []attribute.KeyValue, s *pipeline.Subject) []attribute.KeyValue {
	for _, a := range [MaxAttributes]struct{ key, value string }{
		{"nats.account", s.Account},
		{"nats.connection", s.Connection},
		{"nats.jetstream.domain", s.Domain},
		{"nats.origin.filter", s.Filter},
		{"nats.origin.name", s.Origin},
		{"nats.origin.via", s.Via},
		{"nats.replication.kind", string(s.Kind)},
		{"nats.stream.name", s.Stream},
	} {
		to = appendAttribute(to, a.key, a.value)
	}
	return to
}

// appendAttribute keeps out what is not UTF-8: a request with one such string could not be encoded at all.
func appendAttribute(to []attribute.KeyValue, key, value string) []attribute.KeyValue {
	if value == "" {
		return to
	}
	return append(to, attribute.String(key, strings.ToValidUTF8(value, "\uFFFD")))
}
