package agent

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// Whatever is wrong with receivers or the configuration on disk, the pod stays in service, and the body says it.
func TestHTTPReadyTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	j := pastJournal(t, t.TempDir())
	h := &HTTP{
		Board: pipeline.NewBoard(noon()), Ready: func() error { return nil }, Now: noon, History: j,
		Receivers: func() []pipeline.ReceiverStats {
			return []pipeline.ReceiverStats{{Receiver: "ops", Pending: 1, Held: 2, Oldest: noon().Add(-time.Hour), Broken: noon().Add(-time.Minute), Error: "answered 401"}}
		},
		Config: func() (string, time.Time) { return "config.yaml:3: interval: want 1s to 5m", noon().Add(-time.Hour) },
	}
	ready := decoded[readyState](t, ask(h, "GET", "/readyz", ""), http.StatusOK)
	if r := ready.Receivers[0]; r.Held != 2 || r.Broken == nil || !r.Broken.Equal(noon().Add(-time.Minute)) || *r.Oldest != 3600 {
		t.Errorf("receiver: got %+v", r)
	}
	if c := ready.Configuration; c == nil || !strings.Contains(c.Error, "interval") || !c.Since.Equal(noon().Add(-time.Hour)) {
		t.Errorf("configuration: got %+v", c)
	}
	if head, err := j.Head(); err != nil || ready.AuditHead != "6:"+head.Hash.String() {
		t.Errorf("audit: got %s, want %v, %v", ready.AuditHead, head, err)
	}
}

func TestHTTPIncidentsTellFlapsAndMetadata(t *testing.T) {
	t.Parallel()
	board := pipeline.NewBoard(noon())
	board.PutIncident(pipeline.Incident{ID: "mw-1", Rule: pipeline.RuleSeen, Level: pipeline.Critical, Opened: noon(), Flaps: 4, Metadata: map[string]string{"owner": "payments"}})
	h := &HTTP{Board: board, Now: noon}
	open := decoded[[]IncidentState](t, ask(h, "GET", "/api/v1/incidents", ""), http.StatusOK)
	if len(open) != 1 || open[0].Flaps != 4 || open[0].Metadata["owner"] != "payments" || open[0].SilencedBy != nil {
		t.Errorf("got %+v", open)
	}
}
