package delivery

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// killedAtTheAnswer kills the agent after the receiver said 200 and, as a rule, before it could write that down.
func killedAtTheAnswer(t *testing.T) string {
	l := startLeafnode(t)
	var w *watcher
	r := record(t, func(n int, rw http.ResponseWriter) int {
		if n == 1 {
			return acceptAndThen(rw, w.kill)
		}
		return http.StatusOK
	})
	w = watch(t, l.Mirror.URL(), webhook(r))
	w.proven("MIRROR")
	l.Link.Cut()
	r.await(t, soon, "the page", firing(pipeline.RuleSeen))
	w.start()
	w.fence(l.js, r, "AFTER")
	return pagesUnderOneKey(t, r, 2)
}

// killedAfterTheAnswer kills the agent once its journal knows that the page was delivered.
func killedAfterTheAnswer(t *testing.T) string {
	l, r := startLeafnode(t), record(t, nil)
	w := watch(t, l.Mirror.URL(), webhook(r))
	w.proven("MIRROR")
	l.Link.Cut()
	r.await(t, soon, "the page", firing(pipeline.RuleSeen))
	w.fence(l.js, r, "BEFORE")
	w.kill()
	w.start()
	w.fence(l.js, r, "AFTER")
	return pagesUnderOneKey(t, r, 1)
}

// pagesUnderOneKey holds that there are so many pages at most, and not two with different keys.
func pagesUnderOneKey(t *testing.T, r *recorder, most int) string {
	t.Helper()
	pages := r.those(firing(pipeline.RuleSeen))
	for _, p := range pages {
		if p.Key == "" || p.Key != pages[0].Key {
			t.Errorf("pages under %q and %q", pages[0].Key, p.Key)
		}
	}
	if len(pages) > most {
		t.Errorf("%d pages:%s", len(pages), told(r.all()))
	}
	if len(pages) == 1 {
		return "1 page"
	}
	return fmt.Sprintf("%d pages under one `webhook-id`", len(pages))
}

func managerKilledAtTheAnswer(t *testing.T, timing string) string {
	var m *manager
	r := record(t, func(n int, rw http.ResponseWriter) int {
		if n == 1 {
			return acceptAndThen(rw, m.kill)
		}
		return http.StatusOK
	})
	m = manage(t, timing, webhookConfig(r))
	fires(t, m)
	r.await(t, soon, "the page", firing(pipeline.RuleSeen))
	return managerPages(m, r, timing)
}

// managerKilledAfterTheAnswer gives Alertmanager a while to write down what it told.
func managerKilledAfterTheAnswer(t *testing.T, timing string) string {
	r := record(t, nil)
	m := manage(t, timing, webhookConfig(r))
	fires(t, m)
	r.await(t, soon, "the page", firing(pipeline.RuleSeen))
	r.lasts(15 * time.Second)
	m.kill()
	return managerPages(m, r, timing)
}

// managerPages restarts Alertmanager, and tells what came of it.
func managerPages(m *manager, r *recorder, timing string) string {
	m.start()
	r.lasts(patience(timing))
	return keyless(r.those(firing(pipeline.RuleSeen)))
}

// keyless counts pages of a sender that gives them no key.
func keyless(pages []message) string {
	switch {
	case len(pages) == 1:
		return "1 page"
	case len(pages) > 0 && pages[0].Key != "":
		return fmt.Sprintf("%d pages under %q and others", len(pages), pages[0].Key)
	}
	return fmt.Sprintf("**%d pages**, without a key", len(pages))
}
