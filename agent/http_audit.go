package agent

import (
	"bufio"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// audit streams the records with the hashes of their chain, one JSON object a line, from the number from on. An answer
// that does not end with the head was cut short.
func (h *HTTP) audit(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if wrong := unknownKeys(query, "from"); wrong != nil {
		wrong.write(w)
		return
	}
	from := uint64(1)
	if text := query.Get("from"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			problemf(http.StatusBadRequest, "from: want the number of a record").write(w)
			return
		}
		from = n
	}
	done := h.reading(w, r)
	if done == nil {
		return
	}
	defer done()
	w.Header().Set("Content-Type", "application/jsonl")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	sent := &patient{w: w}
	buffered := bufio.NewWriterSize(sent, 64<<10)
	err := h.History.Export(buffered, from)
	if err == nil {
		err = buffered.Flush()
	}
	switch {
	case err != nil && !sent.begun:
		problemf(http.StatusServiceUnavailable, "%v", err).write(w)
	case err != nil:
		panic(http.ErrAbortHandler) // so that the client sees that it has not everything
	}
}

// patient gives each write to a slow client time of its own.
type patient struct {
	w     http.ResponseWriter
	begun bool
}

func (p *patient) Write(b []byte) (int, error) {
	p.begun = true
	_ = http.NewResponseController(p.w).SetWriteDeadline(time.Now().Add(30 * time.Second))
	return p.w.Write(b)
}

// headText is the audit's head as audit verify takes it, NUMBER:HASH; empty where it is not known.
func headText(h historian) string {
	head, err := h.Head()
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d:%s", head.Number, head.Hash)
}
