package diagnosis

import "mirrorwatch/pipeline"

// steps is what to do about a cause, in order. Where nothing else is said, commands are for a nats CLI context of the
// incident's connection.
func steps(c *scene, cause pipeline.Cause) []pipeline.Step {
	key, subject := c.incident.Subject.StreamKey, c.incident.Subject
	self := c.self()
	look := pipeline.Step{Do: "See Last Seen, Lag and Error of " + self + ", and who leads it.", Command: near(key, "info", "")}
	ask := pipeline.Step{Do: "Ask for the origin the way the link does: does it answer, do its messages grow?", Command: far(subject)}
	way := pipeline.Step{Do: "With system credentials: are the connections between the servers up?", Command: between(subject)}
	switch cause {
	case pipeline.CauseLinkDown:
		return []pipeline.Step{
			way, ask,
			{Do: "Bring back the network or the server at the far end. Copying goes on by itself: about a second after a leafnode is back, up to 150 s after a gateway is.", Command: near(key, "info", "")},
		}
	case pipeline.CauseBlackhole:
		return []pipeline.Step{
			{Do: "With system credentials: which connection is up while what it received stands still? Run it twice.", Command: between(subject)},
			{Do: "Look for a firewall, NAT or tunnel between the sites that drops packets of connections it forgot, and for packets above its size."},
			{Do: "Break that TCP connection, at the firewall or by a restart of the far server: the servers make a new one at once, and would notice by themselves only after minutes."},
		}
	case pipeline.CauseDelivery:
		return []pipeline.Step{
			{Do: "Compare imports, exports and permissions of the deliver subject on both sides: the external deliver prefix of the link, or $JS.M.> (sources: $JS.S.>) where there is none. Leafnode permissions count too."},
			{Do: "On the origin's side: consumers of " + self + " that are made and deleted every 10 to 20 s confirm it.", Command: "nats events --js-advisory"},
			{Do: "After a change of a leafnode's permissions, have it connect anew: a reload does not change connections that are there."},
			look,
		}
	case pipeline.CauseFlowControl:
		return []pipeline.Step{
			{Do: "Let $JS.FC.> through from " + self + "'s account to the origin's: export and import it as a service or stream where the deliver subject is, and permit it on the leafnode."},
			{Do: "See whether the server reports error 10228, as servers from 2.15.2 on do.", Command: near(key, "info", "")},
			ask,
			{Do: "If flow control has its way: the consumer may be stuck. Save what the server reports, then have the stream elect a leader, which makes it anew.", Command: stepDown(c)},
		}
	case pipeline.CauseRoute:
		return []pipeline.Step{
			{Do: "From the server that dials, resolve and reach the name and port in its leafnodes or gateway block: DNS, routing, firewall, the far server's listener."},
			way, ask,
		}
	case pipeline.CauseDeleted:
		if !c.known() {
			return []pipeline.Step{
				{Do: "Check the origin's name, API prefix and domain in the link's configuration.", Command: near(key, "info", "")},
				{Do: "On the origin's side, in its account: is it there?", Command: there(subject)},
				ask,
			}
		}
		return []pipeline.Step{
			{Do: "On the origin's side, in its account: is it gone?", Command: there(subject)},
			{Do: "Save " + self + " before anything else: it may be the last copy.", Command: backup(key)},
			{Do: "To go on from a mirror, make it a stream of its own (servers from 2.12 on), and give it the origin's subjects.", Command: promote(c)},
			{Do: "To have the origin back: in a copy of the backup make config in backup.json the origin's own (its name and subjects, no mirror), and restore that on the origin's side. One created empty begins at sequence 1, and the mirror does not follow it."},
		}
	case pipeline.CauseRecreated:
		return []pipeline.Step{
			{Do: "Do not fail over. Compare creation times, first and last sequences and timestamps of both ends: the origin.", Command: far(subject)},
			{Do: "And " + self + ".", Command: near(key, "info", "")},
			{Do: "Save " + self + ": it may hold what the origin lost.", Command: backup(key)},
			{Do: "Decide which of the two is right. Restore the origin from the backup (in a copy of it, config in backup.json made the origin's own), or delete " + self + " and create it anew, so that it copies the origin of now: the incident ends only when the mirror is created anew."},
		}
	case pipeline.CauseReconfigured:
		return []pipeline.Step{
			{Do: "See which subjects the origin takes in.", Command: far(subject)},
			{Do: "See which of them the link copies (its filter).", Command: near(key, "info", "")},
			{Do: "Give the origin its subjects back, or the link a filter that matches them: a mirror's cannot be changed, it must be created anew under another name."},
		}
	case pipeline.CauseOriginDown:
		return []pipeline.Step{
			{Do: "On the origin's side: does it have a leader?", Command: there(subject)},
			{Do: "With system credentials of the origin's side: are its servers there, does the meta group have a leader?", Command: "nats server report jetstream"},
			way,
			{Do: "Bring back its servers, a majority first. Copying goes on by itself."},
		}
	case pipeline.CausePermission:
		return []pipeline.Step{
			{Do: "Do these credentials reach JetStream?", Command: "nats account info"},
			{Do: "Compare with docs/permissions.md: the user's permissions, and the imports and exports of the API between the accounts."},
			{Do: "Have credentials or certificates of users and leafnodes expired, or been revoked?"},
			ask,
		}
	case pipeline.CauseLeaderless:
		return []pipeline.Step{
			{Do: "Which servers hold the stream, and which of them are away?", Command: near(key, "info", "")},
			{Do: "With system credentials: which servers are there, does the meta group have a leader?", Command: "nats server report jetstream"},
			{Do: "Bring back servers that hold it: with a majority of them it elects a leader by itself."},
		}
	case pipeline.CauseFull:
		return []pipeline.Step{
			{Do: "Compare messages and bytes with the limits; a sealed stream says so.", Command: near(key, "info", "")},
			{Do: "Compare the account's storage with its limits.", Command: "nats account info"},
			{Do: "Raise max-msgs or max-bytes with nats stream edit, or the account's limit, or let it discard old messages. A seal is for ever: copy into a new stream."},
			{Do: "Then have the stream elect a leader (with one replica: restart its server): a mirror that refused a message does not go on by itself.", Command: stepDown(c)},
		}
	case pipeline.CauseRetry:
		return []pipeline.Step{
			{Do: "Wait for the server's next attempt, up to 150 s after the way came back.", Command: near(key, "info", "")},
			{Do: "If nothing comes: save what the server reports, then have the stream elect a leader (with one replica: restart its server), which tries at once.", Command: stepDown(c)},
		}
	case pipeline.CauseSelfHealing:
		return []pipeline.Step{
			{Do: "Wait: such a silence ends within 60 s as a rule.", Command: near(key, "info", "")},
			ask,
		}
	case pipeline.CauseNotObservable:
		return []pipeline.Step{
			{Do: "Does the stream answer somebody else, and who leads it?", Command: near(key, "info", "")},
			{Do: "With system credentials: which servers are there, does the meta group have a leader?", Command: "nats server report jetstream"},
			{Do: "Look at the servers that hold the stream: load, disk, and whether clients reach its leader from here."},
		}
	}
	if c.link == nil {
		return []pipeline.Step{look}
	}
	return []pipeline.Step{look, ask, way}
}

