package diagnosis

import (
	"testing"

	"mirrorwatch/pipeline"
)

func TestCommandsAreSafeToPaste(t *testing.T) {
	for name, want := range map[string]string{
		"ORDERS":       "nats stream info ORDERS",
		"a b":          "nats stream info 'a b'",
		"$(reboot)":    "nats stream info '$(reboot)'",
		"x;rm":         "nats stream info 'x;rm'",
		"it's":         "",
		"`id`":         "",
		"-rf":          "",
		"a\nb":         "",
		"":             "",
		"Bestellungén": "",
	} {
		if got := near(pipeline.StreamKey{Stream: name}, "info", ""); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestTheOriginIsAskedTheWayTheLinkDoes(t *testing.T) {
	for via, want := range map[string]string{
		"":            "nats --js-domain leaf stream info ORDERS",
		"$JS.hub.API": "nats --js-domain hub stream info ORDERS",
		"$JS.FROM.A":  "nats --js-api-prefix '$JS.FROM.A' stream info ORDERS",
		"it's":        "",
	} {
		s := pipeline.Subject{StreamKey: pipeline.StreamKey{Domain: "leaf", Stream: "M"}, Kind: pipeline.KindMirror, Origin: "ORDERS", Via: via}
		if got := far(s); got != want {
			t.Errorf("%q: %q, want %q", via, got, want)
		}
	}
}
