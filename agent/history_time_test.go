package agent

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func TestHistorySpans(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"2h": 2 * time.Hour, "90m": 90 * time.Minute, "7d": 7 * day, "1d12h": 36 * time.Hour, "2w": 14 * day, "1w1d1h": 8*day + time.Hour,
		"": 0, "0s": 0, "-2h": 0, "2": 0, "d": 0, "1.5d": 0, "1d-2h": 0, "1h2d": 0, "2x": 0, "999999999d": 0, "30501w": 0, "+1d": 0,
	} {
		if got, err := parseSpan(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: got %s, %v, want %s", text, got, err, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0s", 400 * time.Millisecond: "400ms", 12 * time.Second: "12s", 59*time.Second + 900*time.Millisecond: "59s", 90 * time.Second: "1m30s",
		5*time.Hour + 12*time.Minute + 40*time.Second: "5h13m", 3*day + 4*time.Hour: "3d4h", 60 * time.Minute: "1h",
		day - time.Second: "1d", time.Hour - 100*time.Millisecond: "1h", 400 * day: "400d",
	} {
		if got := spanText(d); got != want {
			t.Errorf("%s: got %s, want %s", d, got, want)
		}
	}
}

func TestHistoryMoments(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	santiago, err := time.LoadLocation("America/Santiago") // its clocks go forward at midnight
	if err != nil {
		t.Fatal(err)
	}
	now := noon()
	for _, test := range []struct {
		text string
		zone *time.Location
		last bool
		want string
	}{
		{"2026-03-01", time.UTC, false, "2026-03-01T00:00:00Z"},
		{"2026-03-01", time.UTC, true, "2026-03-02T00:00:00Z"},
		{"2026-03-29", berlin, false, "2026-03-28T23:00:00Z"},
		{"2026-03-29", berlin, true, "2026-03-29T22:00:00Z"}, // a day of 23 hours
		{"2025-09-06", santiago, true, "2025-09-07T04:00:00Z"},
		{"2025-09-07", santiago, false, "2025-09-07T04:00:00Z"}, // there is no 00:00
		{"2025-09-07", santiago, true, "2025-09-08T03:00:00Z"},
		{"2026-03-01T14:30", berlin, true, "2026-03-01T13:30:00Z"},
		{"2026-03-01 14:30:05", time.UTC, true, "2026-03-01T14:30:05Z"},
		{"2026-03-01T14:30:00+02:00", time.UTC, false, "2026-03-01T12:30:00Z"},
		{"30d", time.UTC, false, "2026-02-02T12:00:00Z"},
		{"-12h", time.UTC, true, "2026-03-04T00:00:00Z"},
		{"now", time.UTC, true, "2026-03-04T12:00:00Z"},
		{"yesterday", time.UTC, true, ""},
		{"2026-02-30", time.UTC, true, ""},
		{"", time.UTC, true, ""},
	} {
		got, err := parseMoment(test.text, now, test.zone, test.last)
		if err != nil {
			got = time.Time{}
		}
		if text := got.UTC().Format(time.RFC3339); (test.want == "") != (err != nil) || test.want != "" && text != test.want {
			t.Errorf("%q in %s: got %s, %v, want %s", test.text, test.zone, text, err, test.want)
		}
	}
}
