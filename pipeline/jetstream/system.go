package jetstream

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
)

// System asks one connection with credentials of the system account about the streams of every account: each server tells what
// it holds, by JSZ, and of each stream the leader's copy is taken. It implements pipeline.Source, Signaler, OriginSource,
// RouteSource and Teller; its methods may be called from several goroutines.
type System struct {
	config   Config
	conn     *connection
	log      *slog.Logger
	fresh    time.Duration // how old a view of an origin may be that nobody is asked for
	patience time.Duration // how long an answer of a server is waited for that answered last time

	members  members
	streams  catalogue
	desk     desk
	ways     ways
	events   events
	refusals refusals

	pace     Pace
	sweep    sweep
	settings settings

	asking     chan struct{} // one a question about single streams under way
	confirming chan struct{} // one a question under way whether a stream is gone
	room       int           // bytes that one answer may bring that is not compressed
	longRead   time.Duration

	mu      sync.Mutex
	readers []*jszReader    // that no question uses
	hurried time.Time       // newest reconnect because nobody answered
	heeding *nats.Conn      // subscribed to events
	unheard map[string]bool // subjects of events that the user may not receive, and that this was said of
}

// How the system account is asked.
const (
	systemPatience = 3 * time.Second
	mostAsking     = 16 // each goes to all servers
	mostConfirming = 16
	reconnectApart = 15 * time.Second
	freshLeast     = 2 * time.Second
	freshMost      = 10 * time.Second
	// longRead is how long a server may take to read its streams while it makes one answer. The answer tells when it was begun
	// and when it was sent, and the proofs need to know within 500 ms when a stream was read: streams are read one after another.
	longRead = 2 * time.Second
)

// OpenSystem is Open for the system account.
func OpenSystem(ctx context.Context, c Config, p Pace, log *slog.Logger) (*System, error) {
	c, err := c.WithContext()
	if err != nil {
		return nil, err
	}
	var problems []string
	c.Validate(func(path, problem string) { problems = append(problems, path+": "+problem) })
	if len(problems) > 0 {
		return nil, fmt.Errorf("configure connection %q: %s", c.Name, strings.Join(problems, "; "))
	}
	conn := newConnection(log.With("connection", c.Name))
	s := &System{
		config: c, conn: conn, log: conn.log,
		fresh: min(max(p.Interval, freshLeast), freshMost), patience: systemPatience, room: answerRoom, longRead: longRead,
		pace: p, asking: make(chan struct{}, mostAsking), confirming: make(chan struct{}, mostConfirming),
	}
	s.members.log, s.streams.connection = conn.log, c.Name
	conn.greet, conn.refused = s.heed, s.refused
	options, err := conn.options(c)
	if err == nil {
		err = conn.open(ctx, c.URL, options)
	}
	if err != nil {
		return nil, fmt.Errorf("open connection %q: %w", c.Name, err)
	}
	return s, nil
}

// Close ends the connection, and every Look with it. It may be called again. Its error is always nil.
func (s *System) Close() error {
	s.conn.close()
	return nil
}

// Signals tells of connects and disconnects, and of what servers tell the system account of streams: leaders elected and
// quorums lost. That a stream was created, changed or deleted is told in its own account only.
func (s *System) Signals() <-chan pipeline.Signal { return s.conn.signals }

// Look implements pipeline.Source. Of everything, only the streams that the configuration chooses are yielded; a scope is
// asked about as it is. Accounts are told under their names. A look at everything is paced, one at a scope is not.
func (s *System) Look(ctx context.Context, scope []pipeline.StreamKey, yield func(*pipeline.Sample)) error {
	if scope == nil {
		return s.lookAtAll(ctx, yield)
	}
	if err := s.lookAt(ctx, scope, false, yield); err != nil {
		return fmt.Errorf("look at %d streams: %w", len(scope), err)
	}
	return nil
}

// lost names one of the servers that hold a stream, when all of them are silent; empty: some are not, or nobody knows them.
func lost(peers []string, silent map[string]bool) string {
	for _, name := range peers {
		if !silent[name] {
			return ""
		}
	}
	if len(peers) == 0 {
		return ""
	}
	return peers[0]
}

func noAnswer(server string) pipeline.Fault {
	return pipeline.Fault{Kind: pipeline.FaultNoAnswer, Text: "server " + server + " does not answer"}
}
