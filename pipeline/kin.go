package pipeline

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// kin is what a stream has in common with many: where it is, and its limits. It does not change.
type kin struct {
	place    StreamKey         // without a stream
	own      Policy            // from its metadata
	policy   Policy            // over the defaults
	metadata map[string]string // the wanted keys that are set; nil: none is. Incidents share it
	names    *names            // where theirs lie

	streams int
}

// kinKey tells kins apart: those of one Watch have the same defaults.
type kinKey struct {
	place    StreamKey
	disabled bool
	seen     Optional[time.Duration]
	lag      Optional[uint64]
	checks   Checks
	findings string
	metadata string
}

// kins are those of a Watch's streams.
type kins struct {
	defaults Policy
	names    *names
	byKey    map[kinKey]*kin
}

// join returns the kin of one more stream.
func (k *kins) join(place StreamKey, own Policy, metadata map[string]string) *kin {
	place.Stream = ""
	all := k.byKey[keyOfKin(place, &own, metadata)]
	if all == nil {
		all = &kin{place: place.clone(), own: own.Clone(), metadata: metadata, names: k.names}
		all.policy = all.own.Over(k.defaults)
		k.byKey[all.key()] = all
	}
	all.streams++
	return all
}

// leave takes a stream out.
func (k *kins) leave(it *kin) {
	if it.streams--; it.streams == 0 {
		delete(k.byKey, it.key())
	}
}

func (k *kin) key() kinKey { return keyOfKin(k.place, &k.own, k.metadata) }

func keyOfKin(place StreamKey, own *Policy, metadata map[string]string) kinKey {
	return kinKey{
		place: place, disabled: own.Disabled, seen: own.SeenCritical, lag: own.LagCritical, checks: own.Checks,
		findings: findingsKey(own.Findings), metadata: metadataKey(metadata),
	}
}

func findingsKey(all []Finding) string {
	var b strings.Builder
	for _, f := range all {
		for _, part := range []string{f.Key, f.Value, f.Problem} {
			b.WriteString(part)
			b.WriteByte(0)
		}
	}
	return b.String()
}

func metadataKey(metadata map[string]string) string {
	if len(metadata) == 0 {
		return ""
	}
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		b.WriteString(key + "\x00" + metadata[key] + "\x00")
	}
	return b.String()
}

// labels are the wanted keys of a stream's metadata.
func labels(wanted []string, metadata map[string]string) map[string]string {
	var set map[string]string
	for _, key := range wanted {
		if value, is := metadata[key]; is {
			if set == nil {
				set = make(map[string]string, len(wanted))
			}
			set[key] = strings.Clone(value) // it may be a part of something large
		}
	}
	return set
}

// labelled tells whether the wanted keys of metadata are those of the kin.
func (k *kin) labelled(wanted []string, metadata map[string]string) bool {
	n := 0
	for _, key := range wanted {
		value, is := metadata[key]
		if before, was := k.metadata[key]; is != was || value != before {
			return false
		}
		if is {
			n++
		}
	}
	return n == len(k.metadata)
}
