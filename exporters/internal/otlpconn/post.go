package otlpconn

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	protobuf  = "application/x-protobuf"
	maxAnswer = 64 << 10 // bytes
)

// poster makes a POST of each call: OTLP over HTTP.
type poster struct {
	url      string
	agent    string
	compress bool
	client   *http.Client
	plain    sync.Pool // of *[]byte
	packers  sync.Pool // of *gzip.Writer
}

func newPoster(t *Target, agent string) *poster {
	transport := &http.Transport{
		Proxy:               proxy,
		DialContext:         (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout: connectTimeout,
		TLSClientConfig:     t.certificates.config(),
		IdleConnTimeout:     90 * time.Second,
		ForceAttemptHTTP2:   true,
		HTTP2:               &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
	}
	return &poster{
		url: t.url.String(), agent: agent, compress: t.compression == Gzip,
		// A redirect would take the headers, and their secrets, elsewhere.
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

func proxy(request *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(request)
	if err != nil {
		return nil, errors.New("the proxy named in the environment is not a URL") // the error shows the proxy's password
	}
	return u, nil
}

// call is a grpc.UnaryClientInterceptor, the last one: it goes no further.
func (p *poster) call(ctx context.Context, _ string, req, reply any, cc *grpc.ClientConn, _ grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if cc.GetState() == connectivity.Shutdown {
		return status.Error(codes.Canceled, "the connection is closed")
	}
	body, err := p.encode(req.(proto.Message))
	if err != nil {
		return status.Errorf(codes.Internal, "encode request: %v", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return status.Error(codes.Internal, "make request: the URL is not valid")
	}
	headers, _ := metadata.FromOutgoingContext(ctx)
	for name, values := range headers {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	request.Header.Set("User-Agent", p.agent)
	request.Header.Set("Content-Type", protobuf)
	if p.compress {
		request.Header.Set("Content-Encoding", "gzip")
	}
	answer, err := p.client.Do(request)
	if err != nil {
		return unreached(ctx, err)
	}
	defer answer.Body.Close()
	trail(opts, answer)
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if answer.StatusCode/100 != 2 {
		return refusal(answer, text)
	}
	if err != nil {
		return unreached(ctx, err)
	}
	if mediaType(answer) != protobuf {
		return nil // accepted, by a server that says no more
	}
	if err := proto.Unmarshal(text, reply.(proto.Message)); err != nil {
		return status.Errorf(codes.Internal, "decode answer: %v", err)
	}
	return nil
}

// trail gives who asks for the trailer one, as gRPC does for every answer.
func trail(opts []grpc.CallOption, answer *http.Response) {
	for _, o := range opts {
		if asked, ok := o.(grpc.TrailerCallOption); ok {
			*asked.TrailerAddr = metadata.Pairs("status", answer.Status)
		}
	}
}

// encode returns a body of its own: the client may read it after the call has ended.
func (p *poster) encode(m proto.Message) ([]byte, error) {
	if !p.compress {
		return proto.Marshal(m)
	}
	plain, _ := p.plain.Get().(*[]byte)
	if plain == nil {
		plain = new([]byte)
	}
	defer p.plain.Put(plain)
	var err error
	if *plain, err = (proto.MarshalOptions{}).MarshalAppend((*plain)[:0], m); err != nil {
		return nil, err
	}
	packer, _ := p.packers.Get().(*gzip.Writer)
	if packer == nil {
		packer = gzip.NewWriter(io.Discard)
	}
	defer p.packers.Put(packer)
	var packed bytes.Buffer
	packer.Reset(&packed)
	if _, err := packer.Write(*plain); err != nil {
		return nil, err
	}
	if err := packer.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// unreached is the status of a request to which there is no answer.
func unreached(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return status.FromContextError(ctx.Err()).Err()
	}
	var shown *url.Error
	if errors.As(err, &shown) {
		err = shown.Err
	}
	return status.Error(codes.Unavailable, err.Error())
}

// refusal is the status of an answer, as OTLP would have it over gRPC.
func refusal(answer *http.Response, text []byte) error {
	code := codes.Unknown
	said := fmt.Sprintf("the server answers %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	switch answer.StatusCode {
	case http.StatusUnauthorized:
		code = codes.Unauthenticated
	case http.StatusForbidden:
		code = codes.PermissionDenied
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusUnsupportedMediaType:
		code = codes.Unimplemented
	case http.StatusRequestEntityTooLarge:
		code = codes.ResourceExhausted
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		code = codes.Unavailable
	case http.StatusRequestTimeout, http.StatusTooEarly:
	default:
		switch answer.StatusCode / 100 {
		case 3:
			code, said = codes.FailedPrecondition, said+", and redirects are not followed"
		case 4:
			code = codes.InvalidArgument
		}
	}
	if reason := reasonIn(answer, text); reason != "" {
		said += ": " + reason
	}
	s := status.New(code, said)
	if pause, ok := retryAfter(answer, time.Now()); ok && code == codes.Unavailable {
		if detailed, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(pause)}); err == nil {
			s = detailed
		}
	}
	return s.Err()
}

// reasonIn is what the server says of its refusal, but for whole pages.
func reasonIn(answer *http.Response, text []byte) string {
	reason := ""
	switch mediaType(answer) {
	case protobuf:
		var s rpc.Status
		if proto.Unmarshal(text, &s) == nil {
			reason = s.GetMessage()
		}
	case "text/html":
	default:
		reason = string(text)
	}
	return strings.ToValidUTF8(strings.TrimSpace(reason), "\uFFFD")
}

func mediaType(answer *http.Response) string {
	t, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	return t
}

// retryAfter reads seconds or a date.
func retryAfter(answer *http.Response, now time.Time) (time.Duration, bool) {
	text := answer.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
}
