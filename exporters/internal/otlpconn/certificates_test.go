package otlpconn

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mirrorwatch/pipeline/pipelinetest"
)

// A connection that stands goes on when its certificates are rotated on both sides, and the server hangs up.
func TestRotatedCertificatesAreUsedFromTheNextHandshakeOn(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, protocol string) {
		before, after := newAuthority(t), newAuthority(t)
		var current atomic.Pointer[tls.Config]
		current.Store(before.server(t, ""))
		s := start(t, protocol, switching(&current))
		files := mount(t, before)
		c := dial(t, files.config(s.endpoint, protocol))
		if _, err := send(t, c); err != nil {
			t.Fatal(err)
		}
		current.Store(after.server(t, ""))
		files.fill(t, after)
		s.listener.drop()
		pipelinetest.Eventually(t, 2*reconnectMax, "a call arrives by the new certificates", func() bool {
			_, err := send(t, c)
			return err == nil
		})
		current.Store(before.server(t, ""))
		pipelinetest.Eventually(t, 2*reconnectMax, "the authority of before is not trusted any more", func() bool {
			s.listener.drop()
			_, err := send(t, c)
			return err != nil && strings.Contains(err.Error(), "x509")
		})
	})
}

func TestOnlyTheCAFileIsTrusted(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, protocol string) {
		ours := newAuthority(t)
		s := start(t, protocol, ours.server(t, ""))
		good := mount(t, ours).config(s.endpoint, protocol)
		for name, test := range map[string]struct {
			change func(*Config)
			want   codes.Code
			says   string
		}{
			"as it is":          {func(*Config) {}, codes.OK, ""},
			"another authority": {func(c *Config) { c.CAFile = mount(t, newAuthority(t)).config("", "").CAFile }, codes.Unavailable, "x509"},
			"the system's":      {func(c *Config) { c.CAFile = "" }, codes.Unavailable, "x509"},
			"another name":      {func(c *Config) { c.ServerName = "collector" }, codes.Unavailable, "x509"},
			"no certificate":    {func(c *Config) { c.CertFile, c.KeyFile = "", "" }, codes.Unavailable, ""}, // the server may just hang up
		} {
			cfg := good
			test.change(&cfg)
			_, err := send(t, dial(t, cfg))
			if status.Code(err) != test.want || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: error %v, want %s with %q", name, err, test.want, test.says)
			}
		}
	})
}

func TestTheServersNameCanBeSaid(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, protocol string) {
		ours := newAuthority(t)
		s := start(t, protocol, ours.server(t, "collector.example"))
		cfg := mount(t, ours).config(s.endpoint, protocol)
		if _, err := send(t, dial(t, cfg)); err == nil {
			t.Error("a certificate for another name is taken")
		}
		cfg.ServerName = "collector.example"
		if _, err := send(t, dial(t, cfg)); err != nil {
			t.Error(err)
		}
	})
}

func TestFilesOfCertificatesAreChecked(t *testing.T) {
	isolate(t)
	junk := filepath.Join(t.TempDir(), "junk.pem")
	if err := os.WriteFile(junk, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := mount(t, newAuthority(t)).config("https://collector:4317", "")
	for name, test := range map[string]struct {
		cfg         Config
		environment map[string]string
		problem     string
	}{
		"good":                {cfg: good},
		"no CA":               {cfg: Config{CAFile: junk}, problem: "ca_file: read CA file: " + junk + " holds no PEM certificate"},
		"no key":              {cfg: Config{CertFile: good.CertFile}, problem: "cert_file: needs a key beside it"},
		"no certificate":      {cfg: Config{KeyFile: good.KeyFile}, problem: "key_file: needs a certificate beside it"},
		"no pair":             {cfg: Config{CertFile: junk, KeyFile: good.KeyFile}, problem: "cert_file: read certificate and key: tls: failed to find any PEM data in certificate input"},
		"CA, environment":     {environment: map[string]string{"CERTIFICATE": junk}, problem: "ca_file: OTEL_EXPORTER_OTLP_CERTIFICATE: read CA file: " + junk + " holds no PEM certificate"},
		"own CA, environment": {environment: map[string]string{"CERTIFICATE": junk, "METRICS_CERTIFICATE": good.CAFile}},
		"configured CA wins":  {cfg: Config{CAFile: good.CAFile}, environment: map[string]string{"METRICS_CERTIFICATE": junk}},
		"key, environment":    {environment: map[string]string{"CLIENT_CERTIFICATE": good.CertFile}, problem: "cert_file: OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: needs a key beside it"},
		"pair, environment":   {environment: map[string]string{"CLIENT_CERTIFICATE": good.CertFile, "CLIENT_KEY": good.KeyFile}},
	} {
		t.Run(name, func(t *testing.T) {
			for what, value := range test.environment {
				t.Setenv("OTEL_EXPORTER_OTLP_"+what, value)
			}
			test.cfg.Endpoint = "https://collector:4317"
			if got := strings.Join(problems(test.cfg), "; "); got != test.problem {
				t.Errorf("got  %q\nwant %q", got, test.problem)
			}
		})
	}
}

func TestAnHTTPEndpointStaysPlainWithCertificatesInTheEnvironment(t *testing.T) {
	isolate(t)
	t.Setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem")
	eachProtocol(t, func(t *testing.T, protocol string) {
		s := start(t, protocol, nil)
		if _, err := send(t, dial(t, Config{Endpoint: s.endpoint, Protocol: protocol})); err != nil {
			t.Error(err)
		}
	})
}
