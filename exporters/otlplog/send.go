package otlplog

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"sync"
	"time"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"mirrorwatch/exporters/internal/otlpconn"
	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

const (
	mostBytes = 3 << 20   // of a request, encoded: a Collector refuses one over 4 MiB
	maxPause  = time.Hour // a server cannot ask to be left alone for longer
	maxSaid   = 300       // characters of a server's words
)

// way is the way to the endpoint. A connection is kept while its calls are answered: after a failure gRPC lets all calls fail
// until it has dialled again, which the next attempt is not to wait for.
type way struct {
	target  *otlpconn.Target
	version string

	mu   sync.Mutex
	conn *otlpconn.Conn // nil: there is none
}

// send makes one request, and tells who asked (pipeline.Exchanges) of it. Its errors are as pipeline.Notifier has them.
func (w *way) send(ctx context.Context, request *collogspb.ExportLogsServiceRequest) (*collogspb.ExportLogsServiceResponse, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, w.target.Timeout)
	defer cancel()
	if w.conn == nil {
		var err error
		if w.conn, err = w.target.Dial(w.version); err != nil {
			return nil, err
		}
	}
	var trailer metadata.MD
	began := time.Now()
	answer, err := collogspb.NewLogsServiceClient(w.conn).Export(ctx, request, grpc.Trailer(&trailer))
	took, answered := time.Since(began), err == nil || len(trailer) > 0
	if code := status.Code(err); code == codes.Unavailable || code == codes.DeadlineExceeded {
		_ = w.conn.Close() // the failure is told already
		w.conn = nil
	}
	told := w.sorted(err)
	w.tell(ctx, request, answer, err, told, answered, took)
	return answer, told
}

// close may be called at any time.
func (w *way) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn != nil {
		_ = w.conn.Close() // nothing is under way
		w.conn = nil
	}
}

// sorted turns a failed call into what a retry mends and what it does not.
func (w *way) sorted(err error) error {
	if err == nil {
		return nil
	}
	s := status.Convert(err)
	told := fmt.Errorf("send to %s: %s: %s", w.target.Place(), s.Code(), plain(s.Message()))
	pause, asked := otlpconn.Pause(err)
	switch s.Code() {
	case codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented:
		return pipeline.Broken(pipeline.Permanent(told)) // no other record would fare better
	case codes.InvalidArgument:
		return pipeline.Permanent(&unfitError{told, true})
	case codes.NotFound, codes.AlreadyExists, codes.FailedPrecondition, codes.Internal:
		return pipeline.Permanent(told)
	case codes.ResourceExhausted: // without a word on when to come again the request was too large
		if !asked {
			return pipeline.Permanent(&unfitError{told, false})
		}
	}
	if pause > 0 {
		return pipeline.RetryAfter(told, min(pause, maxPause))
	}
	return told
}

// unfitError is a refusal that may be about one record, or about how many there are.
type unfitError struct {
	error
	record bool // a record that is refused so by itself is what the server cannot take
}

func (e *unfitError) Unwrap() error { return e.error }

func (w *way) tell(
	ctx context.Context, request *collogspb.ExportLogsServiceRequest, answer *collogspb.ExportLogsServiceResponse, err, told error,
	answered bool, took time.Duration,
) {
	tell := pipeline.Exchanges(ctx)
	if tell == nil {
		return
	}
	e := pipeline.Exchange{
		Method: http.MethodPost, URL: w.target.Place(), Header: w.target.Shown(), Body: []byte(protojson.Format(request)), Took: took, Error: told,
	}
	if answered {
		s := status.Convert(err)
		e.Status, e.Answer = s.Code().String(), []byte(plain(s.Message()))
		if err == nil {
			e.Answer = []byte(protojson.Format(answer))
		}
	}
	tell(e)
}

// parts yields the request, in several where it would have more than most bytes.
func parts(whole *collogspb.ExportLogsServiceRequest, most int) iter.Seq[*collogspb.ExportLogsServiceRequest] {
	return func(yield func(*collogspb.ExportLogsServiceRequest) bool) {
		if proto.Size(whole) <= most {
			yield(whole)
			return
		}
		for _, of := range whole.GetResourceLogs() {
			for _, scoped := range of.GetScopeLogs() {
				part := func(some []*logspb.LogRecord) *collogspb.ExportLogsServiceRequest {
					return &collogspb.ExportLogsServiceRequest{ResourceLogs: []*logspb.ResourceLogs{{
						Resource: of.GetResource(), ScopeLogs: []*logspb.ScopeLogs{{Scope: scoped.GetScope(), LogRecords: some}},
					}}}
				}
				empty := proto.Size(part(nil)) + 16 // lengths grow with what they are of
				from, size := 0, empty
				for n, r := range scoped.GetLogRecords() {
					need := proto.Size(r) + 8
					if n > from && size+need > most {
						if !yield(part(scoped.GetLogRecords()[from:n])) {
							return
						}
						from, size = n, empty
					}
					size += need
				}
				if !yield(part(scoped.GetLogRecords()[from:])) {
					return
				}
			}
		}
	}
}

// cut divides a request into one with its first records and one with the others. Either has none where all are in the other.
func cut(whole *collogspb.ExportLogsServiceRequest, count int) (first, others *collogspb.ExportLogsServiceRequest) {
	first, others = &collogspb.ExportLogsServiceRequest{}, &collogspb.ExportLogsServiceRequest{}
	add := func(to *collogspb.ExportLogsServiceRequest, of *logspb.ResourceLogs, scoped *logspb.ScopeLogs, some []*logspb.LogRecord) {
		if len(some) > 0 {
			to.ResourceLogs = append(to.ResourceLogs, &logspb.ResourceLogs{
				Resource: of.GetResource(), SchemaUrl: of.GetSchemaUrl(),
				ScopeLogs: []*logspb.ScopeLogs{{Scope: scoped.GetScope(), SchemaUrl: scoped.GetSchemaUrl(), LogRecords: some}},
			})
		}
	}
	for _, of := range whole.GetResourceLogs() {
		for _, scoped := range of.GetScopeLogs() {
			all := scoped.GetLogRecords()
			n := min(count, len(all))
			count -= n
			add(first, of, scoped, all[:n])
			add(others, of, scoped, all[n:])
		}
	}
	return first, others
}

// records counts those of a request.
func records(request *collogspb.ExportLogsServiceRequest) (count int) {
	for _, of := range request.GetResourceLogs() {
		for _, scoped := range of.GetScopeLogs() {
			count += len(scoped.GetLogRecords())
		}
	}
	return count
}

func plain(said string) string { return wording.Plain(said, maxSaid) }
