package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/agent/stage"
)

// onTime is how late after the limit an incident may arrive at its receiver for the story to end well.
const onTime = 500 * time.Millisecond

// run builds the stage and tells the story, once or a few times; then it waits for ctx to end.
func run(ctx context.Context, w io.Writer, once, verbose bool) (err error) {
	log := slog.New(slog.DiscardHandler)
	if verbose {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	t := &teller{w: w, began: time.Now()}
	t.say("Two NATS servers start: hub holds the stream %s, leaf its mirror %s.", stage.Origin, stage.Mirror)
	t.say("Between them is a leafnode connection over a link that can be cut. The mirror's limit: seen-critical=%g.", stage.Limit.Seconds())
	s, err := build(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	t.say("The agent watches leaf, and pages a webhook. Its API: %s/api/v1/links", s.agent.API)
	for n := range stories {
		if n > 0 {
			t.say("The story begins again; end it with Ctrl-C.")
		}
		if err := t.tell(ctx, s); err != nil {
			return err
		}
		if once {
			t.say("Every expected change arrived, in order: opened, updated, resolved.")
			return nil
		}
	}
	t.say("A link that breaks once more within half an hour would be held open as flapping, so the story ends here.")
	t.say("The agent goes on watching: %s/api/v1/links, %s/api/v1/incidents. End it with Ctrl-C.", s.agent.API, s.agent.API)
	<-ctx.Done()
	return ctx.Err()
}

// stories is how often the story is told: once more, and the incident would be flapping.
const stories = 3

// teller tells a story as it happens.
type teller struct {
	w     io.Writer
	began time.Time
}

func (t *teller) say(format string, args ...any) {
	fmt.Fprintf(t.w, "%6.1fs  %s\n", time.Since(t.began).Seconds(), fmt.Sprintf(format, args...))
}

// tell plays one story, and fails when it does not go as it must.
func (t *teller) tell(ctx context.Context, s *play) error {
	link, err := t.awaitProof(ctx, s)
	if err != nil {
		return err
	}
	t.say("Contact is proven: the newest proof is %.1fs old, status %s.", *link.Silent, link.Status)

	t.say("")
	t.say("THE LINK IS CUT.")
	s.Link.Cut()
	opened, err := t.awaitPage(ctx, s, "opened", 30*time.Second)
	if err != nil {
		return err
	}
	since, err := time.Parse(time.RFC3339Nano, opened.annotations["since"])
	if err != nil {
		return fmt.Errorf("read when contact was last proven: %w", err)
	}
	late := opened.at.Sub(since.Add(stage.Limit))
	t.say("The page arrived %d ms after the limit had passed.", late.Milliseconds())
	if late < 0 || late > onTime {
		return fmt.Errorf("the page arrived %s after the limit, not within %s of it", late, onTime)
	}
	t.naive(ctx, s)

	t.say("")
	t.say("THE MIRROR'S SERVER IS RESTARTED while the link is down.")
	s.Leaf.Stop()
	if err := s.Leaf.Start(); err != nil {
		return err
	}
	t.say("Waiting for what the agent makes of it; while an incident is open, what changes about it is told each 10s at most.")
	if err := t.stillOpen(ctx, s, opened); err != nil {
		return err
	}

	t.say("")
	t.say("THE LINK IS RESTORED.")
	s.Link.Restore()
	t.say("Waiting; a server may need the better part of a minute until it asks its origin again.")
	resolved, err := t.awaitPage(ctx, s, "resolved", 90*time.Second)
	if err != nil {
		return err
	}
	if resolved.annotations["incident"] != opened.annotations["incident"] {
		return fmt.Errorf("%s resolved, not %s", resolved.annotations["incident"], opened.annotations["incident"])
	}
	t.say("The mirror is proven to be in contact again.")
	return nil
}

// stillOpen shows what a plain check says of the restarted mirror, and that the incident stays and is brought up to date.
func (t *teller) stillOpen(ctx context.Context, s *play, opened page) error {
	updated, err := t.awaitPage(ctx, s, "updated", 30*time.Second)
	if err != nil {
		return err
	}
	t.naive(ctx, s)
	link, err := s.look(ctx)
	if err != nil {
		return err
	}
	if link.Status != "critical" || updated.annotations["incident"] != opened.annotations["incident"] {
		return fmt.Errorf("the agent calls the mirror %s while its link is down, and updates %s", link.Status, updated.annotations["incident"])
	}
	t.say("mirrorwatch says: %s, silent for %.0fs: %s. Incident %s stays open.", link.Status, *link.Silent, link.Reason, opened.annotations["incident"])
	return nil
}

// naive tells what a check sees that reads active and lag.
func (t *teller) naive(ctx context.Context, s *play) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	js, err := jetstream.New(s.LeafClient)
	if err != nil {
		return
	}
	stream, err := js.Stream(ctx, stage.Mirror)
	if err != nil {
		t.say("A plain check of active and lag: no answer (%v).", err)
		return
	}
	m := stream.CachedInfo().Mirror
	active, verdict := "-1", "OK"
	if m.Active >= 0 {
		active = m.Active.Round(100 * time.Millisecond).String()
	}
	if m.Active > stage.Limit || m.Lag > 0 {
		verdict = "CRITICAL"
	}
	t.say("A plain check of active and lag reads active=%s lag=%d and says: %s", active, m.Lag, verdict)
}

// link is what the agent's API tells of a link.
type link struct {
	Stream string   `json:"stream"`
	Status string   `json:"status"`
	Reason string   `json:"reason"`
	Proof  *string  `json:"last_proof"`
	Silent *float64 `json:"silent_for_seconds"`
}

// look asks the agent for the mirror.
func (s *play) look(ctx context.Context) (link, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.agent.API+"/api/v1/links", nil)
	if err != nil {
		return link{}, fmt.Errorf("ask the agent: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return link{}, fmt.Errorf("ask the agent: %w", err)
	}
	defer response.Body.Close()
	var links []link
	if err := json.NewDecoder(response.Body).Decode(&links); err != nil {
		return link{}, fmt.Errorf("read the agent's answer: %w", err)
	}
	for _, l := range links {
		if l.Stream == stage.Mirror {
			return l, nil
		}
	}
	return link{}, nil
}

func (t *teller) awaitProof(ctx context.Context, s *play) (link, error) {
	t.say("Waiting until contact is proven; two looks a few seconds apart do that.")
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline) && ctx.Err() == nil; {
		l, err := s.look(ctx)
		if err != nil {
			return l, err
		}
		if l.Proof != nil && l.Status == "ok" {
			return l, nil
		}
		pause(ctx, 100*time.Millisecond)
	}
	return link{}, errors.New("contact was not proven within 30s")
}

