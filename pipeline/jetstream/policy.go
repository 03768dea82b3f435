package jetstream

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mirrorwatch/pipeline"
)

// ParsePolicy reads the io.nats.monitor.* keys of a stream's metadata. A value that is not wholly understood leaves its
// limit unset and is a finding; findings are in the order of their keys.
func ParsePolicy(metadata map[string]string) pipeline.Policy {
	var p pipeline.Policy
	for _, full := range slices.Sorted(maps.Keys(metadata)) {
		key, ours := strings.CutPrefix(full, pipeline.MetadataPrefix)
		if !ours {
			continue
		}
		value := metadata[full]
		if err := readKey(&p, key, value); err != nil {
			p.Findings = append(p.Findings, pipeline.Finding{Key: key, Value: value, Problem: err.Error()})
		}
	}
	return p
}

// readKey sets what one key says. Its error is the sentence of a finding.
func readKey(p *pipeline.Policy, key, value string) error {
	read, known := vocabulary(key)
	if !known {
		return unknownKey(key)
	}
	return read(p, value)
}

// reader takes one value into a policy.
type reader func(p *pipeline.Policy, value string) error

// vocabulary is every key that is known on a stream.
func vocabulary(key string) (reader, bool) {
	switch key {
	case "enabled":
		return readEnabled, true
	case "seen-critical":
		return readSeen, true
	case "lag-critical":
		return readLag, true
	case "peer-seen-critical":
		return readPeerSeen, true
	}
	if count(&pipeline.Checks{}, key) == nil {
		return nil, false
	}
	return func(p *pipeline.Policy, value string) error { return readCount(count(&p.Checks, key), value) }, true
}

// count is the check that a key sets to a whole number; nil: it sets none.
func count(c *pipeline.Checks, key string) *uint64 {
	switch key {
	case "min-sources":
		return &c.MinSources
	case "max-sources":
		return &c.MaxSources
	case "peer-expect":
		return &c.PeerExpect
	case "peer-lag-critical":
		return &c.PeerLagCritical
	case "msgs-warn":
		return &c.Messages.Warning
	case "msgs-critical":
		return &c.Messages.Critical
	case "subjects-warn":
		return &c.Subjects.Warning
	case "subjects-critical":
		return &c.Subjects.Critical
	}
	return nil
}

func readCount(to *uint64, value string) error {
	n, err := parseCount(value)
	if err == nil {
		*to = n
	}
	return err
}

func readPeerSeen(p *pipeline.Policy, value string) error {
	limit, err := ParseLimit(value)
	if err == nil {
		p.Checks.PeerSeenCritical = limit
	}
	return err
}

func readEnabled(p *pipeline.Policy, value string) error {
	enabled, err := strconv.ParseBool(value)
	if err != nil {
		return errors.New(`neither true nor false; the stream stays watched; write "true" or "false"`)
	}
	p.Disabled = !enabled
	return nil
}

func readSeen(p *pipeline.Policy, value string) error {
	limit, err := ParseLimit(value)
	if err != nil {
		return err
	}
	p.SeenCritical = pipeline.Some(limit)
	if limit > 0 && limit < pipeline.MinSeenLimit {
		p.SeenCritical = pipeline.Some(pipeline.MinSeenLimit)
		return fmt.Errorf(`shorter than can be proven, %v is used; write "5s" or more`, pipeline.MinSeenLimit)
	}
	return nil
}

func readLag(p *pipeline.Policy, value string) error {
	lag, err := parseCount(value)
	if err != nil {
		return err
	}
	p.LagCritical = pipeline.Some(lag)
	return nil
}

func parseCount(value string) (uint64, error) {
	n, err := strconv.ParseUint(value, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, errors.New("the number is too large; 18446744073709551615 is the most")
	case err != nil:
		return 0, errors.New(`not a whole number; write digits only, as in "1000"`)
	}
	return n, nil
}
