package slack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// fake is Slack as far as the bot and an incoming webhook use it: two channels, the limits that Slack sets, and its errors.
type fake struct {
	mu       sync.Mutex
	token    string
	archived bool
	messages []*posted
	closed   bool     // its threads
	calls    []string // post, edit, reply, broadcast; "refused post", "limited post"
	refuse   map[string]string
	sent     map[string]time.Time // newest message a channel
	edits    []time.Time
	lastTS   time.Time
	waits    bool // whether it minds the rate
}

const (
	theChannel    = "C0123456"
	otherChannel  = "C0777777"
	fakeTotal     = 9500 // characters in all blocks
	editsAMinute  = 50
	hookPath      = "/services/T0SECRET0/B0SECRET0/XXSECRETXX"
	fakeFileLimit = 40000
)

// posted is a message in a channel.
type posted struct {
	channel, ts, thread string
	said
	key       string
	edited    []time.Time
	broadcast bool
	deleted   bool
	foreign   bool // another's
}

// said is what a message shows.
type said struct {
	text   string
	blocks []block
}

func newFake() *fake {
	return &fake{token: token, sent: map[string]time.Time{}, waits: true}
}

// patient minds no rate, for tests in real time whose notifiers know nothing of each other.
func patient() *fake {
	f := newFake()
	f.waits = false
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.URL.Path == hookPath {
		f.hook(w, r)
		return
	}
	method, api := strings.CutPrefix(r.URL.Path, "/api/")
	if !api || r.Method != http.MethodPost || r.ParseForm() != nil {
		http.NotFound(w, r)
		return
	}
	channel := r.PostForm.Get("channel")
	call := callOf(method, r)
	if f.limited(method, channel) {
		f.calls = append(f.calls, "limited "+call)
		w.Header().Set("Retry-After", "1")
		http.Error(w, `{"ok":false,"error":"ratelimited"}`, http.StatusTooManyRequests)
		return
	}
	answer := map[string]any{"ok": true, "channel": channel}
	ts, refused := f.call(method, r)
	if answer["ts"] = ts; refused != "" {
		call = "refused " + call
		name, why, _ := strings.Cut(refused, ": ")
		answer = map[string]any{"ok": false, "error": name, "response_metadata": map[string]any{"messages": []string{cmp.Or(why, name)}}}
	}
	f.calls = append(f.calls, strings.Replace(call, "refused broadcast", "refused reply", 1))
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func callOf(method string, r *http.Request) string {
	switch {
	case method == "chat.update":
		return "edit"
	case r.PostForm.Get("thread_ts") == "":
		return "post"
	case r.PostForm.Get("reply_broadcast") == "true":
		return "broadcast"
	}
	return "reply"
}

func (f *fake) call(method string, r *http.Request) (ts, refused string) {
	form := r.PostForm
	given := cmp.Or(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), form.Get("token"))
	switch {
	case f.refuse[method] != "":
		return "", f.refuse[method]
	case given == "":
		return "", "not_authed"
	case given != f.token:
		return "", "invalid_auth"
	case form.Get("channel") != theChannel && form.Get("channel") != otherChannel:
		return "", "channel_not_found"
	case f.archived:
		return "", "is_archived"
	}
	say, key, refused := read(form)
	if refused != "" {
		return "", refused
	}
	switch method {
	case "chat.postMessage":
		return f.post(form.Get("channel"), form.Get("thread_ts"), form.Get("reply_broadcast") == "true", say, key)
	case "chat.update":
		m := f.find(form.Get("channel"), form.Get("ts"))
		switch {
		case m == nil || m.deleted:
			return "", "message_not_found"
		case m.foreign:
			return "", "cant_update_message"
		}
		m.said, m.key, m.edited = say, key, append(m.edited, time.Now())
		return m.ts, ""
	}
	return "", "unknown_method"
}

func (f *fake) post(channel, thread string, broadcast bool, say said, key string) (ts, refused string) {
	if parent := f.find(channel, thread); thread != "" {
		switch {
		case parent == nil || parent.deleted || f.closed:
			return "", "thread_not_found"
		case parent.thread != "":
			return "", "cannot_reply_to_message"
		}
	}
	m := &posted{channel: channel, ts: f.stamp(), thread: thread, said: say, key: key, broadcast: broadcast && thread != ""}
	f.messages = append(f.messages, m)
	return m.ts, ""
}

// hook takes what an incoming webhook takes. It answers in plain text, and knows no metadata.
func (f *fake) hook(w http.ResponseWriter, r *http.Request) {
	var m struct {
		Text   string          `json:"text"`
		Blocks json.RawMessage `json:"blocks"`
	}
	text, _ := io.ReadAll(r.Body)
	if r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(text, &m) != nil {
		http.Error(w, "invalid_payload", http.StatusBadRequest)
		return
	}
	if f.limited("chat.postMessage", theChannel) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "rate_limited", http.StatusTooManyRequests)
		return
	}
	say, refused := parse(m.Text, m.Blocks)
	if refused != "" {
		http.Error(w, refused, http.StatusBadRequest)
		return
	}
	_, _ = f.post(theChannel, "", false, say, "")
	_, _ = io.WriteString(w, "ok")
}

// limited takes one message a second a channel, and 50 edits a minute.
func (f *fake) limited(method, channel string) bool {
	now := time.Now()
	if !f.waits {
		return false
	}
	if method == "chat.update" {
		f.edits = slices.DeleteFunc(f.edits, func(t time.Time) bool { return now.Sub(t) >= time.Minute })
		f.edits = append(f.edits, now)
		return len(f.edits) > editsAMinute
	}
	if last, some := f.sent[channel]; some && now.Sub(last) < time.Second-time.Millisecond {
		return true
	}
	f.sent[channel] = now
	return false
}

func (f *fake) find(channel, ts string) *posted {
	for _, m := range f.messages {
		if m.channel == channel && m.ts == ts {
			return m
		}
	}
	return nil
}

// stamp names a message by its time; no two have the same.
func (f *fake) stamp() string {
	now := time.Now().Truncate(time.Microsecond)
	if !now.After(f.lastTS) {
		now = f.lastTS.Add(time.Microsecond)
	}
	f.lastTS = now
	return fmt.Sprintf("%d.%06d", now.Unix(), now.Nanosecond()/1000)
}

// remove deletes a message as a person does.
func (f *fake) remove(ts string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.find(theChannel, ts).deleted = true
}

// shown returns the messages at the top of the channel that are there.
func (f *fake) shown() []*posted {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*posted
	for _, m := range f.messages {
		if m.thread == "" && !m.deleted {
			all = append(all, m)
		}
	}
	return all
}

// within answers requests without a network, so that time may be virtual.
type within struct{ handler http.Handler }

func (d within) Do(req *http.Request, _ ...string) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	d.handler.ServeHTTP(recorder, req)
	if recorder.Code != http.StatusOK {
		return nil, fmt.Errorf("answered %d: %s", recorder.Code, recorder.Body)
	}
	return recorder.Result(), nil
}
