package pipeline

import (
	"context"
	"errors"
)

// Source asks one connection about its streams.
//
// Look asks for the streams in scope (nil: everything) and yields each sample as it arrives, from one goroutine at
// a time; a sample is valid during the call of yield only. What could not be seen is yielded as a sample that says
// so: a partial answer is an answer. For a scope, exactly one sample a key is yielded. For everything, each stream
// that was listed or named as missing is yielded at least once; a stream that a listing leaves out is not thereby gone. Streams
// that are known to hold no link may be left out.
// Look may be called again while an earlier call runs; yield blocks until its sample was taken in. An error means that
// the look as a whole fell short (wrapping ErrDisconnected, ErrNoAnswer or ErrDenied where that is why); what was
// yielded before it stays true.
type Source interface {
	Look(ctx context.Context, scope []StreamKey, yield func(*Sample)) error
}

// Signaler is a Source that also tells of events that a look need not wait for. The channel is never closed while
// the source lives, and a source drops signals rather than block.
type Signaler interface {
	Signals() <-chan Signal
}

// Signal is one event on a connection, or on one of its streams.
type Signal struct {
	Kind     SignalKind
	Reason   string // for people; of a disconnection: why
	Key      StreamKey
	Advisory Advisory
}

// SignalKind tells signals apart.
type SignalKind int

// The signals that a source gives.
const (
	SignalDisconnected SignalKind = iota + 1
	SignalConnected
	SignalAdvisory // Key and Advisory say of what
)

// RouteSource is a Source that can also tell of the ways between servers, as system credentials let one see them. An error
// means that it could not tell of all.
type RouteSource interface {
	Trunks(ctx context.Context) ([]Trunk, error)
}

// Teller is a Source that can say how it asks for everything, for people: "list", "names and info", "jsz". Empty: it did not yet.
type Teller interface {
	Way() string
}

// Why a look as a whole fell short.
var (
	ErrDisconnected = errors.New("not connected")
	ErrNoAnswer     = errors.New("no answer")
	ErrDenied       = errors.New("permission denied")
)
