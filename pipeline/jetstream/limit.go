package jetstream

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
)

var (
	bareNumber   = regexp.MustCompile(`^(?:\d+\.?\d*|\.\d+)$`)
	durationPart = regexp.MustCompile(`^(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|[a-zA-Z]+)?`)
)

// ParseLimit reads a time limit in either dialect: a bare number is seconds ("120", "0.5"), anything else is a Go
// duration that may also use d (24h), w (7d) and y (365d), as in "1d12h". What is not wholly understood is an error
// that says what to write instead. A number that is not zero never gives 0.
func ParseLimit(text string) (time.Duration, error) {
	rest := strings.TrimPrefix(text, "+")
	switch {
	case text == "":
		return 0, errors.New(`the value is empty; write seconds ("120") or a duration ("2m")`)
	case strings.TrimSpace(text) != text || strings.ContainsAny(text, " \t\r\n"):
		return 0, errors.New(`white space is not allowed; write "120" or "120s"`)
	case strings.HasPrefix(text, "-"):
		return 0, errors.New(`a limit is never negative; write "0" to switch the check off`)
	case bareNumber.MatchString(rest):
		return partOf(rest, "s")
	}
	if rest == "" {
		rest = text // a lone sign
	}
	var total time.Duration
	for rest != "" {
		part := durationPart.FindStringSubmatch(rest)
		if part == nil {
			return 0, errors.New(`not a duration; write seconds ("120") or a duration ("2m", "1h30m")`)
		}
		d, err := partOf(part[1], part[2])
		if err != nil {
			return 0, err
		}
		if d > math.MaxInt64-total {
			return 0, errTooLong
		}
		total += d
		rest = rest[len(part[0]):]
	}
	return total, nil
}

var errTooLong = errors.New("the duration is too long; 292 years is the most")

// partOf is one number with its unit.
func partOf(number, unit string) (time.Duration, error) {
	hours := int64(1)
	switch unit {
	case "ns", "us", "µs", "μs", "ms", "s", "m", "h":
		hours = 0
	case "d":
		hours = 24
	case "w":
		hours = 7 * 24
	case "y":
		hours = 365 * 24
	case "":
		return 0, fmt.Errorf("a unit is missing after %s; write %ss or %sm", clip(number), clip(number), clip(number))
	case "M":
		return 0, errors.New(`"M" is refused, a month is never meant; write "m" for minutes or "30d" for days`)
	default:
		return 0, fmt.Errorf("%q is no unit; use ms, s, m, h, d, w or y", clip(unit))
	}
	scale := time.Duration(1)
	if hours > 0 {
		unit, scale = "h", time.Duration(hours)
	}
	d, err := time.ParseDuration(number + unit)
	if err != nil || d > math.MaxInt64/scale {
		return 0, errTooLong
	}
	if d == 0 && strings.ContainsAny(number, "123456789") {
		return 1, nil
	}
	return d * scale, nil
}

// clip keeps a foreign value short enough for a sentence.
func clip(text string) string {
	if r := []rune(text); len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return text
}
