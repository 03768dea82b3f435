package agent

import (
	"slices"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
	"mirrorwatch/pipeline/outbox"
)

// dispatch says what receivers are told, and how. Direct ones are told of everything at once, and so are unrouted ones.
func (c *Config) dispatch(receivers, direct []pipeline.Receiver) outbox.Dispatch {
	d := outbox.Dispatch{
		Routes: c.routes(), Direct: slices.Clone(direct), Fallback: c.Fallback.Receiver, KeepFor: c.Fallback.Keep,
	}
	unrouted := c.unrouted()
	for _, r := range receivers {
		if slices.Contains(unrouted, r.Name) {
			d.Direct = append(d.Direct, r)
		} else {
			d.Receivers = append(d.Receivers, r)
		}
	}
	for i := range c.Maintenance {
		d.Windows = append(d.Windows, c.Maintenance[i].window())
	}
	return d
}

// keep is the bounds of the audit.
func (c *RetentionConfig) keep() journal.Options {
	return journal.Options{Age: c.Age.Duration(), Size: int64(c.Size)}
}
