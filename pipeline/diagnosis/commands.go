package diagnosis

import (
	"fmt"
	"regexp"

	"mirrorwatch/pipeline"
)

var (
	bareWord  = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,254}$`)
	quotable  = regexp.MustCompile(`^[ -&(-,.-_a-~][ -&(-_a-~]{0,254}$`) // printable ASCII without ' and `, not like a flag
	domainAPI = regexp.MustCompile(`^\$JS\.([A-Za-z0-9_-]+)\.API$`)
)

// command puts names, quoted where a shell needs it, into a line of shell. It is empty where a name is not plainly safe there.
func command(line string, names ...string) string {
	quoted := make([]any, len(names))
	for n, name := range names {
		switch {
		case bareWord.MatchString(name):
			quoted[n] = name
		case quotable.MatchString(name):
			quoted[n] = "'" + name + "'"
		default:
			return ""
		}
	}
	return fmt.Sprintf(line, quoted...)
}

// near is a command of nats stream on the incident's stream: "info", "edit", with what follows the stream's name.
func near(k pipeline.StreamKey, verb, rest string) string {
	if k.Domain != "" {
		return command("nats --js-domain %s stream "+verb+" %s"+rest, k.Domain, k.Stream)
	}
	return command("nats stream "+verb+" %s"+rest, k.Stream)
}

// far asks about the origin the way the link reaches it.
func far(s pipeline.Subject) string {
	if s.Via == "" {
		return near(pipeline.StreamKey{Domain: s.Domain, Stream: s.Origin}, "info", "")
	}
	if m := domainAPI.FindStringSubmatch(s.Via); m != nil {
		return command("nats --js-domain %s stream info %s", m[1], s.Origin)
	}
	return command("nats --js-api-prefix %s stream info %s", s.Via, s.Origin)
}

// there asks about the origin where it is.
func there(s pipeline.Subject) string { return command("nats stream info %s", s.Origin) }

// backup saves the stream into a directory of its name.
func backup(k pipeline.StreamKey) string {
	directory := k.Stream + ".backup"
	if k.Domain != "" {
		return command("nats --js-domain %s stream backup %s %s", k.Domain, k.Stream, directory)
	}
	return command("nats stream backup %s %s", k.Stream, directory)
}

// between asks, with system credentials, about the servers' connections: external API prefixes lead over leafnodes as a rule.
func between(s pipeline.Subject) string {
	if s.Via != "" {
		return "nats server report leafnodes"
	}
	return "nats server report gateways"
}
