// Package prometheus serves the newest picture as a page in the Prometheus text format 0.0.4: what the board knows and the agent's
// own metrics, under the names that a Collector's Prometheus exporter makes of the same metrics sent over OTLP.
package prometheus

import (
	"cmp"
	"compress/gzip"
	"context"
	"io"
	"iter"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"mirrorwatch/exporters/internal/series"
	"mirrorwatch/pipeline"
)

// Own gives the agent's own metrics as they stand, cumulative; with an error, those that could be had.
type Own func(context.Context) ([]metricdata.Metrics, error)

// Handler answers with the page.
type Handler struct {
	board  *pipeline.Board
	own    Own
	config func() Config
	log    *slog.Logger

	writing chan struct{} // holds a word for each page that is being written
	packers sync.Pool     // of *gzip.Writer

	patience patience
}

// New returns a handler that asks for its configuration each time.
func New(board *pipeline.Board, own Own, config func() Config, log *slog.Logger) *Handler {
	return &Handler{
		board: board, own: own, config: config, log: log, writing: make(chan struct{}, atOnce),
		patience: patience{turn: 5 * time.Second, part: 5 * time.Second, whole: 30 * time.Second},
	}
}

// ServeHTTP writes the page as it is made; its memory does not grow with the number of links.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	leave, ok := h.enter(w, r)
	if !ok {
		return
	}
	defer leave()
	to := h.parts(w)
	header := w.Header()
	header.Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Vary", "Accept-Encoding")
	var err error
	if acceptsGzip(r.Header) {
		header.Set("Content-Encoding", "gzip")
		packer, _ := h.packers.Get().(*gzip.Writer)
		if packer == nil {
			packer, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // its only error is a level that there is not
		}
		packer.Reset(to)
		if err = h.write(r.Context(), packer, time.Now()); err == nil {
			err = packer.Close()
		}
		h.packers.Put(packer)
	} else {
		err = h.write(r.Context(), to, time.Now())
	}
	if err != nil { // the client went away
		h.log.DebugContext(r.Context(), "metrics page was cut off", "error", err)
	}
}

// acceptsGzip tells whether a client takes gzip.
func acceptsGzip(header http.Header) bool {
	for _, list := range header.Values("Accept-Encoding") {
		for item := range strings.SplitSeq(list, ",") {
			coding, weight, _ := strings.Cut(item, ";q=")
			if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
				q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
				return err != nil || q > 0
			}
		}
	}
	return false
}

// write writes the page as of now. Each family of links is a pass over the board, so that none has to be kept: they may be apart
// by the time that this takes.
func (h *Handler) write(ctx context.Context, w io.Writer, now time.Time) error {
	config := h.config()
	var families []family
	for _, m := range series.OfLinks() {
		families = append(families, h.linkFamily(m, config.Links, now))
	}
	if config.ExporterNames {
		families = append(families, h.exporterFamilies(config.Links, now)...)
	}
	metrics, err := h.own(ctx)
	if err != nil {
		h.log.WarnContext(ctx, "own metrics are incomplete", "error", err)
	}
	metrics = append(metrics, series.Fleet(h.board.Links(), now))
	for trunks := range series.Trunks(h.board.Trunks(), now, math.MaxInt) {
		metrics = append(metrics, trunks...)
	}
	for i := range metrics {
		families = append(families, metricFamily(&metrics[i]))
	}
	slices.SortFunc(families, func(a, b family) int { return cmp.Compare(a.name, b.name) })
	p := &page{to: w}
	for i := range families {
		if err := p.family(&families[i]); err != nil {
			return err
		}
	}
	return p.flush()
}

// links are those that have series of their own.
func (h *Handler) links(which series.Which) iter.Seq[*pipeline.LinkStatus] {
	return which.Of(h.board.Links())
}
