package agent

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

const day = 24 * time.Hour

var errWantSpan = errors.New("want a time such as 2h, 90m or 7d")

// parseSpan reads a positive duration, which may also count days and weeks: "2h", "1d12h", "4w".
func parseSpan(text string) (time.Duration, error) {
	var whole time.Duration
	rest := text
	for _, unit := range []struct {
		sign string
		is   time.Duration
	}{{"w", 7 * day}, {"d", day}} {
		count, after, found := strings.Cut(rest, unit.sign)
		if !found {
			continue
		}
		var n int
		if _, err := fmt.Sscanf(count, "%d", &n); err != nil || fmt.Sprint(n) != count || n < 0 || n > 10_000 {
			return 0, errWantSpan
		}
		whole, rest = whole+time.Duration(n)*unit.is, after
	}
	if rest != "" {
		d, err := time.ParseDuration(rest)
		if err != nil || d < 0 {
			return 0, errWantSpan
		}
		whole += d
	}
	if whole <= 0 {
		return 0, errWantSpan
	}
	return whole, nil
}

// spanText writes a duration by its two largest units: 3d4h, 5h12m, 4m30s, 12s; below a second as it is.
func spanText(d time.Duration) string {
	units := []struct {
		sign string
		is   time.Duration
	}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	for n, unit := range units {
		if d < unit.is {
			continue
		}
		if n == len(units)-1 {
			return fmt.Sprintf("%ds", d/time.Second)
		}
		next := units[n+1]
		d = d.Round(next.is)
		if n > 0 && d >= units[n-1].is { // rounded up to the next unit
			return fmt.Sprintf("%d%s", d/units[n-1].is, units[n-1].sign)
		}
		text := fmt.Sprintf("%d%s", d/unit.is, unit.sign)
		if rest := d % unit.is / next.is; rest > 0 {
			text += fmt.Sprintf("%d%s", rest, next.sign)
		}
		return text
	}
	return ""
}

// parseMoment reads a point in time: "now", a date, a date and a time of the day, both in zone, RFC 3339, or how long ago
// ("30d"). A date is its beginning; as the end of a period (last) it is that of the next day, so that the day counts.
func parseMoment(text string, now time.Time, zone *time.Location, last bool) (time.Time, error) {
	if text == "now" {
		return now, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if date, err := time.Parse(time.DateOnly, text); err == nil {
		if last {
			date = date.AddDate(0, 0, 1)
		}
		return beginOf(date, zone), nil
	}
	for _, layout := range []string{time.DateTime, "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	if ago, err := parseSpan(strings.TrimPrefix(text, "-")); err == nil {
		return now.Add(-ago), nil
	}
	return time.Time{}, fmt.Errorf("%q: want a date (2026-10-01), a time (2026-10-01T14:30, or with Z or an offset), or how long ago (30d, 12h)", text)
}

// beginOf is the first moment of a day, given by its date in UTC. Where clocks go forward at midnight, it has none.
func beginOf(date time.Time, zone *time.Location) time.Time {
	t := time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, zone)
	if t.Day() != date.Day() { // an hour too early
		_, t = t.ZoneBounds()
	}
	return t
}

// periodFlags are the two ends of a period, and the clock that people read.
type periodFlags struct {
	From string `placeholder:"TIME" help:"Begin of the period: 2026-10-01, 2026-10-01T14:30, RFC 3339, or how long ago: 30d, 12h."`
	To   string `placeholder:"TIME" help:"Its end, in the same forms; of a date the whole day counts (default now)."`
	Zone string `default:"UTC" placeholder:"ZONE" help:"Time zone that is read and printed, such as Europe/Berlin or Local."`
}

// period returns both ends, of which from is not later than now; none where a flag says nothing.
func (f *periodFlags) period(now time.Time) (from, to time.Time, zone *time.Location, err error) {
	if zone, err = time.LoadLocation(f.Zone); err != nil {
		return from, to, nil, fmt.Errorf("--zone %s: %w", f.Zone, err)
	}
	if f.From != "" {
		if from, err = parseMoment(f.From, now, zone, false); err != nil {
			return from, to, nil, fmt.Errorf("--from: %w", err)
		}
	}
	if f.To != "" {
		if to, err = parseMoment(f.To, now, zone, true); err != nil {
			return from, to, nil, fmt.Errorf("--to: %w", err)
		}
	}
	if from.After(now) {
		return from, to, nil, fmt.Errorf("--from: %s is still to come", from.In(zone).Format(time.RFC3339))
	}
	if !to.IsZero() && !from.IsZero() && !from.Before(to) {
		return from, to, nil, errors.New("--from is not before --to")
	}
	return from, to, zone, nil
}
