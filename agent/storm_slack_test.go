package agent

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// stormSlack is one channel of Slack with its limits: a message a second, 50 edits a minute, 50 blocks and 9,500 characters a
// message.
type stormSlack struct {
	mu       sync.Mutex
	messages []*slackMessage
	sent     time.Time
	edits    []time.Time
	limited  int
	longest  int // characters in the longest message
}

// slackMessage is one in the channel as it is now.
type slackMessage struct {
	ts, thread string
	broadcast  bool
	texts      []string // what the phone showed, then and after each edit
	shown      string
}

var connectionInText = regexp.MustCompile(`\b(storm|other)\b`)

// take returns the connection that a message is about, where it is the first that tells of it.
func (s *stormSlack) take(t testing.TB, w http.ResponseWriter, q *http.Request) (connection string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	form := q.PostForm
	edit := strings.HasSuffix(q.URL.Path, "chat.update")
	s.edits = slices.DeleteFunc(s.edits, func(at time.Time) bool { return now.Sub(at) > time.Minute })
	if edit && len(s.edits) >= 50 || !edit && now.Sub(s.sent) < 950*time.Millisecond {
		s.limited++
		w.Header().Set("Retry-After", "1")
		http.Error(w, `{"ok":false,"error":"ratelimited"}`, http.StatusTooManyRequests)
		return ""
	}
	text, shown, size, err := readSlack(form.Get("text"), form.Get("blocks"))
	s.longest = max(s.longest, size)
	if err != nil {
		t.Errorf("slack: %v", err)
		_, _ = w.Write([]byte(`{"ok":false,"error":"invalid_blocks"}`))
		return ""
	}
	m := &slackMessage{ts: fmt.Sprintf("%d.%06d", now.Unix(), len(s.messages)), thread: form.Get("thread_ts"), broadcast: form.Get("reply_broadcast") == "true"}
	if edit {
		s.edits = append(s.edits, now)
		n := slices.IndexFunc(s.messages, func(m *slackMessage) bool { return m.ts == form.Get("ts") })
		if n < 0 {
			_, _ = w.Write([]byte(`{"ok":false,"error":"message_not_found"}`))
			return ""
		}
		m = s.messages[n]
	} else {
		s.sent = now
		s.messages = append(s.messages, m)
	}
	m.texts, m.shown = append(m.texts, text), shown
	_, _ = fmt.Fprintf(w, `{"ok":true,"channel":"C0123456","ts":%q}`, m.ts)
	return connectionInText.FindString(shown)
}

// readSlack returns what a message shows on the phone and in the channel, and its characters.
func readSlack(text, blocks string) (phone, shown string, size int, err error) {
	var all []struct {
		Type     string `json:"type"`
		Text     *struct{ Text string }
		Elements []struct {
			Text json.RawMessage `json:"text"`
		}
	}
	if err := json.Unmarshal([]byte(blocks), &all); err != nil {
		return "", "", 0, err
	}
	var lines []string
	for _, b := range all {
		if b.Text != nil {
			lines = append(lines, b.Text.Text)
			if n := utf8.RuneCountInString(b.Text.Text); n > 3000 || b.Type == "header" && n > 150 {
				err = fmt.Errorf("a %s of %d characters", b.Type, n)
			}
		}
		for _, e := range b.Elements {
			lines = append(lines, string(e.Text))
		}
	}
	shown = strings.Join(lines, "\n")
	size = utf8.RuneCountInString(shown)
	if len(all) > 50 || size > 9500 || text == "" {
		err = fmt.Errorf("%d blocks, %d characters, text %q", len(all), size, text)
	}
	return text, shown, size, err
}

// phones is what phones showed of the channel, message by message.
func (s *stormSlack) phones() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, m := range s.messages {
		kind := "message"
		switch {
		case m.broadcast:
			kind = "reply, also in the channel"
		case m.thread != "":
			kind = "reply"
		}
		fmt.Fprintf(&b, "\n  %s: %s", kind, strings.Join(m.texts, "\n    edited: "))
	}
	return b.String()
}

// count returns the messages of the channel about silent links, their edits, and the replies.
func (s *stormSlack) count() (messages, edits, replies int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		if m.thread != "" {
			replies++
			continue
		}
		if !strings.Contains(m.texts[0], "contact") {
			continue
		}
		messages++
		edits += len(m.texts) - 1
	}
	return messages, edits, replies
}
