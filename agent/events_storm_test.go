package agent

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"

	"mirrorwatch/exporters/otlplog"
	"mirrorwatch/exporters/otlptest"
	"mirrorwatch/pipeline"
)

// What falls due while a request is on its way to a receiver of events that no route names goes in few requests, and not in one
// a change.
func TestStormOfEventsIsFewRequests(t *testing.T) {
	t.Parallel()
	c := otlptest.Start(t, false)
	asked, answer := make(chan struct{}, 100), make(chan struct{})
	c.Answer(func() (*collogspb.ExportLogsServiceResponse, error) {
		select {
		case asked <- struct{}{}:
		default:
		}
		<-answer
		return &collogspb.ExportLogsServiceResponse{}, nil
	})
	config, _ := load(t, oneConnection+fmt.Sprintf("exporters: {otlplog: [{name: events, endpoint: %q, timeout: 30s}]}\n", c.Endpoint))
	d := startDispatch(t, config)
	const n = 2 * otlplog.MostIncidents
	var all []pipeline.Change
	for k, kind := range []pipeline.ChangeKind{pipeline.Opened, pipeline.Updated, pipeline.Resolved} {
		for _, one := range eventsOf(n, kind) {
			all = append(all, one)
			d.Submit(pipeline.Kept{Changes: []pipeline.Change{one}})
			if len(all) == 1 {
				<-asked
			}
		}
		if k == 1 {
			close(answer)
		}
	}
	awaitRecords(t, c, all)
	newest := map[string]int{}
	for _, r := range c.Records() {
		uid := r.GetAttributes()[0].GetValue().GetStringValue()
		incident, text, _ := strings.Cut(uid, "/")
		number, err := strconv.Atoi(text)
		if err != nil || number > newest[incident]+1 {
			t.Errorf("%s follows /%d", uid, newest[incident])
		}
		newest[incident] = max(number, newest[incident])
	}
	requests := len(c.Requests())
	t.Logf("%d requests for %d changes of %d incidents", requests, len(all), n)
	if requests > len(all)/20 {
		t.Errorf("%d requests for %d changes", requests, len(all))
	}
}
