package agent

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

const (
	testTimeout  = 30 * time.Second // of one notification
	testPatience = 10 * time.Second // as long as a receiver may ask to be left alone
)

// notifyResult is what one receiver did with one change, as notify test prints it.
type notifyResult struct {
	Receiver  string              `json:"receiver"`
	Change    pipeline.ChangeKind `json:"change"`
	Accepted  bool                `json:"accepted"`
	Error     string              `json:"error"`
	Exchanges []notifyExchange    `json:"exchanges"`
}

// notifyExchange is one request with its answer.
type notifyExchange struct {
	Method string            `json:"method"`
	URL    string            `json:"url"`
	Header map[string]string `json:"header"`
	Body   string            `json:"body"`
	Status string            `json:"status"` // empty: no answer
	Answer string            `json:"answer"`
	Took   float64           `json:"took_seconds"`
	Error  string            `json:"error"`
}

// testNotifier tells receivers of a made-up incident, its beginning and its end.
type testNotifier struct {
	now   func() time.Time
	level pipeline.Level
	scrub func(string) string // takes out whatever secret is left
	tell  func(notifyResult) error
}

// test tells one receiver; what began is ended too, so that nothing stays open there. It reports whether all was accepted.
func (t *testNotifier) test(ctx context.Context, r pipeline.Receiver) (accepted bool, err error) {
	opened := testChange(t.now(), t.level)
	n := pipeline.Notification{
		Key: "test-" + opened.Incident.ID + "-1", Group: opened.Incident.ID, Labels: map[string]string{"connection": opened.Incident.Subject.Connection, "rule": opened.Incident.Rule},
		Changes: []pipeline.Change{opened}, Members: []*pipeline.Change{&opened}, Open: 1,
	}
	receipt, failed, err := t.notify(ctx, r, n)
	if err != nil || failed != nil && (pipeline.IsPermanent(failed) || pipeline.IsBroken(failed)) {
		return false, err
	}
	ended := testEnd(t.now(), opened)
	n.Key, n.Changes, n.Members = "test-"+opened.Incident.ID+"-2", []pipeline.Change{ended}, []*pipeline.Change{&ended}
	n.Open, n.Ended, n.Receipt = 0, 1, receipt
	_, failedEnd, err := t.notify(ctx, r, n)
	return failed == nil && failedEnd == nil, err
}

// notify makes one attempt, and another where the receiver asked for a short pause. failed is why it was not accepted;
// err is that nobody could be told of the result.
func (t *testNotifier) notify(ctx context.Context, r pipeline.Receiver, n pipeline.Notification) (receipt pipeline.Receipt, failed, err error) {
	result := notifyResult{Receiver: r.Name, Change: n.Changes[0].Kind, Exchanges: []notifyExchange{}}
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	ctx = pipeline.WithExchanges(ctx, func(e pipeline.Exchange) {
		result.Exchanges = append(result.Exchanges, t.exchange(e))
	})
	if n.Body, failed = r.Notifier.Render(n); failed == nil {
		receipt, failed = r.Notifier.Notify(ctx, n)
		if pause := pipeline.RetryDelay(failed); failed != nil && pause > 0 && pause <= testPatience {
			select {
			case <-ctx.Done():
			case <-time.After(pause):
				receipt, failed = r.Notifier.Notify(ctx, n)
			}
		}
	}
	if result.Accepted = failed == nil; !result.Accepted {
		result.Error = t.scrub(failed.Error())
	}
	return receipt, failed, t.tell(result)
}

func (t *testNotifier) exchange(e pipeline.Exchange) notifyExchange {
	told := notifyExchange{
		Method: e.Method, URL: t.scrub(e.URL), Header: map[string]string{}, Body: t.scrub(string(e.Body)),
		Status: e.Status, Answer: t.scrub(string(e.Answer)), Took: seconds(e.Took),
	}
	for name, values := range maps.All(e.Header) {
		told.Header[name] = t.scrub(strings.Join(values, ", "))
	}
	if e.Error != nil {
		told.Error = t.scrub(e.Error.Error())
	}
	return told
}

// testChange is the beginning of an incident that never was, and says so.
func testChange(now time.Time, level pipeline.Level) pipeline.Change {
	subject := pipeline.Subject{
		StreamKey: pipeline.StreamKey{Connection: "test", Stream: "MIRRORWATCH_TEST"}, Kind: pipeline.KindMirror, Origin: "MIRRORWATCH_TEST",
	}
	return pipeline.Change{
		Kind: pipeline.Opened, At: now, Test: true, Silent: time.Minute,
		Incident: pipeline.Incident{
			ID: "mw-test-" + strings.ToLower(rand.Text()[:8]), Rule: pipeline.RuleSeen, Subject: subject, Level: level,
			Opened: now, Since: now.Add(-time.Minute), Value: 60, Limit: 60, Unit: pipeline.UnitSeconds,
			Reason: pipeline.ReasonSilent, Detail: "a test: nothing is wrong", Changes: 1, Changed: now, Told: now, Evidence: now.Add(-time.Minute),
		},
	}
}

// testEnd is the end of what testChange began.
func testEnd(now time.Time, opened pipeline.Change) pipeline.Change {
	c := opened
	c.Kind, c.At, c.From = pipeline.Resolved, now, opened.Incident.Level
	c.Silent = now.Sub(opened.Incident.Since)
	c.Incident.Ended, c.Incident.Changed, c.Incident.Evidence = now, now, now
	c.Incident.Changes++
	return c
}

// chosen returns the receivers of the given names, or all; unknown names are an error.
func chosen(all []pipeline.Receiver, names []string) ([]pipeline.Receiver, error) {
	if len(all) == 0 {
		return nil, errors.New("no receiver is configured: name one under exporters")
	}
	if len(names) == 0 {
		return all, nil
	}
	var known []string
	byName := map[string]pipeline.Receiver{}
	for _, r := range all {
		known = append(known, r.Name)
		byName[r.Name] = r
	}
	var some []pipeline.Receiver
	for _, name := range names {
		r, ok := byName[name]
		if !ok {
			return nil, fmt.Errorf("no receiver %q is configured: there are %s", name, strings.Join(known, ", "))
		}
		some = append(some, r)
	}
	return some, nil
}
