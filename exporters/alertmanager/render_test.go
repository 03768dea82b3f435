package alertmanager

import (
	"testing"

	"mirrorwatch/exporters/exportertest"
)

func TestGolden(t *testing.T) {
	a := open(t, Config{URLs: []string{"http://127.0.0.1:1"}})
	all := exportertest.Samples()
	for _, name := range []string{
		"opened", "escalated", "cause-found", "resolved", "closed", "late", "rule-delivery-broken", "storm-opened", "storm-partly", "storm-over", "test",
	} {
		t.Run(name, func(t *testing.T) {
			text, err := a.Render(all[name])
			if err != nil {
				t.Fatal(err)
			}
			exportertest.Golden(t, name, text)
		})
	}
}
