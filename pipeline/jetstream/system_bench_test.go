package jetstream

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// BenchmarkSystemRound compares a look at 1,000 live mirrors in system scope with its floor, the same answer fetched and not decoded, and
// with an answer that brings configurations, as a sweep's do.
func BenchmarkSystemRound(b *testing.B) {
	server := startBenchServer(b)
	s, _ := openSystem(b, server.url, Config{})
	nc, err := nats.Connect(server.url, nats.UserInfo(pipelinetest.SystemUser, pipelinetest.SystemPassword))
	if err != nil {
		b.Fatal(err)
	}
	defer nc.Close()
	raw := func(options string) func() int {
		return func() int {
			msg, err := nc.Request("$SYS.REQ.SERVER.PING.JSZ", []byte(options), 5*time.Second)
			if err != nil {
				b.Fatal(err)
			}
			return len(msg.Data)
		}
	}
	for _, way := range []struct {
		name  string
		round func() int
	}{
		{"Raw", raw(`{"streams":true,"stream_leader_only":true}`)},
		{"RawWithConfig", raw(`{"streams":true,"config":true}`)},
		{"Look", func() int {
			return lookRound(b, benchMirrors, func(yield func(*pipeline.Sample)) error { return s.Look(b.Context(), nil, yield) })
		}},
	} {
		b.Run(way.name, func(b *testing.B) { server.measure(b, way.round) })
	}
}

// BenchmarkJSZ reads an answer about 1,000 mirrors without configurations: as rounds do, completed by what is remembered and turned into
// samples; and by encoding/json, the judge, into documents.
func BenchmarkJSZ(b *testing.B) {
	s := &System{longRead: longRead}
	r, x, doc := s.newReader(), &pipeline.Sample{}, thousand(false)
	read := func(doc []byte) error {
		one, err := r.answer(doc)
		if err != nil {
			return err
		}
		one.asked, one.at = time.Now(), time.Now()
		s.readStreams(r, one, func(c *copied) {
			if c.fill(x); len(x.Links) != 1 {
				err = fmt.Errorf("%d links: %v", len(x.Links), x.Fault)
			}
		})
		return err
	}
	s.members.log = slog.New(slog.DiscardHandler)
	if err := read(thousand(true)); err != nil {
		b.Fatal(err)
	}
	for _, way := range []struct {
		name string
		read func(doc []byte) error
	}{
		{"Round", read},
		{"EncodingJSON", func(doc []byte) error { return json.Unmarshal(doc, &said[judged]{}) }},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			began := cpu(b)
			for b.Loop() {
				if err := way.read(doc); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpu(b)-began).Nanoseconds())/float64(b.N)/1000, "cpu-ns/stream")
			b.ReportMetric(float64(len(doc))/1000, "B/stream")
		})
	}
}
