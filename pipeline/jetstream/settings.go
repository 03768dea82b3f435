package jetstream

import (
	"sync"

	"mirrorwatch/pipeline"
)

// settings are what the metadata of streams was found to say, by its text: streams whose metadata is the same share what it says,
// and it is
// read once. It may be used from several goroutines.
type settings struct {
	mu         sync.Mutex
	young, old map[string]*pipeline.Settings // old ones that are found become young again
}

// mostSettings bounds each generation.
const mostSettings = 8192

// newSettings is what metadata says; nil: nothing.
func newSettings(metadata map[string]string) *pipeline.Settings {
	if len(metadata) == 0 {
		return nil
	}
	return &pipeline.Settings{Policy: ParsePolicy(metadata), Metadata: metadata}
}

// find returns what the metadata says, nil where it is not known.
func (s *settings) find(text []byte) *pipeline.Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.young[string(text)]; known != nil {
		return known
	}
	known := s.old[string(text)]
	if known != nil {
		s.add(string(text), known)
	}
	return known
}

// keep remembers what the metadata says.
func (s *settings) keep(text []byte, known *pipeline.Settings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(string(text), known)
}

func (s *settings) add(text string, known *pipeline.Settings) {
	if s.young == nil || len(s.young) >= mostSettings {
		s.young, s.old = map[string]*pipeline.Settings{}, s.young
	}
	s.young[text] = known
}
