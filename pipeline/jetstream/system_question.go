package jetstream

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go"
)

// question is one that goes to all servers.
type question[T any] struct {
	what    string // the monitoring document: "JSZ"
	options any
	packed  bool // answers may come compressed
	read    func(data []byte) (*said[T], error)
}

// plain is a question whose answers are short.
func plain[T any](what string, options any) question[T] {
	return question[T]{what, options, false, readSaid[T]}
}

// serverInfo is how a server names itself in each answer. Time is its clock when it sent the answer.
type serverInfo struct {
	Name    string    `json:"name"`
	ID      string    `json:"id"`
	Cluster string    `json:"cluster"`
	Domain  string    `json:"domain"`
	Time    time.Time `json:"time"`
}

// id is the server among all that one system account sees: names are one domain's own.
func (i serverInfo) id() string { return serverID(i.Domain, i.Name) }

func serverID(domain, name string) string {
	if domain == "" {
		return name
	}
	return name + " in " + domain
}

// said is one server's answer to a question that went to all.
type said[T any] struct {
	Server serverInfo `json:"server"`
	Data   *T         `json:"data"`
	Error  *apiError  `json:"error"`

	asked, at time.Time
}

// decode reads an answer as it came in.
func (q question[T]) decode(msg *nats.Msg) (*said[T], error) {
	data := msg.Data
	if msg.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("unpack: %w", err)
		}
		if data, err = io.ReadAll(unpacked); err != nil {
			return nil, fmt.Errorf("unpack: %w", err)
		}
	}
	return q.read(data)
}

// readSaid reads a short answer.
func readSaid[T any](data []byte) (*said[T], error) {
	one := &said[T]{}
	if err := json.Unmarshal(data, one); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	if one.Server.Name == "" || one.Data == nil && one.Error == nil {
		return nil, errNobody
	}
	return one, nil
}
