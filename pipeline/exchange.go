package pipeline

import (
	"context"
	"time"
)

// Exchange is one request to a destination and its answer, for people who look whether it works. Secrets are hidden.
type Exchange struct {
	Method string
	URL    string // scheme and host
	Header map[string][]string
	Body   []byte
	Status string // "200 OK"; empty: no answer
	Answer []byte // its first bytes
	Took   time.Duration
	Error  error
}

type exchangeKey struct{}

// WithExchanges returns a context under which notifiers tell of each request that they make.
func WithExchanges(ctx context.Context, tell func(Exchange)) context.Context {
	return context.WithValue(ctx, exchangeKey{}, tell)
}

// Exchanges returns whom to tell of requests; nil: nobody asks.
func Exchanges(ctx context.Context) func(Exchange) {
	tell, _ := ctx.Value(exchangeKey{}).(func(Exchange))
	return tell
}

// Pages are the addresses that notifications link to.
type Pages struct {
	Status  string // of the agent's own page; empty: there is none that people reach
	Runbook string // {rule}, {cause}, {stream} and {connection} in it are replaced; empty: there is none
}
