package outbox_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/outbox"
)

func TestSilencedIncidentIsToldWhenTheSilenceEnds(t *testing.T) {
	for name, restart := range map[string]bool{"the agent runs": false, "the agent is restarted": true} {
		t.Run(name, func(t *testing.T) {
			withStage(t, nil, func(s *stage) {
				s.silence("s1", "stream=a*", time.Hour)
				s.submit(opened("a1"), opened("b"), opened("a2"))
				pass(3 * time.Second)
				equal(t, "the others are told", s.told("ops", 0), "opened mw-b/1 (1/0)")
				equal(t, "audit", s.events(pipeline.EventWithheld), "withheld ops mw-a1/1 mw-a2/1")
				if st := s.outbox.Stats()[0]; st.Pending != 0 || st.Held != 1 || !st.Oldest.IsZero() {
					t.Errorf("stats: %+v", st)
				}
				s.submit(step("a1", pipeline.Escalated, 2), step("a2", pipeline.Resolved, 2))
				pass(time.Minute)
				if restart {
					s.restart()
				}
				pass(58 * time.Minute)
				equal(t, "while it lasts", s.told("ops", 1))
				pass(2 * time.Minute)
				equal(t, "told", s.told("ops", 1), "opened mw-a1/1 + escalated mw-a1/2 (2/0)")
				equal(t, "audit", s.events(pipeline.EventWithheld, pipeline.EventReleased),
					"withheld ops mw-a1/1 mw-a2/1", "withheld ops mw-a1/2", "withheld ops mw-a2/1 mw-a2/2", "released ops mw-a1/1 mw-a1/2")
				if left := s.journal.State().Outbox; len(left) != 0 {
					t.Errorf("left: %+v", left)
				}
			}, "ops")
		})
	}
}

func TestEndOfAToldIncidentIsNotSilenced(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.submit(opened("a"))
		pass(3 * time.Second)
		s.silence("s1", "level=*", time.Hour)
		s.submit(step("a", pipeline.Updated, 2))
		pass(time.Minute)
		equal(t, "told", s.told("ops", 1))
		s.restart()
		s.submit(step("a", pipeline.Resolved, 3))
		pass(time.Minute)
		equal(t, "told", s.told("ops", 1), "updated mw-a/2 + resolved mw-a/3 (0/1)")
	}, "ops")
}

func TestSilenceThatIsEndedReleasesAtOnce(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.silence("s1", "stream=a", time.Hour)
		s.silence("s2", "stream=a,b", time.Hour+time.Minute)
		s.submit(opened("a"), opened("b"), opened("c"))
		pass(time.Minute)
		if ended, err := s.EndSilence(s.t.Context(), "s2", "bert"); !ended || err != nil {
			t.Errorf("ended %v, %v", ended, err)
		}
		pass(3 * time.Second)
		equal(t, "told", s.told("ops", 1), "opened mw-b/1 (2/0)")
		if ended, err := s.EndSilence(s.t.Context(), "s2", "bert"); ended || err != nil {
			t.Errorf("ended again: %v, %v", ended, err)
		}
		if ended, err := s.EndSilence(s.t.Context(), "s1", "bert"); !ended || err != nil {
			t.Errorf("ended %v, %v", ended, err)
		}
		pass(time.Minute)
		equal(t, "told", s.told("ops", 2), "opened mw-a/1 (3/0)")
		equal(t, "audit", s.events(pipeline.EventSilenced, pipeline.EventUnsilenced, pipeline.EventWithheld, pipeline.EventReleased),
			"silenced", "silenced", "withheld ops mw-a/1 mw-b/1", "unsilenced", "withheld ops mw-a/1", "released ops mw-b/1",
			"unsilenced", "released ops mw-a/1")
		if all := s.journal.State().Silences; len(all) != 0 {
			t.Errorf("silences left: %+v", all)
		}
	}, "ops")
}

