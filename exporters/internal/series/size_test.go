package series

import (
	"testing"

	"go.opentelemetry.io/otel/attribute"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricpb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"mirrorwatch/pipeline"
)

func TestThePointSizeIsWhatEncodingTakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringN(0, 40_000, -1))
		subject := pipeline.Subject{
			StreamKey: pipeline.StreamKey{Connection: text.Draw(t, "connection"), Account: text.Draw(t, "account"), Stream: text.Draw(t, "stream")},
			Kind:      pipeline.KindMirror, Origin: text.Draw(t, "origin"), Via: text.Draw(t, "via"), Filter: text.Draw(t, "filter"),
		}
		attributes := AppendAttributes(nil, &subject)
		encoded := &metricpb.NumberDataPoint{
			StartTimeUnixNano: 1, TimeUnixNano: 1, Value: &metricpb.NumberDataPoint_AsDouble{AsDouble: 1},
		}
		for _, kv := range attributes {
			encoded.Attributes = append(encoded.Attributes, &commonpb.KeyValue{
				Key: string(kv.Key), Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: kv.Value.AsString()}},
			})
		}
		want := proto.Size(&metricpb.Gauge{DataPoints: []*metricpb.NumberDataPoint{encoded}})
		if got := pointSize(AttributesSize(attributes)); got != want {
			t.Fatalf("%d bytes, want %d", got, want)
		}
		if set := attribute.NewSet(attributes...); set.Len() != len(attributes) {
			t.Fatalf("a set of %d attributes, want %d", set.Len(), len(attributes))
		}
	})
}
