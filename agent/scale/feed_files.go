package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"mirrorwatch/agent/internal/measure"
)

// This file holds what is read of the files that a Collector writes.

// export is what came of all links at one time of the agent's.
type export struct {
	at       uint64 // Unix nanoseconds
	links    int    // different ones with a status
	points   int    // of requests with links
	requests int
	largest  int     // bytes of a request, not compressed
	fleet    float64 // links, as the agent counts them
	gone     int     // statuses of streams that were deleted
}

// exports reads the requests in a file as they are added to it.
type exports struct {
	file   string
	offset int64
	points int // of all requests
	counts float64
	newest export
	begun  int // exports that had links
	short  int // of them, those that ended before all links were told: out of time
	links  map[string]bool
}

// next reads to the end of the file, or to where all of so many links came; ok tells that they did. Statuses of streams
// that are gone are counted.
func (x *exports) next(links int, gone map[string]bool) (e export, ok bool, err error) {
	file, err := os.Open(x.file)
	if errors.Is(err, os.ErrNotExist) {
		return e, false, nil // nothing came yet
	}
	if err != nil {
		return e, false, fmt.Errorf("read what the Collector has: %w", err)
	}
	defer file.Close()
	if _, err := file.Seek(x.offset, io.SeekStart); err != nil {
		return e, false, err
	}
	in := bufio.NewReaderSize(file, 1<<20)
	for {
		var head [4]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return e, false, atEnd(err)
		}
		text := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(in, text); err != nil {
			return e, false, atEnd(err) // it is being written
		}
		x.offset += int64(len(head) + len(text))
		var request colmetricpb.ExportMetricsServiceRequest
		if err := proto.Unmarshal(text, &request); err != nil {
			return e, false, fmt.Errorf("read what the Collector has: %w", err)
		}
		if x.add(&request, len(text), gone) && x.newest.links == links && x.newest.fleet == float64(links) {
			return x.newest, true, nil
		}
	}
}

// atEnd is nil for the end of what was written so far.
func atEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// add takes a request in, and tells whether it had links.
func (x *exports) add(request *colmetricpb.ExportMetricsServiceRequest, size int, gone map[string]bool) (had bool) {
	points := 0
	for m := range metricsIn(request) {
		points += len(m.GetGauge().GetDataPoints()) + len(m.GetSum().GetDataPoints()) + len(m.GetHistogram().GetDataPoints())
		switch m.GetName() {
		case "nats.replication.links":
			x.counts = 0
			for _, p := range m.GetGauge().GetDataPoints() {
				x.counts += float64(p.GetAsInt()) + p.GetAsDouble()
			}
		case "nats.replication.status":
			had = true
			for _, p := range m.GetGauge().GetDataPoints() {
				x.link(p, gone)
			}
		}
	}
	x.points += points
	if had {
		x.newest.points += points
		x.newest.requests++
		x.newest.largest = max(x.newest.largest, size)
	}
	return had
}

// link takes a link's status in. One of another time begins another export.
func (x *exports) link(p *metricspb.NumberDataPoint, gone map[string]bool) {
	if at := p.GetTimeUnixNano(); at != x.newest.at {
		if float64(x.newest.links) < x.newest.fleet {
			x.short++
		}
		x.begun++
		x.newest, x.links = export{at: at, fleet: x.counts}, map[string]bool{}
	}
	stream, origin := valueOf(p.GetAttributes(), "nats.stream.name"), valueOf(p.GetAttributes(), "nats.origin.name")
	if gone[stream] {
		x.newest.gone++
	}
	x.links[stream+" "+origin] = true
	x.newest.links = len(x.links)
}

func metricsIn(request *colmetricpb.ExportMetricsServiceRequest) func(yield func(*metricspb.Metric) bool) {
	return func(yield func(*metricspb.Metric) bool) {
		for _, resource := range request.GetResourceMetrics() {
			for _, scope := range resource.GetScopeMetrics() {
				for _, m := range scope.GetMetrics() {
					if !yield(m) {
						return
					}
				}
			}
		}
	}
}

func valueOf(attributes []*commonpb.KeyValue, key string) string {
	for _, of := range attributes {
		if of.GetKey() == key {
			return of.GetValue().GetStringValue()
		}
	}
	return ""
}

// awaitExport waits for the next export of so many links.
func (f *feed) awaitExport(ctx context.Context, links int, gone map[string]bool) (export, error) {
	for until := time.Now().Add(5 * time.Minute); ; {
		e, ok, err := f.exports.next(links, gone)
		if err != nil || ok {
			if e.largest > mostBytes {
				err = errors.Join(err, fmt.Errorf("a request of %d bytes", e.largest))
			}
			return e, err
		}
		if time.Now().After(until) {
			return e, fmt.Errorf("no export of %d links; the newest has %d", links, f.exports.newest.links)
		}
		if err := measure.Sleep(ctx, lookEach); err != nil {
			return e, err
		}
	}
}

// accepted compares the points in the file with what the Collector counted, at a moment when nothing is under way.
func (f *feed) accepted(ctx context.Context, when string) error {
	for until := time.Now().Add(2 * time.Minute); ; {
		if _, _, err := f.exports.next(-1, nil); err != nil {
			return err
		}
		accepted, refused, err := f.sink.points()
		if err != nil {
			return err
		}
		if float64(f.exports.points) == accepted && accepted > 0 || time.Now().After(until) {
			fmt.Fprintf(f.io.Out, "%s: the Collector accepted %.0f points and refused %.0f; its file has %d, of %d exports, %d of which were cut short.\n",
				when, accepted, refused, f.exports.points, f.exports.begun, f.exports.short)
			f.aims = append(f.aims,
				aim{"exports that were cut short, " + when, float64(f.exports.short), 0, ""},
				aim{"points that the Collector refused, " + when, refused, 0, ""},
				aim{"points that it accepted and its file does not have, " + when, accepted - float64(f.exports.points), 0, ""})
			return nil
		}
		if err := measure.Sleep(ctx, lookEach); err != nil {
			return err
		}
	}
}

// readEvents counts the events in a file by their ids.
func readEvents(name string) (map[string]int, error) {
	file, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	ids := map[string]int{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var batch logspb.LogsData
		if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(lines.Bytes(), &batch); err != nil {
			return nil, fmt.Errorf("read the Collector's events: %w", err)
		}
		for _, resource := range batch.GetResourceLogs() {
			for _, scope := range resource.GetScopeLogs() {
				for _, r := range scope.GetLogRecords() {
					ids[valueOf(r.GetAttributes(), "log.record.uid")]++
				}
			}
		}
	}
	return ids, lines.Err()
}

// missing are the keys of one that the other one lacks.
func missing(of, in map[string]int) (keys []string) {
	for key := range of {
		if in[key] == 0 {
			keys = append(keys, key)
		}
	}
	return keys
}
