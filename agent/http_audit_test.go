package agent

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
)

// breaking is a journal whose file cannot be read any more after some bytes.
type breaking struct {
	*journal.Journal
	after int
}

func (b breaking) Export(w io.Writer, from uint64) error {
	if b.after == 0 {
		return errors.New("input/output error")
	}
	if err := b.Journal.Export(w, from); err != nil {
		return err
	}
	if _, err := io.WriteString(w, strings.Repeat("\n", b.after)); err != nil {
		return err
	}
	return errors.New("input/output error")
}

// An export that broke off is never taken for a whole one.
func TestHTTPAuditThatBreaksOff(t *testing.T) {
	t.Parallel()
	j := pastJournal(t, t.TempDir())
	for _, after := range []int{0, 1 << 20} {
		h := &HTTP{Board: pipeline.NewBoard(noon()), Now: noon, History: breaking{j, after}}
		server := httptest.NewUnstartedServer(h.Handler())
		server.Start()
		defer server.Close()
		out := filepath.Join(t.TempDir(), "audit.jsonl")
		if got := invoke(t, "audit", "export", "--address", server.URL, "--out", out); got.code != 1 || got.errors == "" {
			t.Errorf("export: exit code %d: %s", got.code, got.errors)
		}
		if _, err := os.Stat(out); err == nil {
			t.Error("export: half a file is left")
		}
		if got := invoke(t, "audit", "verify", "--address", server.URL); got.code != 3 || got.out != "" {
			t.Errorf("verify: exit code %d: %s%s", got.code, got.out, got.errors)
		}
		if after == 0 {
			if got := ask(h, "GET", "/api/v1/audit", ""); got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "input/output error") {
				t.Errorf("got %d %s", got.Code, got.Body)
			}
		}
	}
}
