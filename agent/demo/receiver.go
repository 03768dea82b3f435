package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// receiver is somebody who is paged: a webhook that checks each signature.
type receiver struct {
	server   *http.Server
	listener net.Listener
	key      []byte
	pages    chan page
}

// page is one alert of a received message.
type page struct {
	at          time.Time // when it arrived
	id          string    // webhook-id
	status      string    // firing or resolved
	labels      map[string]string
	annotations map[string]string
}

func startReceiver(secret string) (*receiver, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return nil, fmt.Errorf("read signing secret: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for pages: %w", err)
	}
	r := &receiver{listener: listener, key: key, pages: make(chan page, 64)}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = r.server.Serve(listener) }()
	return r, nil
}

func (r *receiver) url() string { return "http://" + r.listener.Addr().String() + "/page" }

// ServeHTTP takes a message in. What is not signed with our key is refused.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	at := time.Now()
	body, err := io.ReadAll(io.LimitReader(request.Body, 1<<20))
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	id := request.Header.Get("webhook-id")
	mac := hmac.New(sha256.New, r.key)
	fmt.Fprintf(mac, "%s.%s.%s", id, request.Header.Get("webhook-timestamp"), body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if !hmac.Equal([]byte(request.Header.Get("webhook-signature")), []byte(want)) {
		http.Error(w, "the signature does not fit", http.StatusUnauthorized)
		return
	}
	var message struct {
		Alerts []struct {
			Status      string            `json:"status"`
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
		} `json:"alerts"`
	}
	if err := json.Unmarshal(body, &message); err != nil {
		http.Error(w, "not JSON", http.StatusBadRequest)
		return
	}
	for _, a := range message.Alerts {
		r.pages <- page{at: at, id: id, status: a.Status, labels: a.Labels, annotations: a.Annotations}
	}
}

func (r *receiver) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := r.server.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("close receiver: %w", err)
	}
	return nil
}