// awaitPage waits for the next change, shows it, and fails when it is another than the expected one. Updates, which do
// not ping, may come before it.
func (t *teller) awaitPage(ctx context.Context, s *play, change string, within time.Duration) (page, error) {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return page{}, ctx.Err()
		case <-timer.C:
			return page{}, fmt.Errorf("no %s within %s", change, within)
		case p := <-s.receiver.pages:
			t.show(p)
			switch p.annotations["change"] {
			case change:
				return p, nil
			case "updated":
			default:
				return p, fmt.Errorf("%s arrived where %s was expected", p.annotations["change"], change)
			}
		}
	}
}

// show prints a page as the receiver got it.
func (t *teller) show(p page) {
	t.say("  ┌─ the pager gets: %s (webhook-id %s)", strings.ToUpper(p.annotations["change"]), p.id)
	t.say("  │ %s", p.annotations["summary"])
	for line := range strings.Lines(p.annotations["description"]) {
		t.say("  │ %s", strings.TrimRight(line, "\n"))
	}
	for line := range strings.Lines(p.annotations["commands"]) {
		t.say("  │ $ %s", strings.TrimRight(line, "\n"))
	}
	t.say("  └─ rule=%s severity=%s stream=%s origin=%s", p.labels["rule"], p.labels["severity"], p.labels["stream"], p.labels["origin"])
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
