package wording

import (
	"fmt"
	"strconv"
	"time"
	"unicode"

	"mirrorwatch/pipeline"
)

// Plain returns at most limit characters of text as one line: no control or formatting characters, no broken UTF-8.
func Plain(text string, limit int) string {
	if isPlain(text, limit) {
		return text
	}
	var runes []rune
	space := false
	for _, r := range text { // a broken byte comes as U+FFFD
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			space = len(runes) > 0
			continue
		case unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs):
			continue
		}
		if space {
			runes = append(runes, ' ')
			space = false
		}
		runes = append(runes, r)
		if len(runes) > limit {
			return string(runes[:limit-1]) + "…"
		}
	}
	return string(runes)
}

// isPlain tells of most texts, without a copy, that Plain leaves them as they are.
func isPlain(text string, limit int) bool {
	if len(text) > limit {
		return false
	}
	last := byte(' ')
	for n := range len(text) {
		c := text[n]
		if c < ' ' || c > '~' || c == ' ' && last == ' ' {
			return false
		}
		last = c
	}
	return last != ' ' || text == ""
}

// Duration writes a time span with its two largest units, "1m 2s"; tenths of seconds below ten seconds.
func Duration(d time.Duration) string {
	if d < 0 {
		d = 0
	}
	if d < 10*time.Second {
		return strconv.FormatFloat(d.Round(100*time.Millisecond).Seconds(), 'f', -1, 64) + "s"
	}
	d = d.Round(time.Second)
	units := []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}}
	for i, u := range units {
		if d < u.size {
			continue
		}
		text := fmt.Sprintf("%d%s", d/u.size, u.name)
		if i+1 < len(units) {
			if rest := d % u.size / units[i+1].size; rest > 0 {
				text += fmt.Sprintf(" %d%s", rest, units[i+1].name)
			}
		}
		return text
	}
	return "0s"
}

// Count writes a number of messages with its thousands apart, "12,345".
func Count(v float64) string {
	digits := strconv.FormatFloat(max(0, v), 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Quantity writes a value or limit in its unit.
func Quantity(v float64, unit pipeline.Unit) string {
	switch unit {
	case pipeline.UnitSeconds:
		return Duration(time.Duration(v * float64(time.Second)))
	case pipeline.UnitMessages:
		return Count(v) + " messages"
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

// UTC writes a time to the second, "2026-01-02 03:04:05 UTC".
func UTC(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
