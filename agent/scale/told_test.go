package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"mirrorwatch/agent/internal/measure"
	"mirrorwatch/pipeline"
)

func TestAgentsSettleForRoundsAndForATime(t *testing.T) {
	begun := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	rounds := 0
	ready := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		rounds++ // each time that it is asked
		c := pipeline.ConnectionStatus{Links: 7, Round: begun.Add(time.Duration(rounds) * time.Second)}
		_ = json.NewEncoder(w).Encode(map[string]any{"connections": []any{c}}) // who hung up sees nothing
	}))
	defer ready.Close()
	defer http.DefaultClient.CloseIdleConnections()
	a := &agent{&measure.Agent{API: ready.URL}}
	if err := a.settles(t.Context(), plan{links: 7}); err != nil {
		t.Fatal(err)
	}
	if want := 1 + 2*settleRounds; rounds != want {
		t.Errorf("it was asked %d times, want %d: for its links, and twice for each of %d rounds", rounds, want, settleRounds)
	}
	const settling = 10 * lookEach
	began := time.Now()
	if err := a.settles(t.Context(), plan{links: 7, settling: settling}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < settling {
		t.Errorf("it settled within %s, want %s at least", took, settling)
	}
}
