package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// The one server and account of a fleet, as the system account sees them. The NATS server that carries the answers says of itself
// that it runs no JetStream.
const (
	fleetServer  = "scale-fleet"
	fleetID      = "NSCALEFLEETSCALEFLEETSCALEFLEETSCALEFLEETSCALEFLEET34567"
	fleetAccount = "APP"
)

// answerSystem serves what system scope asks for.
func (f *fleet) answerSystem(nc *nats.Conn) error {
	bare := make([]document, len(f.streams))
	whole := make([]document, len(f.streams))
	for n := range f.streams {
		s := &f.streams[n]
		info := template(s)
		detail := server.StreamDetail{
			Name: s.name, Created: info.Created, State: info.State, Mirror: info.Mirror, Sources: info.Sources,
			Cluster: &server.ClusterInfo{Leader: fleetServer},
		}
		var err error
		if bare[n], err = cut(detail, len(s.origins)); err != nil {
			return err
		}
		detail.Config = &info.Config
		if whole[n], err = cut(detail, len(s.origins)); err != nil {
			return err
		}
	}
	answer := func(m *nats.Msg) {
		documents := bare
		var asked server.JSzOptions
		if len(m.Data) > 0 && json.Unmarshal(m.Data, &asked) != nil {
			return
		}
		if asked.Config {
			documents = whole
		}
		f.jsz(m, &asked, documents)
	}
	for _, subject := range []string{"$SYS.REQ.SERVER.PING.JSZ", "$SYS.REQ.SERVER." + fleetID + ".JSZ"} {
		if err := listen(nc, subject, answer); err != nil {
			return err
		}
	}
	return nil
}

// jsz answers one question as a server does: everything in one document, compressed where that is asked for.
func (f *fleet) jsz(m *nats.Msg, asked *server.JSzOptions, documents []document) {
	f.count.JSZ.Add(1)
	all := f.listed()
	now := time.Now().UTC()
	told := &server.JSInfo{ID: fleetID, Now: now, Streams: len(all), Total: 1}
	if asked.Offset == 0 && (asked.Account == "" || asked.Account == fleetAccount) && asked.Streams {
		told.AccountDetails = []*server.AccountDetail{{Name: fleetAccount, Id: fleetAccount, Streams: make([]server.StreamDetail, 1)}}
	}
	body, _ := json.Marshal(told)                  // it always can, as it can
	mark, _ := json.Marshal(server.StreamDetail{}) // the one that stands for all
	if before, after, streams := bytes.Cut(body, mark); streams {
		body = make([]byte, 0, len(all)*1100)
		body = append(body, before...)
		for k, n := range all {
			if k > 0 {
				body = append(body, ',')
			}
			moment := f.states.momentOf(&f.streams[n], n, now)
			body = documents[n].fill(body, &moment)
		}
		body = append(body, after...)
		f.count.Listed.Add(int64(len(all)))
	}
	who, _ := json.Marshal(server.ServerInfo{Name: fleetServer, Host: "127.0.0.1", ID: fleetID, Version: server.VERSION, JetStream: true, Time: time.Now().UTC()})
	answer := fmt.Appendf(make([]byte, 0, len(body)+len(who)+32), `{"server":%s,"data":%s}`, who, body)
	reply := &nats.Msg{Subject: m.Reply, Data: answer}
	if m.Header.Get("Accept-Encoding") == "gzip" {
		var packed bytes.Buffer
		writer, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed) // the level is one
		_, _ = writer.Write(answer)                               // memory takes it
		_ = writer.Close()
		reply.Data, reply.Header = packed.Bytes(), nats.Header{"Content-Encoding": {"gzip"}}
	}
	_ = m.RespondMsg(reply) // nobody may wait any more
}
