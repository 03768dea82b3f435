package webhook

import (
	"encoding/json"
	"testing"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

// PagerDuty hears of a group as one alert, so a storm is one event however large it is; other bodies name every incident.
func TestStormIsOneEvent(t *testing.T) {
	if most := (&Config{}).Most(); most != MostIncidents {
		t.Errorf("alertmanager: %d incidents a batch", most)
	}
	c := Config{Body: BodyPagerDuty}
	if c.Most() != 0 {
		t.Errorf("pagerduty: %d incidents a batch", c.Most())
	}
	n := exportertest.Storm(10 * MostIncidents)[1]
	text, err := encode(eventsOf(pipeline.Pages{}, &n))
	if err != nil {
		t.Fatal(err)
	}
	var events []json.RawMessage
	if err := json.Unmarshal(text, &events); err != nil || len(events) != 1 || len(text) > 64<<10 {
		t.Errorf("%d events, %d bytes, %v", len(events), len(text), err)
	}
}
