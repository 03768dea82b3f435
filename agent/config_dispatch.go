package agent

import (
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
	"mirrorwatch/pipeline/outbox"
)

// dispatch says what receivers are told, and how. Direct ones are told of everything at once.
func (c *Config) dispatch(receivers, direct []pipeline.Receiver) outbox.Dispatch {
	d := outbox.Dispatch{
		Receivers: receivers, Routes: c.routes(), Direct: direct, Fallback: c.Fallback.Receiver, KeepFor: c.Fallback.Keep,
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
