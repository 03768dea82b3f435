package jetstream

import (
	"log/slog"
	"testing"
	"time"
)

// A server that missed one question may only have been slow: a stream that was elsewhere then may have moved to it since.
func TestServerThatMissedOneQuestionMayHoldWhatMovedSince(t *testing.T) {
	asked := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	m := &members{log: slog.New(slog.DiscardHandler)}
	m.heard(serverInfo{Name: "n3", ID: "N3"}, asked.Add(-time.Minute))
	m.missed(map[string]bool{"n3": true}, asked)
	for after, want := range map[time.Duration]string{-time.Second: "n3", 0: "n3", 5 * time.Second: ""} {
		if got := m.silentIn("", asked.Add(after)); got != want {
			t.Errorf("of a stream that was elsewhere when asked %s after the question: %q, want %q", after, got, want)
		}
	}
	if got := m.silentIn("", time.Time{}); got != "n3" {
		t.Errorf("of a stream of which nobody knows where it was: %q", got)
	}
}
