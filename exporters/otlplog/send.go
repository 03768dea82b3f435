package otlplog

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"mirrorwatch/exporters/internal/otlpconn"
	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

const (
	maxPause = time.Hour // a server cannot ask to be left alone for longer
	maxSaid  = 300       // characters of a server's words
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

func plain(said string) string { return wording.Plain(said, maxSaid) }
