package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// way is a Prometheus with one job of deploy/prometheus/prometheus.yaml, and with the rules.
type way struct {
	job string
	api string // http://HOST:PORT/api/v1
	*process
}

// scrape is how often ways scrape and evaluate, instead of what the file says.
const scrape = time.Second

// startWay runs a Prometheus that scrapes a target as a job of the file does.
func (c *check) startWay(ctx context.Context, dir, job, target string) (*way, error) {
	dir = filepath.Join(dir, "prometheus-"+job)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	text, err := c.scrapeConfig(job, target)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yaml"), text, 0o600); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	w := &way{job: job, api: "http://" + address + "/api/v1"}
	if w.process, err = launch(dir, "prometheus", c.Prometheus, "--config.file=prometheus.yaml", "--storage.tsdb.path=data", "--web.listen-address="+address); err != nil {
		return nil, err
	}
	c.ways = append(c.ways, w)
	return w, w.ready(ctx, "http://"+address+"/-/ready")
}

// scrapeConfig is the file with one of its jobs only, at another target.
func (c *check) scrapeConfig(job, target string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(c.Dir, "prometheus", "prometheus.yaml"))
	if err != nil {
		return nil, err
	}
	var file map[string]any
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("read prometheus.yaml: %w", err)
	}
	rules, err := filepath.Abs(filepath.Join(c.Dir, "prometheus", "rules.yaml"))
	if err != nil {
		return nil, err
	}
	file["global"] = map[string]any{"scrape_interval": scrape.String(), "evaluation_interval": scrape.String()}
	file["rule_files"] = []string{rules}
	jobs, _ := file["scrape_configs"].([]any)
	for _, j := range jobs {
		if one, ok := j.(map[string]any); ok && one["job_name"] == job {
			one["static_configs"] = []any{map[string]any{"targets": []string{target}}}
			file["scrape_configs"] = []any{one}
			return yaml.Marshal(file)
		}
	}
	return nil, fmt.Errorf("prometheus.yaml has no job %s", job)
}

// ask asks Prometheus, and reads the answer's data.
func (w *way) ask(ctx context.Context, path string, values url.Values, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.api+path+"?"+values.Encode(), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask Prometheus: %w", err)
	}
	defer response.Body.Close()
	var answer struct {
		Error string          `json:"error"`
		Data  json.RawMessage `json:"data"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("read Prometheus' answer: %w", err)
	}
	if answer.Error != "" {
		return fmt.Errorf("ask Prometheus: %s", answer.Error)
	}
	return json.Unmarshal(answer.Data, into)
}

// alerts tells the state of each alert rule: inactive, pending or firing.
func (w *way) alerts(ctx context.Context) (map[string]string, error) {
	var all struct {
		Groups []struct {
			Rules []struct{ Name, State, Health, LastError string }
		}
	}
	if err := w.ask(ctx, "/rules", url.Values{"type": {"alert"}}, &all); err != nil {
		return nil, err
	}
	states := map[string]string{}
	for _, g := range all.Groups {
		for _, r := range g.Rules {
			if r.Health == "err" {
				return nil, fmt.Errorf("alert %s: %s", r.Name, r.LastError)
			}
			states[r.Name] = r.State
		}
	}
	return states, nil
}

// result is what a query returns: series with a sample each (instant), or several (range).
type result struct {
	Result []struct {
		Value  [2]any
		Values [][2]any
	}
}

// shown is how many series have at least one number in them.
func (r *result) shown() (n int) {
	number := func(sample [2]any) bool {
		text, _ := sample[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		return err == nil && value == value // not NaN
	}
	for _, series := range r.Result {
		some := number(series.Value)
		for _, sample := range series.Values {
			some = some || number(sample)
		}
		if some {
			n++
		}
	}
	return n
}
