package otlpconn

import (
	"net/http"
	"strings"
	"testing"

	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mirrorwatch/pipeline"
)

func TestNoPartOfASecretIsShown(t *testing.T) {
	isolate(t)
	const token = "abcdef0123456789"
	eachProtocol(t, func(t *testing.T, protocol string) {
		for name, said := range map[string]string{
			"without its scheme":     "token " + token + " has expired",
			"where the text is cut":  strings.Repeat("x", maxSaid-10) + "Bearer " + token,
			"where 300 bytes end":    strings.Repeat("x", 290) + "Bearer " + token,
			"in a very long message": strings.Repeat(token+" ", 1000),
		} {
			s := start(t, protocol, nil)
			s.grpcAnswer = func() (*colmetricpb.ExportMetricsServiceResponse, error) {
				return nil, status.Error(codes.Unauthenticated, said)
			}
			s.httpAnswer = func(w http.ResponseWriter, _ *http.Request) { http.Error(w, said, http.StatusUnauthorized) }
			_, err := send(t, dial(t, Config{
				Endpoint: s.endpoint, Protocol: protocol,
				Headers: map[string]pipeline.Secret{"authorization": pipeline.NewSecret("Bearer " + token)},
			}))
			if shown := status.Convert(err).Message(); strings.Contains(shown, token[:2]) || len(shown) > maxSaid+len("…") {
				t.Errorf("%s: %s", name, shown)
			}
		}
	})
}

func TestAHostMayBeCalledAsASchemeOfGRPC(t *testing.T) {
	isolate(t)
	for _, host := range []string{"unix", "dns", "passthrough", "collector"} {
		c := dial(t, Config{Endpoint: "http://" + host + ":4317"})
		if got, want := c.CanonicalTarget(), "dns:///"+host+":4317"; got != want {
			t.Errorf("dials %s, want %s", got, want)
		}
	}
}
