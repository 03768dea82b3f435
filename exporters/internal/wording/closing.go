package wording

import (
	"fmt"

	"mirrorwatch/pipeline"
)

// closing says why an incident closed without a recovery.
func closing(i *pipeline.Incident) string {
	name := who(i.Subject, maxName)
	switch i.Reason {
	case pipeline.ReasonDeleted:
		return name + " was deleted"
	case pipeline.ReasonPromoted:
		return name + " was promoted"
	case pipeline.ReasonDisabled:
		return name + " was disabled in its metadata"
	case pipeline.ReasonNoSources:
		return name + " has no sources any more"
	case pipeline.ReasonSourceRemoved:
		return sourceRemoved(i.Subject, name)
	case pipeline.ReasonNoLink:
		return name + " is no mirror and has no sources"
	case pipeline.ReasonNotIncluded:
		return name + " is no longer included in the configuration"
	case pipeline.ReasonNotConfigured:
		return notConfigured(i.Subject, name)
	case pipeline.ReasonLimitRemoved:
		return fmt.Sprintf("%s %s was removed", limitOf(i.Rule), name)
	case pipeline.ReasonOwnLimit:
		return name + ": its own seen-critical replaces the default limit"
	case pipeline.ReasonLimitChanged:
		return limitChanged(i, name)
	case pipeline.ReasonNoReceiver:
		return name + " is no longer configured"
	}
	return fmt.Sprintf("%s (%s)", name, Plain(i.Reason, maxName))
}

func sourceRemoved(s pipeline.Subject, name string) string {
	switch s.Kind {
	case pipeline.KindSource:
		return fmt.Sprintf("%s no longer has the source %s", name, Plain(s.Origin, maxName))
	case pipeline.KindMirror:
		return fmt.Sprintf("%s no longer mirrors %s", name, Plain(s.Origin, maxName))
	}
	return "a source of " + name + " was removed"
}

func notConfigured(s pipeline.Subject, name string) string {
	connection := "connection " + Plain(s.Connection, maxName) + " is no longer configured"
	if s.Stream == "" {
		return connection
	}
	return name + ": " + connection
}

func limitChanged(i *pipeline.Incident, name string) string {
	if limit := Limit(i); limit != "" {
		return fmt.Sprintf("%s is within its new limit of %s", name, limit)
	}
	return name + " is within its new limit"
}

// limitOf names a rule's limit, up to the name of what it is on.
func limitOf(rule string) string {
	switch rule {
	case pipeline.RuleSeen:
		return "the limit seen-critical of"
	case pipeline.RuleLag:
		return "the limit lag-critical of"
	case pipeline.RuleSeenDefault:
		return "the default limit for"
	case pipeline.RuleSources:
		return "the limit on the number of sources of"
	case pipeline.RulePeers:
		return "the limit on the peers of"
	case pipeline.RuleMessages, pipeline.RuleSubjects:
		return "the limit on the number of " + rule + " in"
	}
	return "the limit of the check " + Plain(rule, maxName) + " on"
}

// whyClosed adds to a reason what the headline leaves open.
func whyClosed(reason string) string {
	switch reason {
	case pipeline.ReasonDeleted:
		return "the server says that the stream does not exist any more"
	case pipeline.ReasonPromoted:
		return "it is a mirror no longer, and takes writes itself"
	case pipeline.ReasonDisabled:
		return "its metadata says " + pipeline.MetadataPrefix + "enabled=false"
	case pipeline.ReasonNotIncluded:
		return "the configuration of mirrorwatch leaves the stream out"
	case pipeline.ReasonNotConfigured:
		return "the connection is gone from the configuration of mirrorwatch"
	case pipeline.ReasonNoReceiver:
		return "the receiver is gone from the configuration of mirrorwatch"
	case pipeline.ReasonNoSources, pipeline.ReasonSourceRemoved, pipeline.ReasonNoLink:
		return "the configuration of the stream was changed"
	case pipeline.ReasonLimitRemoved, pipeline.ReasonLimitChanged, pipeline.ReasonOwnLimit:
		return "its metadata or the configuration of mirrorwatch was changed"
	}
	return Plain(reason, maxDetail)
}

// meaningClosed says who watches on, if anybody does.
func meaningClosed(i *pipeline.Incident) string {
	const unproven = "this is not a recovery: nothing proved it well. "
	switch {
	case i.Reason == pipeline.ReasonOwnLimit:
		return unproven + "Its own seen-critical counts now; if that is 0, its contact is not watched"
	case i.Reason == pipeline.ReasonLimitChanged:
		return unproven + "It is still watched, with the new limit"
	case i.Reason == pipeline.ReasonLimitRemoved && i.Rule == pipeline.RuleSeen:
		return unproven + "Without a limit of its own, only seen-default watches its contact, unless that is off"
	case i.Reason == pipeline.ReasonLimitRemoved && i.Rule == pipeline.RuleLag:
		return unproven + "How far it is behind is not checked any more"
	case i.Reason == pipeline.ReasonLimitRemoved:
		return unproven + "This check does not watch it any more"
	case i.Reason == pipeline.ReasonNoReceiver:
		return "nothing is sent to it any more; what waited for it was given up on, and the audit says so"
	case i.Reason == pipeline.ReasonSourceRemoved:
		return unproven + "The stream's other sources, if it has any, are still watched"
	}
	return unproven + "mirrorwatch does not watch it any more. If this was not meant, act now"
}
