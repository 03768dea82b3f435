package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// MaintenanceConfig is a recurring window in which what matches is judged and recorded, and told only if it is still open at
// the window's end.
type MaintenanceConfig struct {
	Name   string      `koanf:"name"`
	Match  MatchConfig `koanf:"match"`
	Days   OneOrMore   `koanf:"days"` // on which it begins: mon, tue, …; none: every day
	From   TimeOfDay   `koanf:"from"`
	To     TimeOfDay   `koanf:"to"`   // not later than From: on the next day
	Zone   string      `koanf:"zone"` // of the IANA database; empty: UTC
	Reason string      `koanf:"reason"`
}

// TimeOfDay is a time on the wall clock, "22:30"; "24:00" is the end of the day.
type TimeOfDay struct {
	Set   bool
	Since time.Duration // midnight
}

var errWantTime = errors.New("want a time of the day, such as \"22:30\" (in quotes)")

// UnmarshalText reads a time of the day or nothing.
func (t *TimeOfDay) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*t = TimeOfDay{}
		return nil
	}
	if string(text) == "24:00" {
		*t = TimeOfDay{Set: true, Since: 24 * time.Hour}
		return nil
	}
	at, err := time.Parse("15:04", string(text))
	if err != nil {
		return errWantTime
	}
	*t = TimeOfDay{Set: true, Since: time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute}
	return nil
}

// MarshalText writes the time as it is read.
func (t TimeOfDay) MarshalText() ([]byte, error) {
	if !t.Set {
		return nil, nil
	}
	return fmt.Appendf(nil, "%02d:%02d", t.Since/time.Hour, t.Since%time.Hour/time.Minute), nil
}

// weekday reads mon, Monday and what lies between.
func weekday(text string) (time.Weekday, bool) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if len(text) >= 3 && strings.HasPrefix(strings.ToLower(day.String()), strings.ToLower(text)) {
			return day, true
		}
	}
	return 0, false
}

func (c *MaintenanceConfig) validate(report func(path, problem string)) {
	if c.Name == "" {
		report("name", "is missing; the audit names a window by it")
	}
	c.Match.validate(under("match", report))
	if len(c.Match.Match()) == 0 {
		report("match", `is missing; say what the window is about: {stream: "TMP_*"}, or {rule: "*"} for everything`)
	}
	for i, day := range c.Days {
		if _, ok := weekday(day); !ok {
			report(textAt("days", c.Days, i), fmt.Sprintf("%q is no day: want some of mon, tue, wed, thu, fri, sat, sun", day))
		}
	}
	for _, one := range []struct {
		key string
		at  TimeOfDay
	}{{"from", c.From}, {"to", c.To}} {
		switch {
		case !one.at.Set:
			report(one.key, "is missing; "+errWantTime.Error())
		case one.key == "from" && one.at.Since == 24*time.Hour:
			report("from", `"24:00" begins no day; write "00:00"`)
		}
	}
	if _, err := time.LoadLocation(c.Zone); err != nil {
		report("zone", fmt.Sprintf("%q is no time zone: want a name such as Europe/Berlin", c.Zone))
	}
}

// window returns the window. The configuration must be valid.
func (c *MaintenanceConfig) window() pipeline.Window {
	w := pipeline.Window{Name: c.Name, Match: c.Match.Match(), From: c.From.Since, To: c.To.Since % (24 * time.Hour), Reason: c.Reason}
	for _, text := range c.Days {
		if day, ok := weekday(text); ok && !slices.Contains(w.Days, day) {
			w.Days = append(w.Days, day)
		}
	}
	var err error
	if w.Zone, err = time.LoadLocation(c.Zone); err != nil {
		w.Zone = time.UTC
	}
	return w
}

func (c *Config) validateMaintenance(report func(path, problem string)) {
	names := map[string]string{}
	for i := range c.Maintenance {
		at := fmt.Sprintf("maintenance[%d]", i)
		unique(names, c.Maintenance[i].Name, at, report)
		c.Maintenance[i].validate(under(at, report))
	}
}
