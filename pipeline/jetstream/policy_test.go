package jetstream

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
)

func TestParseLimitTakesBothDialects(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"120": 2 * time.Minute, "0": 0, "0s": 0, "0.5": 500 * time.Millisecond, ".5": 500 * time.Millisecond,
		"2m": 2 * time.Minute, "1h30m": 90 * time.Minute, "1d12h": 36 * time.Hour, "1.5d": 36 * time.Hour,
		"2w": 14 * 24 * time.Hour, "1y": 365 * 24 * time.Hour, "+5s": 5 * time.Second, "250ms": 250 * time.Millisecond,
		"7µs": 7 * time.Microsecond, "0.0000000001": 1, "292y": 292 * 365 * 24 * time.Hour,
	} {
		if got, err := ParseLimit(text); err != nil || got != want {
			t.Errorf("ParseLimit(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestParseLimitRefusesWhatIsNotWhollyUnderstood(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "the value is empty",
		"5M":                       "a month is never meant",
		"abc5s":                    "not a duration",
		"-5m":                      "a limit is never negative",
		"1m30":                     "a unit is missing after 30; write 30s",
		"120 s":                    "white space is not allowed",
		" 120":                     "white space is not allowed",
		"5S":                       `"S" is no unit`,
		"5mo":                      `"mo" is no unit`,
		"1e3":                      `"e" is no unit`,
		"1e400":                    `"e" is no unit`,
		"NaN":                      "not a duration",
		"Inf":                      "not a duration",
		"1_000":                    "a unit is missing after 1",
		"0x10":                     `"x" is no unit`,
		"s":                        "not a duration",
		"+":                        "not a duration",
		"+-5s":                     "not a duration",
		"293y":                     "too long",
		"99999999999999999999999":  "too long",
		"99999999999999999999999d": "too long",
		"292y292y":                 "too long",
		"٥":                        "not a duration",
	} {
		got, err := ParseLimit(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseLimit(%q) = %v, %v, want an error with %q", text, got, err, want)
		}
	}
}

func TestParsePolicy(t *testing.T) {
	const p = pipeline.MetadataPrefix
	for name, c := range map[string]struct {
		metadata map[string]string
		want     pipeline.Policy
	}{
		"nothing":  {nil, pipeline.Policy{}},
		"not ours": {map[string]string{"_nats.ver": "2.15.2", "owner": "ops"}, pipeline.Policy{}},
		"limits": {
			map[string]string{p + "enabled": "true", p + "seen-critical": "120", p + "lag-critical": "1000"},
			pipeline.Policy{SeenCritical: pipeline.Some(2 * time.Minute), LagCritical: pipeline.Some[uint64](1000)},
		},
		"disabled":           {map[string]string{p + "enabled": "false"}, pipeline.Policy{Disabled: true}},
		"zero switches off":  {map[string]string{p + "seen-critical": "0"}, pipeline.Policy{SeenCritical: pipeline.Some[time.Duration](0)}},
		"no lag is no limit": {map[string]string{p + "lag-critical": "0"}, pipeline.Policy{LagCritical: pipeline.Some[uint64](0)}},
		"checks of the stream as a whole": {
			map[string]string{
				p + "min-sources": "1", p + "max-sources": "2", p + "peer-expect": "3", p + "peer-lag-critical": "4",
				p + "peer-seen-critical": "1m", p + "msgs-warn": "5", p + "msgs-critical": "6",
				p + "subjects-warn": "7", p + "subjects-critical": "8",
			},
			pipeline.Policy{Checks: pipeline.Checks{
				MinSources: 1, MaxSources: 2, PeerExpect: 3, PeerLagCritical: 4, PeerSeenCritical: time.Minute,
				Messages: pipeline.Thresholds{Warning: 5, Critical: 6}, Subjects: pipeline.Thresholds{Warning: 7, Critical: 8},
			}},
		},
		"checks in the other dialect, and off": {
			map[string]string{p + "peer-seen-critical": "1.5", p + "msgs-critical": "0"},
			pipeline.Policy{Checks: pipeline.Checks{PeerSeenCritical: 1500 * time.Millisecond}},
		},
		"checks not understood": {
			map[string]string{p + "peer-seen-critical": "5M", p + "subjects-warn": "1e3"},
			pipeline.Policy{Findings: []pipeline.Finding{
				{Key: "peer-seen-critical", Value: "5M", Problem: `"M" is refused, a month is never meant; write "m" for minutes or "30d" for days`},
				{Key: "subjects-warn", Value: "1e3", Problem: `not a whole number; write digits only, as in "1000"`},
			}},
		},
		"too short": {
			map[string]string{p + "seen-critical": "2s"},
			pipeline.Policy{SeenCritical: pipeline.Some(5 * time.Second), Findings: []pipeline.Finding{
				{Key: "seen-critical", Value: "2s", Problem: `shorter than can be proven, 5s is used; write "5s" or more`},
			}},
		},
		"findings in the order of keys": {
			map[string]string{
				p + "seen-critcal": "60", p + "lag-critical": "-1", p + "enabled": "yes", p + "seen-critical": "5M",
				p + "colour": "red", p + "peer-expect": "three",
			},
			pipeline.Policy{Findings: []pipeline.Finding{
				{Key: "colour", Value: "red", Problem: "unknown key; nothing is checked for it: remove it or correct its name"},
				{Key: "enabled", Value: "yes", Problem: `neither true nor false; the stream stays watched; write "true" or "false"`},
				{Key: "lag-critical", Value: "-1", Problem: `not a whole number; write digits only, as in "1000"`},
				{Key: "peer-expect", Value: "three", Problem: `not a whole number; write digits only, as in "1000"`},
				{Key: "seen-critcal", Value: "60", Problem: `unknown key; did you mean "seen-critical"?`},
				{Key: "seen-critical", Value: "5M", Problem: `"M" is refused, a month is never meant; write "m" for minutes or "30d" for days`},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, ParsePolicy(c.metadata)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEveryKeyOfTheHintsIsKnown(t *testing.T) {
	for _, key := range streamKeys() {
		if _, known := vocabulary(key); !known {
			t.Errorf("%s is hinted at and not known", key)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	for _, value := range []string{"120", "5M", "abc5s", "-5m", "1m30", "120 s", "1e400", "NaN", "292y", "1d12h", "true", "0", ".", "9223372036.854775807"} {
		f.Add("seen-critical", value)
		f.Add("lag-critical", value)
		f.Add("enabled", value)
	}
	for _, key := range streamKeys() {
		f.Add(key, "3")
	}
	f.Add("Seen-critical", "60")
	f.Fuzz(func(t *testing.T, key, value string) {
		p := ParsePolicy(map[string]string{pipeline.MetadataPrefix + key: value})
		limit := p.SeenCritical
		if limit.Value < 0 || !limit.Set && limit.Value != 0 {
			t.Fatalf("%s=%q gives the limit %+v", key, value, limit)
		}
		if limit.Set && limit.Value > 0 && limit.Value < pipeline.MinSeenLimit {
			t.Fatalf("%s=%q gives %v, shorter than can be proven", key, value, limit.Value)
		}
		if limit.Set {
			if again, err := ParseLimit(limit.Value.String()); err != nil || again != limit.Value {
				t.Fatalf("%s=%q gives %v, which reads as %v, %v", key, value, limit.Value, again, err)
			}
		}
		if key == "seen-critical" && limit.Set != (len(p.Findings) == 0 || limit.Value == pipeline.MinSeenLimit) {
			t.Fatalf("%q: limit %+v with findings %+v", value, limit, p.Findings)
		}
		if c := p.Checks; c.PeerSeenCritical < 0 || c != (pipeline.Checks{}) && len(p.Findings) > 0 {
			t.Fatalf("%s=%q gives %+v with findings %+v", key, value, c, p.Findings)
		}
		for _, finding := range p.Findings {
			if finding.Problem == "" {
				t.Fatalf("%s=%q: a finding without a sentence", key, value)
			}
		}
	})
}
