package pipelinetest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

// UpdateStream changes a stream's configuration.
func UpdateStream(t testing.TB, js jetstream.JetStream, stream string, mutate func(*jetstream.StreamConfig)) {
	t.Helper()
	config := StreamInfo(t, js, stream).Config
	mutate(&config)
	request(t, "update stream "+stream, func(ctx context.Context) error {
		_, err := js.UpdateStream(ctx, config)
		return err
	})
}

// SetMetadata replaces a stream's metadata; the server keeps its own keys.
func SetMetadata(t testing.TB, js jetstream.JetStream, stream string, metadata map[string]string) {
	t.Helper()
	UpdateStream(t, js, stream, func(c *jetstream.StreamConfig) { c.Metadata = metadata })
}

// SealStream makes a stream take and lose nothing any more, for good. A sealed mirror goes on hearing its origin.
func SealStream(t testing.TB, js jetstream.JetStream, stream string) {
	t.Helper()
	UpdateStream(t, js, stream, func(c *jetstream.StreamConfig) { c.Sealed = true })
}

// Promote makes a mirror a stream of its own, which takes messages on those subjects.
func Promote(t testing.TB, js jetstream.JetStream, mirror string, subjects ...string) {
	t.Helper()
	UpdateStream(t, js, mirror, func(c *jetstream.StreamConfig) { c.Mirror, c.Subjects = nil, subjects })
}

// PurgeStream takes messages out of a stream: all, or as the options say.
func PurgeStream(t testing.TB, js jetstream.JetStream, stream string, options ...jetstream.StreamPurgeOpt) {
	t.Helper()
	request(t, "purge stream "+stream, func(ctx context.Context) error {
		s, err := js.Stream(ctx, stream)
		if err != nil {
			return err
		}
		return s.Purge(ctx, options...)
	})
}

// RecreateStream deletes a stream and creates it anew, empty, with the same configuration.
func RecreateStream(t testing.TB, js jetstream.JetStream, stream string) {
	t.Helper()
	config := StreamInfo(t, js, stream).Config
	DeleteStream(t, js, stream)
	CreateStream(t, js, config)
}

// StepDown makes a stream's leader step down, and returns the name of the next one when it leads.
func StepDown(t testing.TB, js jetstream.JetStream, stream string) string {
	t.Helper()
	before := StreamInfo(t, js, stream).Cluster
	if before == nil {
		t.Fatalf("step down the leader of %s: it is in no cluster", stream)
	}
	ctx, cancel := context.WithTimeout(t.Context(), requestTimeout)
	defer cancel()
	subject := fmt.Sprintf("%s.STREAM.LEADER.STEPDOWN.%s", apiPrefix(js), stream)
	answer, err := js.Conn().RequestWithContext(ctx, subject, nil)
	if err != nil {
		t.Fatalf("step down the leader of %s: %v", stream, err)
	}
	var response server.JSApiStreamLeaderStepDownResponse
	if err := json.Unmarshal(answer.Data, &response); err != nil || response.Error != nil {
		t.Fatalf("step down the leader of %s: %v, %v", stream, response.Error, err)
	}
	next := ""
	Eventually(t, requestTimeout, "another server leads "+stream, func() bool {
		if info := LookAt(t, js, stream); info != nil && info.Cluster != nil {
			next = info.Cluster.Leader
		}
		return next != "" && next != before.Leader
	})
	return next
}

// apiPrefix is the prefix under which JetStream is asked.
func apiPrefix(js jetstream.JetStream) string {
	o := js.Options()
	switch {
	case o.APIPrefix != "":
		return o.APIPrefix
	case o.Domain != "":
		return APIPrefix(o.Domain)
	}
	return "$JS.API"
}

// DeleteMessages deletes single messages of a stream.
func DeleteMessages(t testing.TB, js jetstream.JetStream, stream string, sequences ...uint64) {
	t.Helper()
	request(t, "delete messages of stream "+stream, func(ctx context.Context) error {
		s, err := js.Stream(ctx, stream)
		for _, seq := range sequences {
			if err == nil {
				err = s.DeleteMsg(ctx, seq)
			}
		}
		return err
	})
}
