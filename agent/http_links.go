package agent

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"iter"
	"math"
	"net/http"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// Identity says which link, stream or connection something is about. Parts that it has not are empty.
type Identity struct {
	Connection string        `json:"connection"`
	Account    string        `json:"account"`
	Domain     string        `json:"domain"`
	Stream     string        `json:"stream"`
	Kind       pipeline.Kind `json:"kind"`
	Origin     string        `json:"origin"`
	Via        string        `json:"via"`
	Filter     string        `json:"filter"`
}

func identityOf(s pipeline.Subject) Identity {
	return Identity{
		Connection: s.Connection, Account: s.Account, Domain: s.Domain, Stream: s.Stream,
		Kind: s.Kind, Origin: s.Origin, Via: s.Via, Filter: s.Filter,
	}
}

// LinkState is one link as /api/v1/links tells it. Fields that are null are not known, or there is none.
type LinkState struct {
	Identity

	Status   pipeline.Level `json:"status"`
	Blind    bool           `json:"blind"`    // nothing can be seen over its connection: the status is from before
	Starting bool           `json:"starting"` // not judged yet
	Reason   string         `json:"reason"`
	First    time.Time      `json:"first_seen"`
	Proof    *time.Time     `json:"last_proof"` // null: never
	Silent   *float64       `json:"silent_for_seconds"`
	Limit    *float64       `json:"limit_seconds"`
	Lag      *uint64        `json:"lag"` // messages; null: the server does not tell
	LagLimit *uint64        `json:"lag_limit"`
	RiskState

	Progress   string    `json:"progress"`         // "verified": copying is held against the origin; or "not verified: …"
	Violations uint64    `json:"violations"`       // since the agent started
	Blackout   float64   `json:"blackout_seconds"` // since the agent started
	Updated    time.Time `json:"updated"`
}

// RiskState is what a failover now would lose. Fields that are null are not known.
type RiskState struct {
	Failover pipeline.Failover `json:"failover"`            // ready, behind, unknown (since at_risk_as_of), diverged; empty: not judged
	AtRisk   *uint64           `json:"at_risk"`             // messages
	AtLeast  bool              `json:"at_risk_lower_bound"` // at_risk is a lower bound
	Span     *float64          `json:"at_risk_seconds"`     // of data, by the messages' own stamps
	AsOf     *time.Time        `json:"at_risk_as_of"`       // when the origin was seen as it is counted here; null: never
}

func riskState(r *pipeline.Risk) RiskState {
	s := RiskState{Failover: r.Failover, AtLeast: r.Failover != "" && r.AtLeast}
	if r.Verified || r.Messages > 0 {
		s.AtRisk = new(r.Messages)
	}
	if r.Span > 0 {
		s.Span = new(seconds(r.Span))
	}
	if !r.AsOf.IsZero() {
		s.AsOf = new(r.AsOf.UTC())
	}
	return s
}

// sortedLinks is how many links /api/v1/links puts in order. Of more, the rest is told as it comes, for it is not kept: the
// answer takes no more memory for 100,000 links than for these.
const sortedLinks = 2000

// links tells every link, while it reads the board.
func (h *HTTP) links(w http.ResponseWriter, _ *http.Request) {
	beginJSON(w, http.StatusOK)
	out := bufio.NewWriterSize(w, 32<<10)
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("  ", "  ")
	before := "[\n  "
	for s := range eachLink(h.Board, h.Now(), sortedLinks) {
		text.Reset()
		_ = encoder.Encode(s) // it has nothing that JSON has not
		_, _ = out.WriteString(before)
		if _, err := out.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n"))); err != nil {
			return // the client went away
		}
		before = ",\n  "
	}
	if text.Len() == 0 {
		_, _ = out.WriteString("[]\n")
	} else {
		_, _ = out.WriteString("\n]\n")
	}
	_ = out.Flush()
}

// linksOf returns every link on the board, sorted by identity.
func linksOf(b *pipeline.Board, now time.Time) []LinkState {
	states := []LinkState{}
	for s := range eachLink(b, now, math.MaxInt) {
		states = append(states, *s)
	}
	return states
}

// eachLink yields every link on the board, sorted by identity if there are no more than so many, else in no order. What it yields
// is valid until the next one is asked for.
func eachLink(b *pipeline.Board, now time.Time, sorted int) iter.Seq[*LinkState] {
	return func(yield func(*LinkState) bool) {
		blind := map[string]bool{}
		for _, c := range b.Connections() {
			blind[c.Name] = c.Blind
		}
		tell := func(l *pipeline.LinkStatus) bool {
			s := linkState(l, now)
			s.Blind = blind[s.Connection]
			return yield(&s)
		}
		var first []pipeline.LinkStatus
		for l := range b.Links() {
			if len(first) < sorted {
				first = append(first, *l)
			} else if !tell(l) {
				return
			}
		}
		slices.SortFunc(first, func(x, y pipeline.LinkStatus) int { return compareSubjects(&x.Subject, &y.Subject) })
		for i := range first {
			if !tell(&first[i]) {
				return
			}
		}
	}
}

func compareSubjects(a, b *pipeline.Subject) int {
	return cmp.Or(
		cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Domain, b.Domain),
		cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Origin, b.Origin),
		cmp.Compare(a.Via, b.Via), cmp.Compare(a.Filter, b.Filter))
}

func linkState(l *pipeline.LinkStatus, now time.Time) LinkState {
	s := LinkState{
		Identity: identityOf(l.Subject),
		Status:   l.Level, Starting: l.Starting, Reason: l.Reason, First: l.First.UTC(),
		RiskState: riskState(&l.Risk), Progress: progressOf(l),
		Violations: l.Violations, Blackout: seconds(l.BlackoutAt(now)), Updated: l.Updated.UTC(),
	}
	if !l.Proof.IsZero() {
		s.Proof, s.Silent = new(l.Proof.UTC()), new(seconds(max(0, now.Sub(l.Proof))))
	}
	if l.Limit > 0 {
		s.Limit = new(seconds(l.Limit))
	}
	if l.Reported {
		s.Lag = new(l.Lag)
	}
	if l.LagLimit > 0 {
		s.LagLimit = new(l.LagLimit)
	}
	return s
}

// progressOf says whether copying is held against the origin.
func progressOf(l *pipeline.LinkStatus) string {
	if l.Unverified == "" {
		return "verified"
	}
	return "not verified: " + l.Unverified
}

// seconds rounds to milliseconds.
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e3) / 1e3 }
