package alertmanager

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"mirrorwatch/exporters/internal/httppost"
	"mirrorwatch/pipeline"
)

// Alertmanager is a pipeline.Refresher for one Alertmanager or one cluster of them. It gives no receipts.
type Alertmanager struct {
	urls     []string // of the API
	username string
	password pipeline.Secret
	token    pipeline.Secret
	lapse    time.Duration
	interval time.Duration
	pages    pipeline.Pages
	client   *httppost.Client
	missed   missed
}

// New returns the notifier of a valid configuration. Secrets kept in files are read at each attempt.
func New(c Config, pages pipeline.Pages) (*Alertmanager, error) {
	var problems []error
	c.Validate(func(path, problem string) { problems = append(problems, fmt.Errorf("%s: %s", path, problem)) })
	if len(problems) > 0 {
		return nil, fmt.Errorf("configure alertmanager %s: %w", c.Name, errors.Join(problems...))
	}
	a := &Alertmanager{
		username: c.Username,
		password: c.Password.Or(c.PasswordFile),
		token:    c.Token.Or(c.TokenFile),
		lapse:    c.lapse(),
		interval: c.interval(),
		pages:    pages,
		client:   httppost.New(),
	}
	for _, address := range c.URLs {
		a.urls = append(a.urls, strings.TrimSuffix(address, "/")+"/api/v2/alerts")
	}
	return a, nil
}

// Render implements pipeline.Notifier: the body is what changed, without the times at which open alerts lapse.
func (a *Alertmanager) Render(n pipeline.Notification) ([]byte, error) {
	return encode(bodyOf(n.Changes, a.pages))
}

// Notify implements pipeline.Notifier. It is accepted once one member accepted; what another one missed it learns from
// the next Refresh. Alertmanager knows a repeated attempt by the labels.
func (a *Alertmanager) Notify(ctx context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
	b, err := decode(n.Body)
	if err != nil {
		return nil, pipeline.Permanent(err)
	}
	now := time.Now()
	for alerts := range slices.Chunk(b.at(now, a.lapse), MostIncidents) {
		errs, err := a.post(ctx, n.Key, alerts)
		switch {
		case err != nil:
			return nil, err
		case len(errs) == len(a.urls):
			return nil, worst(errs)
		}
		a.missed.note(now, alerts, len(errs) > 0)
	}
	return nil, nil
}

// Every implements pipeline.Refresher: twice the interval, as a Refresh comes at half of it.
func (a *Alertmanager) Every() time.Duration { return 2 * a.interval }

// Refresh implements pipeline.Refresher. It fails where one member of a cluster did, so that this is known and mended. It
// also tells the ends that a member missed.
func (a *Alertmanager) Refresh(ctx context.Context, open []*pipeline.Change) error {
	now := time.Now()
	var failed error
	tell := func(alerts []postable) (end bool) {
		errs, err := a.post(ctx, "", alerts)
		switch {
		case err != nil:
			failed = err
			return true
		case len(errs) == 0:
			a.missed.note(now, alerts, false)
		case failed == nil:
			failed = worst(errs)
		}
		return len(errs) == len(a.urls) // with one left, the rest is told to that one
	}
	for ends := range slices.Chunk(a.missed.list(now, a.lapse), MostIncidents) {
		if tell(ends) {
			return failed
		}
	}
	for some := range slices.Chunk(open, MostIncidents) {
		if tell(refreshed(some, a.pages).at(now, a.lapse)) {
			return failed
		}
	}
	return failed
}

// post sends alerts to all members at once, and returns what those that failed said.
func (a *Alertmanager) post(ctx context.Context, key string, alerts []postable) ([]error, error) {
	header, secret, err := a.header(key)
	if err != nil {
		return nil, err
	}
	body, err := encode(alerts)
	if err != nil {
		return nil, pipeline.Permanent(err)
	}
	ctx = oneByOne(ctx)
	errs := make([]error, len(a.urls))
	var all sync.WaitGroup
	for n, address := range a.urls {
		all.Go(func() { errs[n] = a.client.Post(ctx, address, header, body, secret) })
	}
	all.Wait()
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil }), nil
}

// oneByOne keeps exchanges apart that members have at the same time.
func oneByOne(ctx context.Context) context.Context {
	tell := pipeline.Exchanges(ctx)
	if tell == nil {
		return ctx
	}
	var mu sync.Mutex
	return pipeline.WithExchanges(ctx, func(e pipeline.Exchange) {
		mu.Lock()
		defer mu.Unlock()
		tell(e)
	})
}

// header also names the batch, for whoever reads a proxy's log.
func (a *Alertmanager) header(key string) (header http.Header, secret string, err error) {
	header = http.Header{"Content-Type": {"application/json"}}
	if key != "" {
		header.Set("webhook-id", key)
	}
	switch {
	case !a.token.IsZero():
		if secret, err = a.token.Reveal(); err != nil {
			return nil, "", fmt.Errorf("read token: %w", err)
		}
		header.Set("Authorization", "Bearer "+secret)
	case a.username != "":
		if secret, err = a.password.Reveal(); err != nil {
			return nil, "", fmt.Errorf("read password: %w", err)
		}
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(a.username+":"+secret)))
	}
	return header, secret, nil
}

// worst returns the error that leaves most hope, since one member that takes the alerts is enough, with the words of all.
func worst(errs []error) error {
	rank := func(err error) int {
		switch {
		case pipeline.IsBroken(err):
			return 2
		case pipeline.IsPermanent(err):
			return 1
		}
		return 0
	}
	best := slices.MinFunc(errs, func(x, y error) int { return rank(x) - rank(y) })
	var others []string
	for _, err := range errs {
		if err != best && len(others) < 2 {
			others = append(others, err.Error())
		}
	}
	if len(others) == 0 {
		return best
	}
	return fmt.Errorf("%w; %s", best, strings.Join(others, "; "))
}
