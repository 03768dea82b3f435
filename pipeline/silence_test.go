package pipeline_test

import (
	"fmt"
	"testing"
	"time"
	_ "time/tzdata" // the zones of machines that have none

	"mirrorwatch/pipeline"
)

func TestWindowTurnsAsTheClocksOfItsZoneShow(t *testing.T) {
	in := func(name string) *time.Location {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return zone
	}
	berlin, cairo := in("Europe/Berlin"), in("Africa/Cairo")
	clock := func(hour, minute time.Duration) time.Duration { return hour*time.Hour + minute*time.Minute }
	const layout = "Mon 01-02 15:04 -0700"
	for name, c := range map[string]struct {
		zone     *time.Location
		days     []time.Weekday
		from, to time.Duration
		now      string // in 2026
		want     string
	}{
		"before it":                       {berlin, nil, clock(10, 0), clock(11, 0), "Thu 01-15 09:00 +0100", "Thu 01-15 10:00 +0100, Thu 01-15 11:00 +0100"},
		"at its end comes the next":       {berlin, nil, clock(10, 0), clock(11, 0), "Thu 01-15 11:00 +0100", "Fri 01-16 10:00 +0100, Fri 01-16 11:00 +0100"},
		"over midnight":                   {berlin, nil, clock(22, 0), clock(2, 0), "Thu 01-15 01:59 +0100", "Wed 01-14 22:00 +0100, Thu 01-15 02:00 +0100"},
		"a whole day":                     {berlin, nil, clock(6, 0), clock(6, 0), "Thu 01-15 05:59 +0100", "Wed 01-14 06:00 +0100, Thu 01-15 06:00 +0100"},
		"the day is the one it starts on": {berlin, []time.Weekday{time.Saturday}, clock(22, 0), clock(2, 0), "Sun 01-18 01:00 +0100", "Sat 01-17 22:00 +0100, Sun 01-18 02:00 +0100"},
		"once a week":                     {berlin, []time.Weekday{time.Saturday}, clock(22, 0), clock(2, 0), "Sun 01-18 02:00 +0100", "Sat 01-24 22:00 +0100, Sun 01-25 02:00 +0100"},
		"its end is skipped":              {berlin, nil, clock(1, 30), clock(2, 30), "Sun 03-29 00:00 +0100", "Sun 03-29 01:30 +0100, Sun 03-29 03:00 +0200"},
		"its start is skipped":            {berlin, nil, clock(2, 30), clock(3, 30), "Sun 03-29 00:00 +0100", "Sun 03-29 03:00 +0200, Sun 03-29 03:30 +0200"},
		"all of it is skipped":            {berlin, nil, clock(2, 15), clock(2, 45), "Sun 03-29 00:00 +0100", "Mon 03-30 02:15 +0200, Mon 03-30 02:45 +0200"},
		"a weekly one that is skipped":    {berlin, []time.Weekday{time.Sunday}, clock(2, 30), clock(3, 0), "Sun 03-22 12:00 +0100", "Sun 04-05 02:30 +0200, Sun 04-05 03:00 +0200"},
		"clocks are put back in it":       {berlin, nil, clock(1, 0), clock(4, 0), "Sun 10-25 00:00 +0200", "Sun 10-25 01:00 +0200, Sun 10-25 04:00 +0100"},
		"midnight is skipped":             {cairo, []time.Weekday{time.Friday}, 0, clock(2, 0), "Thu 04-23 12:00 +0200", "Fri 04-24 01:00 +0300, Fri 04-24 02:00 +0300"},
	} {
		t.Run(name, func(t *testing.T) {
			now, err := time.Parse("2006 "+layout, "2026 "+c.now)
			if err != nil {
				t.Fatal(err)
			}
			w := pipeline.Window{Name: "w", Days: c.days, From: c.from, To: c.to, Zone: c.zone}
			turn := w.Turn(now)
			if got := fmt.Sprintf("%s, %s", turn.Starts.Format(layout), turn.Ends.Format(layout)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
