package wording_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

func TestPolicyHeadlineNamesTheValuesThatAreNotInForce(t *testing.T) {
	for detail, want := range map[string]string{
		"": `BAD1: a limit in its metadata is not in force as written`,
		`io.nats.monitor.seen-critical: "5M": no; write "m"`: `BAD1: a limit in its metadata is not in force as written: seen-critical "5M"`,
		`io.nats.monitor.lag-critical: "a; \"b": no; io.nats.monitor.seen-critical: "": no`: `BAD1: 2 limits in its metadata are not in force as written: ` +
			`lag-critical "a; \"b", seen-critical ""`,
		`io.nats.monitor.a: "1": no; io.nats.monitor.b: "2": no; io.nats.monitor.c: "3": no`: `BAD1: 3 limits in its metadata are not in force as written: ` +
			`a "1", b "2" and 1 more`,
		`io.nats.monitor.seen-critical: "` + strings.Repeat("9", 99) + `": no`: `BAD1: a limit in its metadata is not in force as written: ` +
			`seen-critical "` + strings.Repeat("9", 28) + `…"`,
		`io.nats.monitor.seen-critical: "cut of`: `BAD1: a limit in its metadata is not in force as written`,
	} {
		story := only(exportertest.Of(bad(detail), pipeline.Opened, 0))
		if got := wording.Headline(&story); got != "WARNING: "+want {
			t.Errorf("%s: %q, want %q", detail, got, want)
		}
	}
}

func TestPolicyHeadlineTakesAnyDetail(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{"io.nats.monitor.", "; ", `"`, `: "`, `\`, "seen-critical", "\xff", "é", "\n"})).Draw(t, "parts")
		story := only(exportertest.Of(bad("io.nats.monitor."+strings.Join(parts, "")), pipeline.Opened, 0))
		if got := wording.Headline(&story); !utf8.ValidString(got) || strings.Contains(got, "\n") || !strings.HasPrefix(got, "WARNING: BAD1: ") {
			t.Errorf("%q", got)
		}
	})
}

func TestSkewIsToldApartFromTheBudget(t *testing.T) {
	for reason, want := range map[string]string{
		pipeline.ReasonSkew:   "WARNING: connection dr: the clocks of its servers and of mirrorwatch differ",
		pipeline.ReasonBudget: "WARNING: connection dr: its limits cannot all be proven in time",
	} {
		i := bad("")
		i.Subject, i.Reason = pipeline.Subject{StreamKey: pipeline.StreamKey{Connection: "dr"}}, reason
		opened := only(exportertest.Of(i, pipeline.Opened, 0))
		if got := wording.Headline(&opened); got != want {
			t.Errorf("%s: %q, want %q", reason, got, want)
		}
		clock := reason == pipeline.ReasonSkew
		commands := strings.Join(wording.Commands(&opened), "\n")
		if strings.Contains(text(&opened), "clock") != clock || strings.Contains(commands, "clock") != clock {
			t.Errorf("%s: it tells\n%s\n%s", reason, text(&opened), commands)
		}
		resolved := only(exportertest.Of(i, pipeline.Resolved, 0))
		if got := wording.Headline(&resolved); strings.Contains(got, "clocks") != clock {
			t.Errorf("%s resolves as %q", reason, got)
		}
	}
}

func bad(detail string) pipeline.Incident {
	i := exportertest.Lost()
	i.Rule, i.Level, i.Reason, i.Detail = pipeline.RulePolicy, pipeline.Warning, pipeline.ReasonMetadata, detail
	i.Subject = pipeline.Subject{StreamKey: pipeline.StreamKey{Connection: "dr", Stream: "BAD1"}}
	i.Unit, i.Limit = pipeline.UnitNone, 0
	return i
}
