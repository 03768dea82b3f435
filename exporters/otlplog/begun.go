package otlplog

// mostBegun is how many batches are remembered. An outbox has some few that fail at a time.
const mostBegun = 100

// begun is how far batches came whose newest attempt failed, by key. A restart forgets it: such a batch then begins anew.
type begun map[string]progress

// keep remembers a batch that is tried again. Where that are too many, all others are forgotten.
func (b begun) keep(key string, p progress) {
	if !p.begun {
		return
	}
	if len(b) >= mostBegun {
		clear(b)
	}
	b[key] = p
}
