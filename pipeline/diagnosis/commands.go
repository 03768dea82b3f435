package diagnosis

import "mirrorwatch/pipeline"

// near is a command of nats stream on the incident's stream: "info", "edit", with what follows the stream's name.
func near(k pipeline.StreamKey, verb, rest string) string {
	if k.Domain != "" {
		return pipeline.ShellLine("nats --js-domain %s stream "+verb+" %s"+rest, k.Domain, k.Stream)
	}
	return pipeline.ShellLine("nats stream "+verb+" %s"+rest, k.Stream)
}

// far asks about the origin the way the link reaches it.
func far(s pipeline.Subject) string {
	if s.Via == "" {
		return near(pipeline.StreamKey{Domain: s.Domain, Stream: s.Origin}, "info", "")
	}
	if domain := pipeline.DomainOf(s.Via); domain != "" {
		return pipeline.ShellLine("nats --js-domain %s stream info %s", domain, s.Origin)
	}
	return pipeline.ShellLine("nats --js-api-prefix %s stream info %s", s.Via, s.Origin)
}

// there asks about the origin where it is.
func there(s pipeline.Subject) string { return pipeline.ShellLine("nats stream info %s", s.Origin) }

// backup saves the stream into a directory of its name.
func backup(k pipeline.StreamKey) string {
	directory := k.Stream + ".backup"
	if k.Domain != "" {
		return pipeline.ShellLine("nats --js-domain %s stream backup %s %s", k.Domain, k.Stream, directory)
	}
	return pipeline.ShellLine("nats stream backup %s %s", k.Stream, directory)
}

// between asks, with system credentials, about the servers' connections: external API prefixes lead over leafnodes as a rule.
func between(s pipeline.Subject) string {
	if s.Via != "" {
		return "nats server report leafnodes"
	}
	return "nats server report gateways"
}
