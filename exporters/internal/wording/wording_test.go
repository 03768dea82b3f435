package wording_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

func TestHeadlineTellsEveryKindOfChange(t *testing.T) {
	lost := exportertest.Lost()
	for kind, want := range map[pipeline.ChangeKind]string{
		pipeline.Opened:    "CRITICAL: mirror PAYMENTS_MIRROR has had no contact with its origin PAYMENTS for 3m",
		pipeline.Escalated: "CRITICAL (was warning): mirror PAYMENTS_MIRROR has had no contact with its origin PAYMENTS for 3m",
		pipeline.Eased:     "WARNING (was critical): mirror PAYMENTS_MIRROR has had no contact with its origin PAYMENTS for 3m",
		pipeline.Reminded:  "STILL CRITICAL: mirror PAYMENTS_MIRROR has had no contact with its origin PAYMENTS for 3m",
		pipeline.Updated:   "CRITICAL (update): mirror PAYMENTS_MIRROR has had no contact with its origin PAYMENTS for 3m",
		pipeline.Resolved:  "RESOLVED: mirror PAYMENTS_MIRROR is in contact with its origin PAYMENTS again after 3m",
		pipeline.Closed:    "NO LONGER WATCHED: mirror PAYMENTS_MIRROR was deleted (this is not a recovery)",
	} {
		story := only(exportertest.Of(lost, kind, 2*time.Minute))
		if got := wording.Headline(&story); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}

func TestStreamThatCannotBeAskedIsNotSaidToHaveLostContact(t *testing.T) {
	lost := exportertest.Lost()
	lost.Reason = string(pipeline.FaultNoAnswer)
	story := only(exportertest.Of(lost, pipeline.Opened, 0))
	if got := wording.Headline(&story); !strings.Contains(got, "has not been proven in contact") {
		t.Errorf("headline is %q", got)
	}
}

func TestStoriesHoldTheNewestOfEachIncidentWorstFirst(t *testing.T) {
	warning, gone, critical := exportertest.Lost(), exportertest.Lost(), exportertest.Lost()
	warning.ID, warning.Level = "mw-warning", pipeline.Warning
	gone.ID = "mw-gone"
	critical.ID, critical.Opened = "mw-critical", critical.Opened.Add(time.Hour)
	stories := wording.Stories([]pipeline.Change{
		exportertest.Of(gone, pipeline.Opened, 0),
		exportertest.Of(warning, pipeline.Updated, 0),
		exportertest.Of(critical, pipeline.Opened, 0),
		exportertest.Of(critical, pipeline.Updated, time.Minute),
		exportertest.Of(gone, pipeline.Resolved, time.Minute),
	})
	var got []string
	for _, s := range stories {
		got = append(got, s.Change.Key())
	}
	if want := "mw-critical/2 mw-warning/2 mw-gone/2"; strings.Join(got, " ") != want {
		t.Errorf("stories are %v, want %s", got, want)
	}
	if !stories[0].Pings || stories[1].Pings || !stories[2].Late || stories[0].Late {
		t.Errorf("pings and late are wrong: %+v", stories)
	}
}

func TestCommandsLeaveOutNamesThatAShellWouldRead(t *testing.T) {
	for name, want := range map[string]string{
		"PAYMENTS":               "nats stream info PAYMENTS  #",
		"$KV & more":             "nats stream info '$KV & more'  #",
		"x'; rm -rf / #":         "",
		"`id`":                   "",
		"--help":                 "",
		"line\nbreak":            "",
		"\xff":                   "",
		strings.Repeat("x", 256): "",
	} {
		lost := exportertest.Lost()
		lost.Subject.Stream = name
		story := only(exportertest.Of(lost, pipeline.Opened, 0))
		got := strings.Join(wording.Commands(&story), "\n")
		if want != "" && !strings.Contains(got, want) || want == "" && strings.Contains(got, name) {
			t.Errorf("%q: commands are\n%s", name, got)
		}
	}
}

func TestFarEndIsAskedTheWayTheMirrorReachesIt(t *testing.T) {
	for via, want := range map[string]string{
		"":              "nats stream info PAYMENTS ",
		"$JS.hub.API":   "nats --js-domain hub stream info PAYMENTS ",
		"hub.js.import": "nats --js-api-prefix hub.js.import stream info PAYMENTS ",
		"$X.API":        "nats --js-api-prefix '$X.API' stream info PAYMENTS ",
	} {
		lost := exportertest.Lost()
		lost.Subject.Via = via
		story := only(exportertest.Of(lost, pipeline.Opened, 0))
		if got := strings.Join(wording.Commands(&story), "\n"); !strings.Contains(got, want) {
			t.Errorf("via %q: commands are\n%s", via, got)
		}
	}
}

func TestDurationAndCount(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 300 * time.Millisecond: "0.3s", 9960 * time.Millisecond: "10s", 62 * time.Second: "1m 2s", time.Minute: "1m",
		time.Hour + 59*time.Second: "1h", 26 * time.Hour: "1d 2h", -time.Second: "0s",
	} {
		if got := wording.Duration(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := wording.Count(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}

func TestPlainIsOneShortLineOfValidText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, limit := string(rapid.SliceOf(rapid.Byte()).Draw(t, "text")), rapid.IntRange(1, 40).Draw(t, "limit")
		got := wording.Plain(text, limit)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > limit || strings.ContainsAny(got, "\n\r\t\x00\x1b") {
			t.Errorf("%q in %d characters is %q", text, limit, got)
		}
		if again := wording.Plain(got, limit); again != got {
			t.Errorf("%q is %q the second time", got, again)
		}
	})
}

func only(changes ...pipeline.Change) wording.Story { return wording.Stories(changes)[0] }

func TestFactsBeginWithWhatIsMost(t *testing.T) {
	story := only(exportertest.Of(exportertest.Lost(), pipeline.Reminded, time.Hour))
	var labels []string
	for _, fact := range wording.Facts(&story) {
		labels = append(labels, fact.Label)
	}
	if got, want := strings.Join(labels, ", "), "Means, No proven contact for, Silent since, Why, Open since, What"; got != want {
		t.Errorf("facts are %s, want %s", got, want)
	}
	if facts := text(&story); !strings.Contains(facts, "No proven contact for: 1h 1m when this was written; limit 1m (seen-critical)") {
		t.Errorf("facts are\n%s", facts)
	}
}

func TestCheckCanBePasted(t *testing.T) {
	story := only(exportertest.Of(exportertest.Lost(), pipeline.Opened, 0))
	got := strings.Join(wording.Commands(&story), "\n")
	if want := "mirrorwatch check --context CONTEXT --stream PAYMENTS_MIRROR  #"; !strings.Contains(got, want) {
		t.Errorf("commands are\n%s", got)
	}
}
