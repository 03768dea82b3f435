package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"mirrorwatch/agent/internal/measure"
)

// realCollector is an OpenTelemetry Collector in a process of its own.
type realCollector struct {
	cmd      *exec.Cmd
	ended    chan struct{}
	dir      string
	endpoint string // OTLP over gRPC
	own      string // where its own metrics are

	metricsFile string // the requests as they came, each behind its length; a new one at each start
	eventsFile  string // as deploy/collector.yaml says
}

// startRealCollector runs a Collector with a configuration that is for production, at addresses of its own. One that ran in
// the same directory before had the same endpoint.
func startRealCollector(ctx context.Context, from *feedCommand, dir string) (*realCollector, error) {
	c := &realCollector{dir: dir, ended: make(chan struct{}), eventsFile: filepath.Join(dir, "events.jsonl")}
	addresses, err := keptAddresses(filepath.Join(dir, "collector-addresses.json"))
	if err != nil {
		return nil, err
	}
	c.endpoint, c.own = "http://"+addresses[0], "http://"+addresses[1]+"/metrics"
	_, port, _ := net.SplitHostPort(addresses[1]) // it was listened on
	c.metricsFile = filepath.Join(from.Spool, fmt.Sprintf("scale-metrics-%d.pb", time.Now().UnixNano()))
	// With rotation a file is written at once, so that nothing is lost when the Collector is killed.
	over := fmt.Sprintf(`yaml:{receivers: {otlp: {protocols: {grpc: {endpoint: %q}, http: {endpoint: "127.0.0.1:0"}}}},
  exporters: {file/changes: {path: %q}, file/metrics: {path: %q, format: proto, rotation: {max_megabytes: 100000}}},
  service: {pipelines: {metrics: {processors: [memory_limiter], exporters: [file/metrics]}},
    telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %s}}}}]}}}}`,
		addresses[0], c.eventsFile, c.metricsFile, port)
	log, err := os.OpenFile(filepath.Join(dir, "collector.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	c.cmd = exec.Command(from.Collector, "--config", from.Config, "--config", over)
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := c.cmd.Start(); err != nil {
		log.Close()
		return nil, fmt.Errorf("start the Collector: %w", err)
	}
	go func() {
		defer close(c.ended)
		defer log.Close()
		_ = c.cmd.Wait() // it is killed
	}()
	if err := c.ready(ctx); err != nil {
		c.kill()
		return nil, err
	}
	return c, nil
}

func (c *realCollector) ready(ctx context.Context) error {
	for until := time.Now().Add(time.Minute); time.Now().Before(until); {
		select {
		case <-c.ended:
			said, _ := os.ReadFile(filepath.Join(c.dir, "collector.log")) // nothing is said, then
			return fmt.Errorf("start the Collector: it ended: %s", said)
		default:
		}
		if response, err := http.Get(c.own); err == nil {
			response.Body.Close()
			return nil
		}
		if err := measure.Sleep(ctx, lookEach); err != nil {
			return err
		}
	}
	return errors.New("start the Collector: it does not serve its own metrics")
}

// kill ends the Collector as a crash would, and removes the metrics that it wrote.
func (c *realCollector) kill() {
	_ = c.cmd.Process.Kill() // it may be gone
	<-c.ended
	_ = os.Remove(c.metricsFile) // as may this
}

// points is how many points it took and refused, by its own count.
func (c *realCollector) points() (accepted, refused float64, err error) {
	told, err := sums(c.own)
	for name, value := range told {
		switch {
		case strings.HasPrefix(name, "otelcol_receiver_accepted_metric_points"):
			accepted += value
		case strings.HasPrefix(name, "otelcol_receiver_refused_metric_points"),
			strings.HasPrefix(name, "otelcol_receiver_failed_metric_points"),
			strings.HasPrefix(name, "otelcol_exporter_send_failed_metric_points"):
			refused += value
		}
	}
	return accepted, refused, err
}

// keptAddresses are two addresses of loopback that are written down in a file, or will be.
func keptAddresses(file string) (addresses [2]string, err error) {
	if text, err := os.ReadFile(file); err == nil {
		return addresses, json.Unmarshal(text, &addresses)
	}
	for k := range addresses {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return addresses, fmt.Errorf("find a free port: %w", err)
		}
		defer listener.Close()
		addresses[k] = listener.Addr().String()
	}
	text, err := json.Marshal(addresses)
	if err != nil {
		return addresses, err
	}
	return addresses, os.WriteFile(file, text, 0o600)
}

// changes are the keys of the changes in the agent's audit.
func (a *agent) changes(ctx context.Context) (map[string]int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.API+"/api/v1/audit", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask for the audit: %w", err)
	}
	defer response.Body.Close()
	keys := map[string]int{}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var line struct {
			Record struct {
				Change *struct {
					Incident struct {
						ID      string `json:"id"`
						Changes int    `json:"changes"`
					} `json:"incident"`
				} `json:"change"`
			} `json:"record"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("read the audit: %w", err)
		}
		if c := line.Record.Change; c != nil {
			keys[fmt.Sprintf("%s/%d", c.Incident.ID, c.Incident.Changes)]++
		}
	}
	return keys, lines.Err()
}
