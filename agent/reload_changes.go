package agent

import (
	"fmt"
	"reflect"
	"strings"
)

// fixed reports the keys that cannot change while the agent runs, and do.
func fixed(file string, before, next *Config) Faults {
	var faults Faults
	for _, one := range []struct{ path, was, is string }{
		{"data_dir", before.DataDir, next.DataDir},
		{"http.address", before.HTTP.Address, next.HTTP.Address},
	} {
		if one.was != one.is {
			faults = append(faults, Note{File: file, Path: one.path, Text: fmt.Sprintf(
				"cannot change from %s to %s while the agent runs; restart it, or put %s back", one.was, one.is, one.was)})
		}
	}
	return faults
}

// changesOf names what differs between two configurations: connections and receivers by name, all else by key. No value is
// shown.
func changesOf(before, next *Config) []string {
	var changes []string
	changes = append(changes, named("connection", connectionsOf(before), connectionsOf(next))...)
	changes = append(changes, named("receiver", receiversOf(before), receiversOf(next))...)
	changes = append(changes, keysOf(schema(), reflect.ValueOf(before), reflect.ValueOf(next), "")...)
	return changes
}

// keysOf lists the keys of a mapping whose values differ, two levels deep.
func keysOf(s *shape, before, next reflect.Value, path string) []string {
	before, next = reflect.Indirect(before), reflect.Indirect(next)
	var keys []string
	for _, k := range s.keys {
		at := join(path, k.name)
		switch was, is := before.FieldByIndex(k.index), next.FieldByIndex(k.index); {
		case at == "connections", at == "exporters.otlplog", at == "exporters.webhook", at == "exporters.slack", at == "exporters.alertmanager": // named above
		case reflect.DeepEqual(was.Interface(), is.Interface()):
		case k.shape.kind == shapeMapping && was.Kind() == reflect.Struct && !strings.Contains(at, "."):
			keys = append(keys, keysOf(k.shape, was, is, at)...)
		default:
			keys = append(keys, at)
		}
	}
	return keys
}

// entry is a part of a configuration that has a name.
type entry struct {
	name  string
	value any
}

func connectionsOf(c *Config) []entry {
	var all []entry
	for _, one := range c.Connections {
		all = append(all, entry{one.Name, one})
	}
	return all
}

func receiversOf(c *Config) []entry {
	var all []entry
	for _, d := range c.Exporters.destinations() {
		all = append(all, entry{d.name, d.config})
	}
	return all
}

// named tells which entries were added, changed and removed.
func named(kind string, before, next []entry) []string {
	var changes []string
	say := func(name, what string) { changes = append(changes, kind+" "+name+" "+what) }
	was := map[string]any{}
	for _, e := range before {
		was[e.name] = e.value
	}
	for _, e := range next {
		old, there := was[e.name]
		switch {
		case !there:
			say(e.name, "added")
		case !reflect.DeepEqual(old, e.value):
			say(e.name, "changed")
		}
		delete(was, e.name)
	}
	for _, e := range before {
		if _, gone := was[e.name]; gone {
			say(e.name, "removed")
		}
	}
	return changes
}
