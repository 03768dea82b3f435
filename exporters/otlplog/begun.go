package otlplog

import (
	"errors"
	"fmt"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
)

// mostBegun is how many batches are remembered. An outbox has some few that fail at a time.
const mostBegun = 100

// enoughRefused is after how many records in a row that are refused by themselves the server is taken to refuse all.
const enoughRefused = 10

// begun is how far batches came whose newest attempt failed, by key. A restart forgets it: such a batch then begins anew.
type begun map[string]progress

// progress is what became of a batch's records.
type progress struct {
	through  int     // how many the server took, or refused by themselves
	refused  int     // of these, by themselves
	row      int     // of these, the newest, since it took any
	refusal  string  // the first one's error
	rejected []error // what requests were taken without
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
	p.through, p.row = p.through+records(request), 0
	if partial := answer.GetPartialSuccess(); partial.GetRejectedLogRecords() > 0 {
		p.rejected = append(p.rejected, fmt.Errorf("rejected %d of %d records: %s",
			partial.GetRejectedLogRecords(), records(request), plain(partial.GetErrorMessage())))
	}
}

// refuse counts a record in that was refused by itself.
func (p *progress) refuse(err error) {
	p.through++
	p.row++
	if p.refused++; p.refused == 1 {
		p.refusal = err.Error() // without its kind, which is not that of what becomes of the others
	}
}

// retract takes back the newest that were refused in a row.
func (p *progress) retract() {
	p.through, p.refused, p.row = p.through-p.row, p.refused-p.row, 0
}

// taken is how many records were in requests that the server took.
func (p *progress) taken() int { return p.through - p.refused }

// lost are errors of what the server does not have.
func (p *progress) lost() []error {
	if p.refused == 0 {
		return p.rejected
	}
	return append([]error{fmt.Errorf("%d records refused: %s", p.refused, p.refusal)}, p.rejected...)
}

// and returns err with what was lost before.
func (p *progress) and(err error) error {
	if lost := p.lost(); len(lost) > 0 {
		return errors.Join(append([]error{err}, lost...)...)
	}
	return err
}
