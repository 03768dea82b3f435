package delivery

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// limitOnce is Slack that is asked too often, once.
func limitOnce(n int, w http.ResponseWriter) int {
	if n > 1 {
		return http.StatusOK
	}
	w.Header().Set("Retry-After", "1")
	return http.StatusTooManyRequests
}

func slack(r *recorder) string { return fmt.Sprintf("{slack: [{name: recorder, url: %q}]}", r.url) }

func anyMessage(*message) bool { return true }

// saying fits Slack messages that were accepted and have a word in them.
func saying(word string) func(*message) bool {
	return func(m *message) bool { return m.accepted() && strings.Contains(m.Text, word) }
}

func acceptedMessage(m *message) bool { return m.accepted() }

func limited(t *testing.T) string {
	_, r, _ := startLimited(t)
	return limitedGap(t, r)
}

func startLimited(t *testing.T) (*store, *recorder, *watcher) {
	t.Helper()
	s, r := startStore(t), record(t, limitOnce)
	w := watch(t, s.URL(), slack(r))
	w.proven("MIRROR")
	s.spill()
	r.await(t, soon, "the message that is limited", anyMessage)
	return s, r, w
}

// limitedGap holds that the next try comes when it was asked for.
func limitedGap(t *testing.T, r *recorder) string {
	t.Helper()
	second := r.await(t, soon, "the next try", acceptedMessage)
	gap := second.At.Sub(r.all()[0].At)
	if gap < time.Second || gap > 2*time.Second {
		t.Errorf("the next try came after %s", gap)
	}
	return "next try after " + about(gap)
}

// limitedAndOver ends the incident as soon as Slack limited its message.
func limitedAndOver(t *testing.T) string {
	s, r, w := startLimited(t)
	s.fill()
	limitedGap(t, r)
	limit := r.all()[0].At
	ended := r.await(t, 2*soon, "the end", saying("RESOLVED: "))
	w.settled()
	opened := r.those(saying("CRITICAL: "))
	if len(opened) != 1 || len(r.those(acceptedMessage)) != 2 {
		t.Errorf("told was:%s", told(r.all()))
	}
	return fmt.Sprintf("told after %s, its end after %s", about(opened[0].At.Sub(limit)), about(ended.At.Sub(limit)))
}

func managerLimited(t *testing.T, timing string) string {
	r := record(t, limitOnce)
	fires(t, manage(t, timing, slackConfig(r)))
	first := r.await(t, soon, "the message that is limited", anyMessage)
	second := r.awaitOr(patience(timing), acceptedMessage)
	if second == nil {
		return "no other try in " + about(patience(timing))
	}
	return "next try after " + about(second.At.Sub(first.At))
}

func managerLimitedAndOver(t *testing.T, timing string) string {
	r := record(t, limitOnce)
	end, _ := fires(t, manage(t, timing, slackConfig(r)))
	first := r.await(t, soon, "the message that is limited", anyMessage)
	end()
	r.lasts(patience(timing))
	return managerTold(r, first.At, timing, saying("[FIRING"), saying("[RESOLVED"))
}

// patience is two of Alertmanager's intervals and more, or one where they are 5 min.
func patience(timing string) time.Duration {
	if timing == defaults {
		return 6 * time.Minute
	}
	return 25 * time.Second
}

// managerTold says what a receiver was told of an incident, and how long after a time.
func managerTold(r *recorder, since time.Time, timing string, opened, ended func(*message) bool) string {
	text := ""
	for _, m := range r.all() {
		switch {
		case opened(&m):
			text += "told after " + about(m.At.Sub(since)) + ", "
		case ended(&m):
			text += "its end after " + about(m.At.Sub(since)) + ", "
		}
	}
	if text == "" {
		return "**never told** (in " + about(patience(timing)) + ")"
	}
	return text[:len(text)-2]
}

func about(d time.Duration) string {
	switch s := d.Seconds(); {
	case s < 20:
		return fmt.Sprintf("%.1f s", s)
	case s < 60:
		return fmt.Sprintf("%.0f s", s)
	default:
		return fmt.Sprintf("%.1f min", s/60)
	}
}
