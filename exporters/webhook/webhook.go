package webhook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"mirrorwatch/exporters/internal/httppost"
	"mirrorwatch/pipeline"
)

// Webhook is a pipeline.Notifier for one receiver. It gives no receipts.
type Webhook struct {
	name    string
	body    string
	url     pipeline.Secret
	signing pipeline.Secret
	routing pipeline.Secret
	pages   pipeline.Pages
	client  *httppost.Client
}

// New returns the notifier of a valid configuration. Secrets kept in files are read at each attempt.
func New(c Config, pages pipeline.Pages) (*Webhook, error) {
	var problems []error
	c.Validate(func(path, problem string) { problems = append(problems, fmt.Errorf("%s: %s", path, problem)) })
	if len(problems) > 0 {
		return nil, fmt.Errorf("configure webhook %s: %w", c.Name, errors.Join(problems...))
	}
	w := &Webhook{
		name:    c.Name,
		body:    cmp.Or(c.Body, BodyAlertmanager),
		url:     c.URL.Or(c.URLFile),
		signing: c.SigningSecret.Or(c.SigningSecretFile),
		routing: c.RoutingKey.Or(c.RoutingKeyFile),
		pages:   pages,
		client:  httppost.New(),
	}
	if w.url.IsZero() {
		w.url = pipeline.NewSecret(DefaultPagerDutyURL)
	}
	return w, nil
}

// Render implements pipeline.Notifier: the body is one JSON document, PagerDuty's a list of events without the routing
// key, which no journal is to hold.
func (w *Webhook) Render(n pipeline.Notification) ([]byte, error) {
	switch w.body {
	case BodyNative:
		return encode(nativeOf(w.name, w.pages, &n))
	case BodyPagerDuty:
		return encode(eventsOf(w.pages, &n))
	}
	return encode(messageOf(w.name, w.pages, &n))
}

// Format implements pipeline.Formatter.
func (w *Webhook) Format() string { return w.body }

// Notify implements pipeline.Notifier. The receiver knows a repeated attempt by its webhook-id, the notification's key;
// PagerDuty by its dedup_key, the group.
func (w *Webhook) Notify(ctx context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
	url, err := w.url.Reveal()
	if err != nil {
		return nil, fmt.Errorf("read url: %w", err)
	}
	if w.body == BodyPagerDuty {
		return nil, w.enqueue(ctx, url, n.Body)
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("webhook-id", n.Key)
	header.Set("webhook-timestamp", timestamp)
	if !w.signing.IsZero() {
		secret, err := w.signing.Reveal()
		if err != nil {
			return nil, fmt.Errorf("read signing secret: %w", err)
		}
		keys, err := parseKeys(secret)
		if err != nil {
			return nil, fmt.Errorf("read signing secret: %w", err)
		}
		header.Set("webhook-signature", sign(keys, n.Key, timestamp, n.Body))
	}
	return nil, w.client.Post(ctx, url, header, n.Body)
}
