package otlp

import (
	"context"
	"sync"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// spans is what arrived of traces.
type spans struct {
	coltracepb.UnimplementedTraceServiceServer
	mu  sync.Mutex
	all []*tracepb.Span
}

func (s *spans) Export(_ context.Context, r *coltracepb.ExportTraceServiceRequest) (*coltracepb.ExportTraceServiceResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rs := range r.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			s.all = append(s.all, ss.GetSpans()...)
		}
	}
	return &coltracepb.ExportTraceServiceResponse{}, nil
}

func (s *spans) named(name string) []*tracepb.Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*tracepb.Span
	for _, span := range s.all {
		if span.GetName() == name {
			all = append(all, span)
		}
	}
	return all
}
