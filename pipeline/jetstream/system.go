package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
)

// System asks one connection with credentials of the system account about the streams of every account: each server tells what
// it holds, by JSZ, and of each stream the leader's copy is taken. It implements pipeline.Source, Signaler, OriginSource and
// RouteSource; its methods may be called from several goroutines.
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

	confirming chan struct{} // one a question under way whether a stream is gone
	packAt     int           // streams on one server from which on their configurations are asked for compressed
	longRead   time.Duration

	mu         sync.Mutex
	configured time.Time       // newest round with configurations
	hurried    time.Time       // newest reconnect because nobody answered
	heeding    *nats.Conn      // subscribed to events
	unheard    map[string]bool // subjects of events that the user may not receive, and that this was said of
}

// How the system account is asked.
const (
	systemPatience = 3 * time.Second
	mostConfirming = 16          // each goes to all servers
	configEvery    = time.Minute // a round with configurations
	reconnectApart = 15 * time.Second
	freshLeast     = 2 * time.Second
	freshMost      = 10 * time.Second
	// packStreams is where configurations, about 1 kB a stream, come near what a server lets pend for a client, 64 MB.
	packStreams = 20_000
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
		fresh: min(max(p.Interval, freshLeast), freshMost), patience: systemPatience, packAt: packStreams, longRead: longRead,
		confirming: make(chan struct{}, mostConfirming),
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
// asked about as it is. Accounts are told under their names. Nothing is paced: a stream costs its server a tenth of what
// STREAM.LIST does.
func (s *System) Look(ctx context.Context, scope []pipeline.StreamKey, yield func(*pipeline.Sample)) error {
	if scope == nil {
		return s.lookAtAll(ctx, yield)
	}
	if err := s.lookAt(ctx, scope, false, yield); err != nil {
		return fmt.Errorf("look at %d streams: %w", len(scope), err)
	}
	return nil
}

// lookAtAll asks every server about the streams that it leads; each minute about those that it follows too, and with their
// configurations, which are remembered. What no leader tells of is asked about once more, account by account. The samples are
// yielded as answers arrive: a server that does not answer delays no other's.
func (s *System) lookAtAll(ctx context.Context, yield func(*pipeline.Sample)) error {
	began := time.Now()
	configs := s.configsDue(began)
	told := map[pipeline.StreamKey]struct{}{}
	q := jszOptions{Streams: true, Config: configs, StreamLeaderOnly: !configs}
	silent, err := s.askStreams(ctx, q, func(c *copied) {
		if _, again := told[c.key]; again || !c.led || c.bare || !s.config.Streams.Watches(c.key.Stream) {
			return
		}
		told[c.key] = struct{}{}
		yield(s.sample(c))
	})
	if err != nil {
		return fmt.Errorf("list streams: %w", err)
	}
	if configs {
		s.mu.Lock()
		s.configured = began
		s.mu.Unlock()
	}
	var rest []pipeline.StreamKey
	for _, k := range s.streams.known() {
		if _, done := told[k.key]; done || !s.config.Streams.Watches(k.key.Stream) {
			continue
		}
		if who := lost(k.peers, silent); who != "" { // nobody else can tell of it
			yield(&pipeline.Sample{Key: k.key, Asked: began, At: time.Now(), Fault: noAnswer(who)})
			continue
		}
		rest = append(rest, k.key)
	}
	err = s.lookAt(ctx, rest, true, func(x *pipeline.Sample) {
		if x.Fault.Kind != pipeline.FaultNotFound { // not listed is not gone: that is for single looks to say
			yield(x)
		}
	})
	if err != nil && !errors.Is(err, pipeline.ErrNoAnswer) {
		return fmt.Errorf("list streams: %w", err)
	}
	return nil
}

// configsDue tells whether a round is to bring configurations.
func (s *System) configsDue(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.configured.IsZero() || now.Sub(s.configured) >= configEvery
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
