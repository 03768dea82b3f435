package wording

import "mirrorwatch/pipeline"

// Hint says with what the commands are run.
func Hint(s *Story) string {
	i := &s.Change.Incident
	if i.Subject.Connection == "" {
		return "Where mirrorwatch runs"
	}
	hint := "In a nats CLI context for connection " + Plain(i.Subject.Connection, maxName)
	if i.Subject.Account != "" {
		hint += ", account " + Plain(i.Subject.Account, maxName)
	}
	return hint
}

// Commands returns what to run next, one line of shell each, with a comment on what to look for. A name that is not
// plainly safe in a shell is left out together with its command. Where a diagnosis says what to do, they are its commands.
func Commands(s *Story) []string {
	i := &s.Change.Incident
	subject := i.Subject
	if steps := Steps(s); len(steps) > 0 {
		return commandsOf(steps)
	}
	if s.Change.Test {
		return nil
	}
	var c commands
	switch {
	case s.Change.Kind == pipeline.Resolved:
		if subject.IsLink() {
			c.near(subject, "is its Last Sequence the origin's?")
		}
	case s.Change.Kind == pipeline.Closed:
		c.near(subject, "is it there, and is it still what it should be?")
	case i.Rule == pipeline.RuleJournal:
		c.add("is the disk of data_dir full or read-only?", "df -h")
	case i.Rule == pipeline.RuleUnobserved:
		c.add("does a server answer at all?", "nats rtt")
		c.add("does JetStream answer with these credentials?", "nats account info")
	case i.Rule == pipeline.RulePolicy && !subject.IsStream() && i.Reason == pipeline.ReasonSkew:
		c.add("where mirrorwatch and the servers run: is the clock in sync?", "timedatectl")
	case i.Rule == pipeline.RulePolicy && !subject.IsStream():
		c.add("or raise looks_per_second, or the shortest limits", "mirrorwatch config check FILE")
	case i.Rule == pipeline.RulePolicy:
		c.near(subject, "see Metadata; mend the value with nats stream edit --metadata")
	case i.Rule == pipeline.RuleNotCopying:
		c.near(subject, "see Lag and Error; is it sealed, or at a limit with Discard Policy New?")
		c.far(subject, "the "+otherEnd(subject)+": do its messages grow?")
	case i.Rule == pipeline.RuleDiverged:
		c.near(subject, "note Messages, First and Last Sequence")
		c.far(subject, "the "+otherEnd(subject)+": compare them, and when it was created")
	case subject.IsLink():
		c.near(subject, "see Last Seen, Lag and Error, and who leads")
		c.far(subject, "the "+otherEnd(subject)+": does it answer, do its messages grow?")
		c.path(subject.Via != "")
		c.add("tries to prove contact, 12 s; CONTEXT is that context's name", "mirrorwatch check --context CONTEXT --stream %s", subject.Stream)
	case i.Rule == pipeline.RuleLeaderless:
		c.near(subject, "does it answer, and who leads?")
		c.add("system account: are its servers up, and has the meta group a leader?", "nats server report jetstream")
	case i.Rule == pipeline.RuleSources:
		c.near(subject, "see Sources")
	case i.Rule == pipeline.RulePeers:
		c.near(subject, "see Cluster Information: which peers are there, and current?")
	case i.Rule == pipeline.RuleMessages || i.Rule == pipeline.RuleSubjects:
		c.near(subject, "see State: Messages and Number of Subjects")
	case subject.IsStream():
		c.near(subject, "does it answer, and who leads?")
	}
	return c
}

// CommandsForMany returns what to run when several incidents come together, which often have one cause: what lies
// between the sites. Without an open link among them there is nothing to run.
func CommandsForMany(stories []Story) []string {
	var c commands
	external, internal := false, false
	for i := range stories {
		if subject := stories[i].Change.Incident.Subject; subject.IsLink() && !stories[i].Ended() {
			external = external || subject.Via != ""
			internal = internal || subject.Via == ""
		}
	}
	if external {
		c.path(true)
	}
	if internal {
		c.path(false)
	}
	if len(c) > 0 {
		c.add("every link's verdict, 12 s; CONTEXT is your nats CLI context", "mirrorwatch check --context CONTEXT")
	}
	return c
}

type commands []string

// path asks about the connection between the sites; external API prefixes lead over leafnodes as a rule.
func (c *commands) path(external bool) {
	if external {
		c.add("system account: is the leafnode up?", "nats server report leafnodes")
		return
	}
	c.add("system account: is the gateway up?", "nats server report gateways")
}

// near asks about the stream itself.
func (c *commands) near(s pipeline.Subject, comment string) {
	if s.Stream == "" {
		return
	}
	if s.Domain != "" {
		c.add(comment, "nats --js-domain %s stream info %s", s.Domain, s.Stream)
		return
	}
	c.add(comment, "nats stream info %s", s.Stream)
}

// far asks about the other end of a link the way the mirror reaches it.
func (c *commands) far(s pipeline.Subject, comment string) {
	if s.Via == "" {
		c.near(pipeline.Subject{StreamKey: pipeline.StreamKey{Domain: s.Domain, Stream: s.Origin}}, comment)
		return
	}
	if domain := pipeline.DomainOf(s.Via); domain != "" {
		c.add(comment, "nats --js-domain %s stream info %s", domain, s.Origin)
		return
	}
	c.add(comment, "nats --js-api-prefix %s stream info %s", s.Via, s.Origin)
}

// add puts names, quoted where a shell needs it, into the command. Without one safe name there is no command.
func (c *commands) add(comment, command string, names ...string) {
	if line := pipeline.ShellLine(command, names...); line != "" {
		*c = append(*c, line+"  # "+comment)
	}
}
