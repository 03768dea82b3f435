package prometheus

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNamesAreThoseOfACollector(t *testing.T) {
	for _, test := range []struct {
		name, unit string
		counter    bool
		want       string
	}{
		{"nats.replication.last_seen.age", "s", false, "nats_replication_last_seen_age_seconds"},
		{"nats.replication.lag", "{message}", false, "nats_replication_lag"},
		{"nats.replication.status", "", false, "nats_replication_status"},
		{"nats.replication.violations", "{violation}", true, "nats_replication_violations_total"},
		{"nats.replication.blackout.time", "s", true, "nats_replication_blackout_time_seconds_total"},
		{"mirrorwatch.looks.limit", "{stream}/s", false, "mirrorwatch_looks_limit_per_second"},
		{"go.config.gogc", "%", false, "go_config_gogc_percent"},
		{"go.memory.allocated", "By", true, "go_memory_allocated_bytes_total"},
		{"a.total.of.seconds", "s", true, "a_of_seconds_total"},
	} {
		if got := familyName(test.name, test.unit, test.counter); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestAnyLabelIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		value := strings.ToValidUTF8(rapid.String().Draw(rt, "value"), "")
		help := strings.ToValidUTF8(rapid.StringMatching(`[a-z"\\\n]+`).Draw(rt, "help"), "")
		var out strings.Builder
		p := &page{to: &out}
		if err := p.family(&family{name: "n", help: "h" + help + "h", kind: gauge, samples: func(p *page) {
			p.sample("")
			p.label("a.b", value)
			p.label("c", "last")
			p.value(1.5)
		}}); err != nil {
			rt.Fatal(err)
		}
		if err := p.flush(); err != nil {
			rt.Fatal(err)
		}
		got := parse(t, strings.NewReader(out.String()))
		want := fmt.Sprintf("GAUGE n[a_b=%q c=\"last\"]", value)
		if value == "" { // which is the same as no label
			want = `GAUGE n[c="last"]`
		}
		if got.samples[want] != 1.5 || got.help["n"] != "h"+help+"h" {
			rt.Errorf("%q is read as %v", out.String(), got)
		}
	})
}
