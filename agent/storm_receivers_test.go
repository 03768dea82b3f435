package agent

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// stormReceivers is one receiver of each kind, which keep what they are told of.
type stormReceivers struct {
	server *httptest.Server
	slack  *stormSlack

	mu      sync.Mutex
	traffic map[string]*traffic  // by receiver
	fresh   map[string]int       // how often the native body told a change, by its key
	opened  map[string]time.Time // by connection and stream
	first   map[string]time.Time // by receiver and connection: when something of it was told first
	kinds   map[string]int       // changes of the native body, by connection, rule and kind
	native  map[string]string    // of the native body: the newest change by incident that is open
	alerts  map[string]string    // of the alertmanager body: status by incident
	posted  map[string]time.Time // of Alertmanager's API: when they end, by labels
	events  []string             // PagerDuty's
}

// traffic is what went to one receiver.
type traffic struct {
	messages, bytes, largest int
	last                     time.Time
}

func startStormReceivers(t testing.TB) *stormReceivers {
	r := &stormReceivers{
		slack: &stormSlack{}, traffic: map[string]*traffic{}, fresh: map[string]int{}, kinds: map[string]int{},
		opened: map[string]time.Time{}, native: map[string]string{}, first: map[string]time.Time{},
		alerts: map[string]string{}, posted: map[string]time.Time{},
	}
	mux := http.NewServeMux()
	for path, take := range map[string]func(string, []byte) error{
		"/webhook": r.takeWebhook, "/native": r.takeNative, "/pagerduty": r.takeEvent, "/manager/api/v2/alerts": r.takeAlerts,
	} {
		name := strings.Split(path, "/")[1]
		mux.HandleFunc(path, func(w http.ResponseWriter, q *http.Request) { r.take(t, w, q, name, take) })
	}
	mux.HandleFunc("/slack/", func(w http.ResponseWriter, q *http.Request) {
		at := time.Now()
		_ = q.ParseForm()
		r.note("slack", at, len(q.PostForm.Encode()))
		if connection := r.slack.take(t, w, q); connection != "" {
			r.hear("slack", connection, at)
		}
	})
	r.server = httptest.NewServer(mux)
	t.Cleanup(r.server.Close)
	return r
}

// config is the exporters and the route of an agent that tells all of them.
func (r *stormReceivers) config() string {
	url := r.server.URL
	return fmt.Sprintf(`exporters:
  webhook:
    - {name: webhook, url: %q}
    - {name: native, url: %q, body: native}
    - {name: pagerduty, url: %q, body: pagerduty, routing_key: 0123456789abcdef0123456789abcdef}
  slack: [{name: slack, token: xoxb-storm, channel: C0123456, api_url: %q, mention: "@here"}]
  alertmanager: [{name: manager, urls: [%q]}]
routes: [{receivers: [webhook, native, pagerduty, slack, manager], group_interval: 5s}]
`, url+"/webhook", url+"/native", url+"/pagerduty", url+"/slack/", url+"/manager")
}

func (r *stormReceivers) take(t testing.TB, w http.ResponseWriter, q *http.Request, name string, take func(string, []byte) error) {
	at := time.Now()
	text, err := io.ReadAll(q.Body)
	r.note(name, at, len(text))
	if err == nil {
		err = take(name, text)
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
		w.WriteHeader(http.StatusBadRequest)
	}
}

func (r *stormReceivers) note(name string, at time.Time, size int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.traffic[name]
	if one == nil {
		one = &traffic{}
		r.traffic[name] = one
	}
	one.messages, one.bytes, one.largest, one.last = one.messages+1, one.bytes+size, max(one.largest, size), at
}

// hear notes that a receiver was told something of a connection.
func (r *stormReceivers) hear(name, connection string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard(name, connection, at)
}

func (r *stormReceivers) heard(name, connection string, at time.Time) {
	if key := name + " " + connection; r.first[key].IsZero() {
		r.first[key] = at
	}
}

func (r *stormReceivers) takeWebhook(name string, text []byte) error {
	var m struct {
		Alerts []page `json:"alerts"`
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return err
	}
	at := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := range m.Alerts {
		a := &m.Alerts[n]
		r.heard(name, a.Labels["connection"], at)
		if a.rule() == pipeline.RuleSeen {
			r.alerts[a.incident()] = a.Status
		}
	}
	return nil
}

func (r *stormReceivers) takeNative(name string, text []byte) error {
	var m struct {
		Changes []struct {
			Key        string    `json:"key"`
			Change     string    `json:"change"`
			Incident   string    `json:"incident"`
			Rule       string    `json:"rule"`
			Connection string    `json:"connection"`
			Stream     string    `json:"stream"`
			Opened     time.Time `json:"opened"`
			Ended      time.Time `json:"ended"`
		} `json:"changes"`
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return err
	}
	at := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := range m.Changes {
		c := &m.Changes[n]
		r.fresh[c.Key]++
		r.kinds[strings.Join([]string{c.Connection, c.Rule, c.Change}, " ")]++
		r.heard(name, c.Connection, at)
		if c.Rule != pipeline.RuleSeen { // on a busy machine the looks may fall short of the limits for a while, which is told too
			continue
		}
		subject := c.Connection + " " + c.Stream
		r.opened[subject] = c.Opened
		if r.native[c.Incident] = c.Change; !c.Ended.IsZero() {
			delete(r.native, c.Incident)
		}
	}
	return nil
}

func (r *stormReceivers) takeEvent(name string, text []byte) error {
	var e struct {
		Action  string `json:"event_action"`
		Dedup   string `json:"dedup_key"`
		Payload struct {
			Summary string `json:"summary"`
			Source  string `json:"source"`
		} `json:"payload"`
	}
	if err := json.Unmarshal(text, &e); err != nil {
		return err
	}
	at := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard(name, e.Payload.Source, at)
	r.events = append(r.events, fmt.Sprintf("%s %s %s: %s", e.Action, e.Payload.Source, e.Dedup, e.Payload.Summary))
	return nil
}

func (r *stormReceivers) takeAlerts(name string, text []byte) error {
	var all []struct {
		Labels map[string]string `json:"labels"`
		EndsAt time.Time         `json:"endsAt"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	at := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range all {
		r.heard(name, a.Labels["connection"], at)
		if a.Labels["rule"] == pipeline.RuleSeen {
			r.posted[fmt.Sprint(a.Labels)] = a.EndsAt
		}
	}
	return nil
}

// firing is how many silent links each of those that tell of every one knows of: the alertmanager body, the native
// body, Alertmanager.
func (r *stormReceivers) firing() (webhook, native, manager int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, status := range r.alerts {
		if status == "firing" {
			webhook++
		}
	}
	now := time.Now()
	for _, ends := range r.posted {
		if ends.After(now) {
			manager++
		}
	}
	return webhook, len(r.native), manager
}

// twice returns the changes that were told more than once.
func (r *stormReceivers) twice() (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(r.fresh)) {
		if r.fresh[key] > 1 {
			all = append(all, key)
		}
	}
	return all
}
