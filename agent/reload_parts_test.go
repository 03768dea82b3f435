package agent

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestChangesAreNamedAndNotShown(t *testing.T) {
	t.Parallel()
	before, _ := load(t, oneConnection+"exporters: {slack: [{name: a, token: hunter2, channel: C1}, {name: b, token: x, channel: C1}]}\nheartbeat: {url: 'https://x/hunter2'}\n")
	next, _ := load(t, `
connections: [{name: far, url: "nats://u:hunter2@127.0.0.1:4222"}]
exporters: {slack: [{name: a, token: hunter3, channel: C1}, {name: c, token: x, channel: C1}], otlp: {endpoint: "http://127.0.0.1:4317"},
  otlplog: [{name: log, endpoint: "http://127.0.0.1:4317"}]}
interval: 7s
rules: {seen: {limit: 60}, lag: {hold: 1s}}
routes: [{receivers: [a, c]}]
`)
	got := strings.Join(changesOf(before, next), "; ")
	want := "connection far added; connection dr removed; receiver log added; receiver a changed; receiver c added; receiver b removed; " +
		"interval; rules.seen; rules.lag; heartbeat.url; exporters.otlp; routes"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if changes := changesOf(before, before); len(changes) > 0 {
		t.Errorf("without a change: %v", changes)
	}
}

// What stays as it is stays the same: a receiver keeps what it has to itself, as the pace of its messages.
func TestReceiversThatStayAreNotReplaced(t *testing.T) {
	t.Parallel()
	a := &assembly{log: slog.New(slog.DiscardHandler)}
	slacks := func(channel, status string) []madeReceiver {
		config, _ := load(t, oneConnection+fmt.Sprintf(`
exporters: {slack: [{name: a, token: x, channel: C0123456}, {name: b, token: x, channel: %s}]}
links: {status: %q}
`, channel, status))
		made, err := a.makeReceivers(config)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	a.receivers = slacks("C0123456", "")
	same, moved, linked := slacks("C0123456", ""), slacks("C0999999", ""), slacks("C0123456", "https://status.example/")
	for name, ok := range map[string]bool{
		"nothing changed, b":         same[1].receiver.Notifier == a.receivers[1].receiver.Notifier,
		"another one's channel, a":   moved[0].receiver.Notifier == a.receivers[0].receiver.Notifier,
		"its channel, b":             moved[1].receiver.Notifier != a.receivers[1].receiver.Notifier,
		"what messages link to, a":   linked[0].receiver.Notifier != a.receivers[0].receiver.Notifier,
		"what messages link to, b":   linked[1].receiver.Notifier != a.receivers[1].receiver.Notifier,
		"names in order, without it": notifiers(same)[0].Name == "a" && notifiers(same)[1].Name == "b",
	} {
		if !ok {
			t.Error(name)
		}
	}
}

// A file that is away for a moment is about to be replaced; one that stays away is told of, once.
func TestMissingFileIsToldOfWhenItStaysAway(t *testing.T) {
	t.Parallel()
	config, _ := load(t, oneConnection)
	r := newReloader(&assembly{log: slog.New(slog.DiscardHandler), config: config}, ConfigFile{Path: filepath.Join(t.TempDir(), "config.yaml")})
	for n, want := range []bool{false, false, true, false, false} {
		if got := r.changed(t.Context()); got != want {
			t.Errorf("look %d: got %t", n, got)
		}
	}
	if err := os.WriteFile(r.file.Path, []byte(oneConnection), 0o600); err != nil {
		t.Fatal(err)
	}
	if !r.changed(t.Context()) {
		t.Error("it is not seen when it is back")
	}
}
