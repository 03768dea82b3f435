package pipeline

// The names of the rules, as receivers, metrics and people see them. They never change.
const (
	RuleSeen        = "seen"
	RuleSeenDefault = "seen-default"
	RuleLag         = "lag"
	RuleNotCopying  = "not-copying"
	RuleDiverged    = "diverged"
	RuleLeaderless  = "leaderless"
	RuleSources     = "sources"
	RulePeers       = "peers"
	RuleMessages    = "messages"
	RuleSubjects    = "subjects"
	RulePolicy      = "policy"
	RuleUnobserved  = "unobserved"
	RuleJournal     = "journal"
	RuleDelivery    = "delivery"      // a receiver of ours cannot be reached
	RuleConfig      = "configuration" // the configuration on disk is not in force
)

// The reasons that verdicts give. They are short, stable and meant for people; whoever explains one matches it here. Where a
// stream could not be seen, the reason is the kind of the fault (FaultKind).
const (
	ReasonSilent      = "silent"                                          // nothing shows contact
	ReasonUnproven    = "not proven yet"                                  // seen for less than the limit, and not proven
	ReasonNoContact   = "no contact since the server began to count"      // active is -1
	ReasonNoLeader    = "no leader reports the link"                      // no leader, or who answered is none
	ReasonServerError = "silent, and the server reports an error"         // the detail is the error
	ReasonNeverSeen   = "never seen"                                      // a stream that was named, and never seen
	ReasonLag         = "too many messages behind"                        //
	ReasonUnverified  = "in contact, progress not verified"               // the detail says why
	ReasonStalled     = "in contact, and copies nothing"                  // though the origin has more
	ReasonFlowStalled = "in contact, and flow control stalls"             // says the server (10228)
	ReasonLagStalled  = "in contact, falls behind, and copies nothing"    // says the reported lag
	ReasonStrayed     = "the origin's subjects match the filter no more"  //
	ReasonRecreated   = "the origin was recreated"                        // another stream has its name
	ReasonRestored    = "the origin is behind its mirror"                 // restored older, or it lost data
	ReasonNoGroup     = "the stream has no leader"                        //
	ReasonOffline     = "the stream is offline"                           // says the server
	ReasonFewSources  = "too few sources"                                 //
	ReasonManySources = "too many sources"                                //
	ReasonPeerCount   = "not as many peers as expected"                   //
	ReasonPeerLag     = "a peer is too far behind"                        // the detail names it
	ReasonPeerSeen    = "a peer was not heard of for too long"            // the detail names it
	ReasonFewCount    = "too few"                                         // messages or subjects
	ReasonManyCount   = "too many"                                        // messages or subjects
	ReasonMetadata    = "metadata not in force as written"                // the detail says key, value and what to write
	ReasonBudget      = "limits cannot be proven within looks_per_second" //
	ReasonSkew        = "clocks of servers and agent differ"              //
	ReasonUnobserved  = "nothing can be seen over this connection"        //
	ReasonUnlisted    = "streams cannot be listed"                        // rounds fall short; known streams are judged all the same
	ReasonProving     = "links are being proven again"                    // after a blindness
	ReasonCommit      = "state cannot be written"                         //
	ReasonLost        = "earlier state is lost"                           //
	ReasonBroken      = "refuses us"                                      // a receiver; the detail is its answer
	ReasonUndelivered = "cannot be reached"                               // a receiver; the detail is the newest error
	ReasonBadConfig   = "the changed configuration is not in force"       // the detail says what is wrong with it
	ReasonFlapping    = "comes and goes"                                  // the detail says how often
)

// Why a link that is over its limit is not judged. Until it is, it counts as uncovered (ConnectionView.Uncovered).
const (
	ReasonBlind    = "connection is blind"
	ReasonStarting = "starting"
)

// Why an incident closes, other than by the limit's change. What follows a colon explains.
const (
	ReasonDeleted       = "deleted"
	ReasonDisabled      = "disabled by metadata"
	ReasonPromoted      = "promoted: it is a mirror no longer"
	ReasonNoSources     = "its sources were removed"
	ReasonSourceRemoved = "the source was removed"
	ReasonNoLink        = "it is neither a mirror nor has it sources"
	ReasonNotIncluded   = "no longer included"
	ReasonNotConfigured = "the connection is no longer configured"
	ReasonLimitRemoved  = "limit removed"
	ReasonOwnLimit      = "a limit of its own was set" // in place of the default
	ReasonLimitChanged  = "limit changed"
	ReasonNoReceiver    = "the receiver is no longer configured"
)
