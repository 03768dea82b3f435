package agent

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestDurationsInTheLogCanBeRead(t *testing.T) {
	var out bytes.Buffer
	NewLogger(&out, slog.LevelInfo).Info("kept", "keep_for", 72*time.Hour)
	if line := out.String(); !strings.Contains(line, `"keep_for":"72h0m0s"`) {
		t.Errorf("%s", line)
	}
}
