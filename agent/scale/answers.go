package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// This file holds how a fleet answers an account's JetStream API.

// How nats-server pages, and how long a page takes where a server of the cluster is frozen.
const (
	listPage   = 256
	namesPage  = 1024
	frozenPage = 4 * time.Second
)

// answerAll serves the API of an account on nc.
func (f *fleet) answerAll(nc *nats.Conn) error {
	for subject, answer := range map[string]func(*nats.Msg){
		"$JS.API.INFO":                  f.info,
		"$JS.API.STREAM.LIST":           f.list,
		"$JS.API.STREAM.NAMES":          f.names,
		"$JS.API.STREAM.INFO.*":         f.one,
		originPrefix + ".STREAM.INFO.*": f.feed,
	} {
		if err := listen(nc, subject, answer); err != nil {
			return err
		}
	}
	return nil
}

func listen(nc *nats.Conn, subject string, answer func(*nats.Msg)) error {
	sub, err := nc.Subscribe(subject, answer)
	if err == nil {
		err = errors.Join(sub.SetPendingLimits(-1, -1), nc.Flush())
	}
	if err != nil {
		return fmt.Errorf("listen on %s: %w", subject, err)
	}
	return nil
}

// respond ignores that who asked, or the connection, went away.
func respond(m *nats.Msg, answer []byte) { _ = m.Respond(answer) }

func (f *fleet) info(m *nats.Msg) {
	answer, _ := json.Marshal(server.JSApiAccountInfoResponse{ // it always can
		ApiResponse:           server.ApiResponse{Type: server.JSApiAccountInfoResponseType},
		JetStreamAccountStats: &server.JetStreamAccountStats{JetStreamTier: server.JetStreamTier{Streams: len(f.listed())}},
	})
	respond(m, answer)
}

func (f *fleet) list(m *nats.Msg) {
	page, frozen := f.page(m.Data)
	if !frozen {
		respond(m, page)
		return
	}
	time.AfterFunc(frozenPage, func() { respond(m, page) })
}

// page renders a page of STREAM.LIST. With a frozen server, its streams are named as missing; frozen tells that there is one.
func (f *fleet) page(request []byte) (page []byte, frozen bool) {
	all := f.listed()
	offset, here := paged(request, all, listPage)
	page = make([]byte, 0, 300_000)
	page = fmt.Appendf(page, `{"type":%q,"total":%d,"offset":%d,"limit":%d,"streams":[`, server.JSApiStreamListResponseType, len(all), offset, listPage)
	var missing []string
	now := time.Now().UTC()
	for _, n := range here {
		s := &f.streams[n]
		if f.states.silent(n) {
			missing = append(missing, s.name)
			continue
		}
		if page[len(page)-1] == '}' {
			page = append(page, ',')
		}
		m := f.states.momentOf(s, n, now)
		page = s.fill(page, &m)
	}
	page = append(page, ']')
	if len(missing) > 0 {
		names, _ := json.Marshal(missing) // it always can
		page = append(append(page, `,"missing":`...), names...)
	}
	f.count.Pages.Add(1)
	f.count.Listed.Add(int64(len(here)))
	return append(page, '}'), f.states.anyFrozen()
}

// paged reads what a request for a page asks for.
func paged(request []byte, all []int, size int) (offset int, here []int) {
	var asked server.ApiPagedRequest
	if len(request) > 0 && json.Unmarshal(request, &asked) != nil {
		return 0, nil
	}
	offset = min(max(asked.Offset, 0), len(all))
	return offset, all[offset:min(offset+size, len(all))]
}

func (f *fleet) names(m *nats.Msg) {
	all := f.listed()
	offset, here := paged(m.Data, all, namesPage)
	page := server.JSApiStreamNamesResponse{
		ApiResponse: server.ApiResponse{Type: server.JSApiStreamNamesResponseType},
		ApiPaged:    server.ApiPaged{Total: len(all), Offset: offset, Limit: namesPage},
		Streams:     make([]string, len(here)),
	}
	for k, n := range here {
		page.Streams[k] = f.streams[n].name
	}
	answer, _ := json.Marshal(page) // it always can
	f.count.Names.Add(1)
	respond(m, answer)
}

// one answers about one stream; about one whose server is frozen, nobody does.
func (f *fleet) one(m *nats.Msg) {
	n, known := f.byName[lastToken(m.Subject)]
	f.count.Infos.Add(1)
	if !known {
		respond(m, notFound())
		return
	}
	now := time.Now().UTC()
	there, cut := f.states.of(n)
	if !cut.IsZero() {
		f.mu.Lock()
		f.asked[n] = append(f.asked[n], now)
		f.mu.Unlock()
	}
	switch {
	case f.states.silent(n):
	case !there:
		respond(m, notFound())
	default:
		s := &f.streams[n]
		moment := f.states.momentOf(s, n, now)
		answer := fmt.Appendf(make([]byte, 0, 1400), `{"type":%q,"total":0,"offset":0,"limit":0,`, server.JSApiStreamInfoResponseType)
		at := len(answer)
		answer = s.fill(answer, &moment)
		respond(m, slices.Delete(answer, at, at+1)) // the document's own brace
	}
}

// feed answers about an origin. Those of links that are cut cannot be reached.
func (f *fleet) feed(m *nats.Msg) {
	name := lastToken(m.Subject)
	f.count.Origins.Add(1)
	n, known := f.feeds[name]
	if !known {
		respond(m, notFound())
		return
	}
	_, cut := f.states.of(n)
	if !cut.IsZero() {
		return
	}
	moment := moment{now: time.Now().UTC(), messages: messagesEach, last: f.streams[n].created.Add(time.Hour)}
	if s := &f.streams[n]; s.kind == kindMirror {
		moment = f.states.momentOf(s, n, moment.now)
	}
	moment.name = name
	respond(m, f.origin.fill(make([]byte, 0, 1200), &moment))
}

func lastToken(subject string) string { return subject[strings.LastIndexByte(subject, '.')+1:] }

func notFound() []byte {
	answer, _ := json.Marshal(server.JSApiStreamInfoResponse{ // it always can
		ApiResponse: server.ApiResponse{Type: server.JSApiStreamInfoResponseType, Error: server.NewJSStreamNotFoundError()},
	})
	return answer
}
