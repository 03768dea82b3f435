package diagnosis

import (
	"strings"

	"mirrorwatch/pipeline"
)

// reasonCause reads from a server's or the client's words why a connection is not there; told is false where they do not say.
func reasonCause(text string) (cause pipeline.Cause, told bool) {
	text = strings.ToLower(text)
	for _, r := range []struct {
		cause pipeline.Cause
		says  []string
	}{
		{pipeline.CausePermission, []string{
			"authorization", "authentication", "permission", "credential", "user jwt", "account jwt", "revoked", "expired", "x509", "certificate", "not authorized",
		}},
		{pipeline.CauseRoute, []string{
			"no such host", "server misbehaving", "name resolution", "connection refused", "no route to host", "network is unreachable",
			"host is down", "host is unreachable", "i/o timeout", "connection timed out",
		}},
		{pipeline.CauseBlackhole, []string{"stale connection", "write deadline"}},
	} {
		for _, says := range r.says {
			if strings.Contains(text, says) {
				return r.cause, true
			}
		}
	}
	return "", false
}
