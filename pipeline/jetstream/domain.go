package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"mirrorwatch/pipeline"
)

// settleDomain returns the JetStream domain that streams are known under: the configured one, else the one that the account's
// own information tells. That is asked for once, because a cluster's STREAM.LIST tells no domain and its STREAM.INFO does.
// Who may not ask goes without a domain.
func (s *Source) settleDomain(ctx context.Context) (string, error) {
	s.mu.Lock()
	domain, placed := s.domain, s.placed
	s.mu.Unlock()
	if placed {
		return domain, nil
	}
	var info struct {
		Domain string    `json:"domain"`
		Error  *apiError `json:"error"`
	}
	doc, err := s.conn.ask(ctx, s.prefix+".INFO", nil, s.patience.list)
	if errors.Is(err, pipeline.ErrDenied) {
		return s.setDomain(""), nil
	}
	if err != nil {
		return "", fmt.Errorf("ask for the domain: %w", err)
	}
	if err := json.Unmarshal(doc, &info); err != nil {
		return "", fmt.Errorf("ask for the domain: decode account info: %w", err)
	}
	if info.Error != nil {
		return "", fmt.Errorf("ask for the domain: %w", info.Error)
	}
	return s.setDomain(info.Domain), nil
}

// setDomain settles the domain for good, so that a stream's key never changes.
func (s *Source) setDomain(domain string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.placed {
		s.domain, s.placed = domain, true
	}
	return s.domain
}
