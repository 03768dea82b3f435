package pipelinetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// HoldCopies keeps a stream's origin, on a server without a JetStream cluster, from sending anything but heartbeats to those who copy it,
// for some time from now: it pauses their consumers.
func HoldCopies(t testing.TB, origin *Server, js jetstream.JetStream, stream string, d time.Duration) {
	t.Helper()
	var answer struct {
		Data struct {
			Accounts []struct {
				Streams []struct {
					Name      string                    `json:"name"`
					Consumers []*jetstream.ConsumerInfo `json:"direct_consumer_detail"`
				} `json:"stream_detail"`
			} `json:"account_details"`
		} `json:"data"`
	}
	options := []byte(`{"accounts":true,"streams":true,"consumer":true,"direct_consumer":true}`)
	msg, err := origin.System(t).Request("$SYS.REQ.SERVER.PING.JSZ", options, requestTimeout)
	if err == nil {
		err = json.Unmarshal(msg.Data, &answer)
	}
	if err != nil {
		t.Fatalf("ask who copies stream %s: %v", stream, err)
	}
	held, until := 0, time.Now().Add(d)
	for _, account := range answer.Data.Accounts {
		for _, s := range account.Streams {
			for _, c := range s.Consumers {
				if s.Name != stream {
					continue
				}
				if _, err := js.PauseConsumer(t.Context(), stream, c.Name, until); err != nil {
					t.Fatalf("pause consumer %s of stream %s: %v", c.Name, stream, err)
				}
				held++
			}
		}
	}
	if held == 0 {
		t.Fatalf("nobody copies stream %s: %s", stream, msg.Data)
	}
}
