package journal_test

import (
	"testing"

	"mirrorwatch/pipeline"
)

// Reading holds no transaction: who reads slowly holds up no commit, and sees what is committed meanwhile.
func TestCommitsGoOnWhileTheAuditIsRead(t *testing.T) {
	j := open(t, t.TempDir(), start)
	commit(t, j, full(2))
	n := 0
	err := j.Records(0, func(pipeline.Record) error {
		if n++; n <= 3 {
			commit(t, j, full(1))
			return j.Compact()
		}
		return nil
	})
	if err != nil || n != 4+3*2 {
		t.Errorf("%d records: %v", n, err)
	}
}