// stepDown is empty where there is nobody else to lead.
func stepDown(c *scene) string {
	if c.stream.Whole == nil || len(c.stream.Whole.Peers) == 0 {
		return ""
	}
	return near(c.stream.Key, "cluster step-down", "")
}

func promote(c *scene) string {
	if c.incident.Subject.Kind != pipeline.KindMirror {
		return ""
	}
	return near(c.stream.Key, "edit", " --no-mirror")
}

// connectionSteps is what to do about a connection that sees nothing.
func connectionSteps(cause pipeline.Cause) []pipeline.Step {
	reach := pipeline.Step{Do: "From where mirrorwatch runs: does a server answer?", Command: "nats rtt"}
	switch cause {
	case pipeline.CausePermission:
		return []pipeline.Step{
			{Do: "Compare the connection's credentials with the server's configuration: expired, revoked, another account? docs/permissions.md names what is needed."},
			{Do: "Do they reach JetStream?", Command: "nats account info"},
		}
	case pipeline.CauseRoute:
		return []pipeline.Step{
			{Do: "Check the connection's URLs: names, ports, DNS, routing and firewalls from where mirrorwatch runs."},
			reach,
		}
	}
	return []pipeline.Step{
		reach,
		{Do: "Does JetStream answer with these credentials?", Command: "nats account info"},
		{Do: "With system credentials: which servers are there, does the meta group have a leader?", Command: "nats server report jetstream"},
	}
}
