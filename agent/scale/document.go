package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// document is what a server tells of one stream, in its own words: made from nats-server's types once, and cut where something
// changes from answer to answer. There is one slot between two pieces.
type document struct {
	pieces []string
	slots  []slot
}

// slot is a place in a document that is filled anew for each answer.
type slot struct {
	field field
	link  int // which of the stream's, for fieldActive
}

// field says what a slot is filled with.
type field int

const (
	fieldActive   field = iota // time since the link heard its origin
	fieldMessages              // messages, and the last sequence
	fieldBytes
	fieldLast // the newest message's stamp
	fieldNow  // the server's clock
	fieldName // the stream's, for origins: one document serves them all
)

// What stands in a document where a slot will be: numbers and times that stand nowhere else.
const (
	markActive   = 7_100_000_000_000 // and the link's number
	markMessages = 7_200_000_000_000
	markBytes    = 7_300_000_000_000
	markLast     = 980_000_001 // Unix seconds
	markNow      = 980_000_002
	markName     = "\x00"
)

// cut makes a document of what is told of a stream with so many links.
func cut(told any, links int) (document, error) {
	text, err := json.Marshal(told)
	if err != nil {
		return document{}, fmt.Errorf("make a document: %w", err)
	}
	stamp := func(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339Nano) }
	marks := map[string]slot{
		strconv.Itoa(markMessages): {field: fieldMessages}, strconv.Itoa(markBytes): {field: fieldBytes},
		stamp(markLast): {field: fieldLast}, stamp(markNow): {field: fieldNow}, `\u0000`: {field: fieldName},
	}
	for k := range links {
		marks[strconv.Itoa(markActive+k)] = slot{field: fieldActive, link: k}
	}
	var d document
	for rest := string(text); ; {
		at, mark := len(rest), ""
		for m := range marks {
			if i := strings.Index(rest, m); i >= 0 && i < at {
				at, mark = i, m
			}
		}
		d.pieces = append(d.pieces, rest[:at])
		if mark == "" {
			return d, nil
		}
		d.slots = append(d.slots, marks[mark])
		rest = rest[at+len(mark):]
	}
}

// moment is what one stream is like when it is told of.
type moment struct {
	name     string
	now      time.Time
	active   [2]time.Duration // of its links
	messages uint64
	last     time.Time // of the newest message
}

// fill appends the document as it reads at a moment.
func (d *document) fill(to []byte, m *moment) []byte {
	for k, s := range d.slots {
		to = append(to, d.pieces[k]...)
		switch s.field {
		case fieldActive:
			to = strconv.AppendInt(to, int64(m.active[s.link]), 10)
		case fieldMessages:
			to = strconv.AppendUint(to, m.messages, 10)
		case fieldBytes:
			to = strconv.AppendUint(to, m.messages*messageSize, 10)
		case fieldLast:
			to = m.last.AppendFormat(to, time.RFC3339Nano)
		case fieldNow:
			to = m.now.AppendFormat(to, time.RFC3339Nano)
		case fieldName:
			to = append(to, m.name...)
		}
	}
	return append(to, d.pieces[len(d.slots)]...)
}

const messageSize = 212

// template is a stream as nats-server tells of it, with marks where slots will be.
func template(s *stream) *server.StreamInfo {
	info := &server.StreamInfo{
		Config: server.StreamConfig{
			Name: s.name, Retention: server.LimitsPolicy, MaxConsumers: -1, MaxMsgs: -1, MaxBytes: -1, MaxMsgsPer: -1, MaxMsgSize: -1,
			Discard: server.DiscardOld, Storage: server.FileStorage, Replicas: 1, MirrorDirect: s.kind == kindMirror,
			Metadata: map[string]string{
				"_nats.level": "4", "_nats.req.level": "0", "_nats.ver": server.VERSION,
				"io.nats.monitor.seen-critical": strconv.Itoa(int(s.limit.Seconds())),
			},
		},
		Created: s.created,
		State: server.StreamState{
			Msgs: markMessages, Bytes: markBytes, FirstSeq: 1, FirstTime: s.created, LastSeq: markMessages, LastTime: time.Unix(markLast, 0).UTC(),
			NumSubjects: 7,
		},
		TimeStamp: time.Unix(markNow, 0).UTC(),
	}
	if s.leader != "" {
		info.Cluster = &server.ClusterInfo{Name: "scale", RaftGroup: "S-R1F-kR4s0Lq2", Leader: s.leader, LeaderSince: new(s.created)}
	}
	for k, origin := range s.origins {
		external := &server.ExternalStream{ApiPrefix: originPrefix}
		configured := &server.StreamSource{Name: origin, External: external}
		state := &server.StreamSourceInfo{Name: origin, External: external, Active: time.Duration(markActive + k)}
		if s.kind == kindMirror {
			info.Config.Mirror, info.Mirror = configured, state
			continue
		}
		filter := fmt.Sprintf("region%d.>", k)
		configured.FilterSubject, state.FilterSubject = filter, filter
		info.Config.Sources, info.Sources = append(info.Config.Sources, configured), append(info.Sources, state)
	}
	return info
}

// originTemplate is any origin.
func originTemplate(created time.Time) *server.StreamInfo {
	info := template(&stream{name: markName, created: created})
	info.Config.Subjects = []string{"orders.>"}
	info.Config.Metadata = nil
	return info
}
