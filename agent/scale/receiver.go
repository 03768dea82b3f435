package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// receiver is a webhook that takes the agent's native body, and notes when.
type receiver struct {
	url  string
	stop func()

	mu   sync.Mutex
	come []page
}

// page is a change as it came.
type page struct {
	pipeline.Line
	Since time.Time `json:"since"` // the last proof
	at    time.Time
}

func startReceiver() (*receiver, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the receiver: %w", err)
	}
	r := &receiver{url: "http://" + listener.Addr().String()}
	s := &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	r.stop = func() { _ = s.Close() } // nobody minds any more
	go func() { _ = s.Serve(listener) }()
	return r, nil
}

// ServeHTTP takes one body.
func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	at := time.Now()
	var body struct {
		Changes []page `json:"changes"`
	}
	if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for k := range body.Changes {
		body.Changes[k].at = at
	}
	r.mu.Lock()
	r.come = append(r.come, body.Changes...)
	r.mu.Unlock()
}

// take returns what came since the last call.
func (r *receiver) take() []page {
	r.mu.Lock()
	defer r.mu.Unlock()
	come := r.come
	r.come = nil
	return come
}
