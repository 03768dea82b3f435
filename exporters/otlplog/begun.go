package otlplog

import (
	"errors"
	"fmt"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
)

// mostBegun is how many batches are remembered. An outbox has some few that fail at a time.
const mostBegun = 100

// begun is how far batches of several requests came whose newest attempt failed, by key. A restart forgets it: such a batch then
// begins anew.
type begun map[string]progress

// progress is what became of a batch's requests.
type progress struct {
	through  int     // how many the server took
	rejected []error // what it took them without
}

// keep remembers a batch that is tried again. Where that are too many, all others are forgotten.
func (b begun) keep(key string, p progress) {
	if p.through == 0 {
		return
	}
	if len(b) >= mostBegun {
		clear(b)
	}
	b[key] = p
}

// take counts a request in that the server took.
func (p *progress) take(request *collogspb.ExportLogsServiceRequest, answer *collogspb.ExportLogsServiceResponse) {
	p.through++
	if partial := answer.GetPartialSuccess(); partial.GetRejectedLogRecords() > 0 {
		p.rejected = append(p.rejected, fmt.Errorf("rejected %d of %d records: %s",
			partial.GetRejectedLogRecords(), records(request), plain(partial.GetErrorMessage())))
	}
}

// and returns err with what was rejected before.
func (p *progress) and(err error) error {
	if len(p.rejected) == 0 {
		return err
	}
	return errors.Join(append([]error{err}, p.rejected...)...)
}
