package outbox

import (
	"time"

	"mirrorwatch/pipeline"
)

// logAgain is how often a failure that lasts is told in the log.
const logAgain = time.Hour

// trouble is what the log was told last about deliveries that fail; the zero value: nothing since one succeeded.
type trouble struct {
	error     string
	permanent bool
	logged    time.Time
}

// logFailure tells in the log that an attempt failed: when failures begin, when they become others, and once an hour
// while they last.
func (w *worker) logFailure(r *row, err error, now time.Time) {
	last, text, permanent := w.trouble, err.Error(), pipeline.IsPermanent(err)
	message := "delivery failed"
	switch {
	case last.logged.IsZero():
	case text != last.error || permanent != last.permanent:
		message = "delivery fails in another way"
	case now.Sub(last.logged) >= logAgain:
		message = "delivery still fails"
	default:
		return
	}
	w.trouble = trouble{error: text, permanent: permanent, logged: now}
	w.log.Warn(message, "batch", r.Key, "error", err,
		"pending", w.queue.rows, "oldest_age", now.Sub(w.queue.oldest(now)).Round(time.Second))
}
