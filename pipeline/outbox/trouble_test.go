package outbox_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// lineLog keeps what is logged until it is taken.
type lineLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lineLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lineLog) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

func TestFailureIsLoggedWhenItBeginsWhenItChangesAndOnceAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines lineLog
		sink := pipelinetest.NewSink()
		d := openDeskLogged(t, pipelinetest.NewMemJournal(), []pipeline.Receiver{{Name: "ops", Notifier: sink}},
			slog.New(slog.NewTextHandler(&lines, nil)))
		logged := func(wait time.Duration) (all []string) { // without time, batch and age
			lines.take()
			pass(wait)
			for line := range strings.Lines(lines.take()) {
				if strings.Contains(line, "nobody can be told") || strings.Contains(line, "incident=") { // of the receiver's trouble
					continue
				}
				_, line, _ = strings.Cut(line, "msg=")
				message, rest, _ := strings.Cut(line, "receiver=ops batch=mw-")
				_, rest, _ = strings.Cut(rest, " ")
				rest, age, _ := strings.Cut(strings.TrimSpace(rest), " oldest_age=")
				if _, err := time.ParseDuration(age); err != nil && rest != "" {
					t.Errorf("age in %q: %v", line, err)
				}
				all = append(all, strings.TrimSpace(message+rest))
			}
			return all
		}
		sink.Fail(errors.New("503"))
		d.submit(opened("a"), opened("b"))
		equal(t, "it begins", logged(30*time.Minute), `"delivery failed" error=503 pending=2`)
		sink.Fail(errors.New("refused"))
		equal(t, "another text", logged(30*time.Minute), `"delivery fails in another way" error=refused pending=2`)
		still := `"delivery still fails" error=refused pending=2`
		equal(t, "while it lasts", logged(140*time.Minute), still, still)
		sink.Fail(pipeline.Permanent(errors.New("refused")))
		equal(t, "another class", logged(6*time.Minute), `"delivery fails in another way" error=refused pending=2`)
		sink.Fail(nil)
		equal(t, "it ends", logged(10*time.Minute), `"receiver accepts again"`)
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
}
