package agent

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"mirrorwatch/pipeline/jetstream"
)

// The least that is kept of the audit.
const (
	minAge  = 24 * time.Hour
	minSize = 1 << 20
)

// RetentionConfig bounds the audit, from which incidents, report and audit read. What is open or undelivered is kept
// beyond it.
type RetentionConfig struct {
	Age  Age  `koanf:"age"`
	Size Size `koanf:"size"`
}

func (c *RetentionConfig) validate(report func(path, problem string)) {
	if c.Age < Age(minAge) {
		report("age", fmt.Sprintf("%s: want at least 24h", durationText(c.Age.Duration())))
	}
	if c.Size < minSize {
		report("size", fmt.Sprintf("%s: want at least 1MiB", c.Size))
	}
}

// Age is a duration that may be given in days too: 9600h, 400d.
type Age time.Duration

// Duration returns the age.
func (a Age) Duration() time.Duration { return time.Duration(a) }

// UnmarshalText reads a duration with its unit.
func (a *Age) UnmarshalText(text []byte) error {
	if _, err := strconv.ParseFloat(string(text), 64); err == nil && string(text) != "0" {
		return errWantAge
	}
	d, err := jetstream.ParseLimit(string(text))
	if err != nil {
		return errWantAge
	}
	*a = Age(d)
	return nil
}

// MarshalText writes the age in hours.
func (a Age) MarshalText() ([]byte, error) { return []byte(durationText(a.Duration())), nil }

// Size is a number of bytes.
type Size int64

var (
	errWantAge  = errors.New("want a number with a unit, such as 9600h or 400d")
	errWantSize = errors.New("want a size, such as 256MiB or 1GiB")
	sizeText    = regexp.MustCompile(`^(\d{1,15})(|B|KiB|MiB|GiB)$`)
)

// UnmarshalText reads bytes, KiB, MiB or GiB.
func (s *Size) UnmarshalText(text []byte) error {
	parts := sizeText.FindStringSubmatch(string(text))
	if parts == nil {
		return errWantSize
	}
	n, err := strconv.ParseInt(parts[1], 10, 64)
	shift := map[string]int{"KiB": 10, "MiB": 20, "GiB": 30}[parts[2]]
	if err != nil || n > 1<<62>>shift {
		return errWantSize
	}
	*s = Size(n << shift)
	return nil
}

// String writes the size in the largest unit that fits.
func (s Size) String() string {
	for _, unit := range []struct {
		name  string
		shift int
	}{{"GiB", 30}, {"MiB", 20}, {"KiB", 10}} {
		if s != 0 && s%(1<<unit.shift) == 0 {
			return strconv.FormatInt(int64(s>>unit.shift), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// MarshalText writes the size as String does.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