func TestMaintenanceWindowWithholds(t *testing.T) {
	withStage(t, func(d *outbox.Dispatch) { // virtual time begins at midnight UTC
		d.Windows = []pipeline.Window{{Name: "night", From: time.Hour, To: 2 * time.Hour, Zone: time.UTC}}
	}, func(s *stage) {
		s.submit(opened("a"))
		pass(time.Hour + time.Minute)
		s.submit(opened("b"))
		pass(58 * time.Minute)
		equal(t, "told", s.told("ops", 0), "opened mw-a/1 (1/0)")
		pass(2 * time.Minute)
		equal(t, "told", s.told("ops", 1), "opened mw-b/1 (2/0)")
		if all := s.Silences(); len(all.Windows) != 1 || len(all.Added) != 0 {
			t.Errorf("silences: %+v", all)
		}
		if _, err := s.EndSilence(s.t.Context(), "night@2000-01-02T01:00:00Z", "anna"); err == nil {
			t.Error("a turn of a window was ended")
		}
	}, "ops")
}

func TestSilenceThatIsWrongOrNotWritten(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		err := s.AddSilence(s.t.Context(), pipeline.Silence{Match: pipeline.Match{{Label: "strem", Patterns: []string{"a"}}}})
		for _, want := range []string{"no id", `no label "strem"`, "it ends before it starts", "by whom", "no reason"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: want %q", err, want)
			}
		}
		s.journal.Fail(errors.New("disk full"))
		s.submit(opened("other"))
		pass(3 * time.Second)
		now := time.Now()
		err = s.AddSilence(s.t.Context(), pipeline.Silence{
			ID: "s1", Match: pipeline.Match{{Label: pipeline.LabelStream, Patterns: []string{"a"}}}, Starts: now, Ends: now.Add(time.Hour), By: "anna", Reason: "work",
		})
		if err == nil || err.Error() != "keep silence: journal cannot be written" {
			t.Errorf("got %v", err)
		}
		before := len(s.sinks["ops"].Delivered())
		s.submit(opened("a"))
		pass(time.Minute)
		equal(t, "told", s.told("ops", before))
		s.journal.Fail(nil)
		pass(3 * time.Second)
		if all := s.journal.State().Silences; len(all) != 1 {
			t.Errorf("silences: %+v", all)
		}
	}, "ops")
}

func TestWhatWasCriticalIsToldWhenTheSilenceOfWarningsEnds(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.silence("s1", "level=warning", time.Hour)
		s.submit(opened("x"))
		pass(3 * time.Second)
		s.submit(warned("slight"), opened("a"), mild(step("a", pipeline.Eased, 2)))
		pass(time.Hour - 4*time.Second)
		equal(t, "while it lasts", s.told("ops", 1))
		s.submit(mild(step("a", pipeline.Resolved, 3)), mild(step("slight", pipeline.Resolved, 2)))
		pass(time.Minute)
		equal(t, "told", s.told("ops", 1), "opened mw-a/1 + eased mw-a/2 + resolved mw-a/3 (1/1)")
	}, "ops")
}

func TestSilenceOfWarningsDoesNotWithholdThatItWasCritical(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.silence("s1", "level=warning", time.Hour)
		s.submit(opened("x"))
		pass(3 * time.Second)
		s.submit(warned("slight"), opened("a")) // waits for the group's interval
		pass(10 * time.Second)
		s.submit(mild(step("a", pipeline.Eased, 2)))
		pass(5 * time.Second)
		s.submit(mild(step("a", pipeline.Resolved, 3)), mild(step("slight", pipeline.Resolved, 2)))
		pass(time.Minute)
		equal(t, "told", s.told("ops", 1), "opened mw-a/1 + eased mw-a/2 + resolved mw-a/3 (1/1)")
		equal(t, "audit", s.events(pipeline.EventWithheld), "withheld ops mw-slight/1 mw-slight/2")
	}, "ops")
}
