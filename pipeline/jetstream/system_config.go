package jetstream

import "fmt"

// The scopes of a connection.
const (
	ScopeAccount = "account" // the streams of the account that the credentials are of
	ScopeSystem  = "system"  // the streams of all accounts, with credentials of the system account
)

// SystemScope tells whether the streams of all accounts are watched: the connection is for OpenSystem.
func (c Config) SystemScope() bool { return c.Scope == ScopeSystem }

// validateScope checks the scope, and that nothing is set that means nothing in it.
func (c Config) validateScope(report func(path, problem string)) {
	switch c.Scope {
	case "", ScopeAccount:
		return
	case ScopeSystem:
	default:
		report("scope", fmt.Sprintf("%q is no scope; use account or system", c.Scope))
		return
	}
	for _, other := range []struct{ key, value string }{{"domain", c.Domain}, {"api_prefix", c.APIPrefix}} {
		if other.value != "" {
			report(other.key, other.key+" is not for scope: system, which watches every account in every domain; leave it out")
		}
	}
	if len(c.Origins) > 0 {
		report("origins", "origins is not for scope: system, which sees the origins in all accounts by itself; leave it out")
	}
}
