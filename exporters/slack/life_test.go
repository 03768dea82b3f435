package slack

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

// This file tells whole lives of incidents, and keeps the channel as a person sees it after each step in testdata/life-*.txt.

// step is one batch, or something that a person does.
type step struct {
	what    string
	changes []pipeline.Change
	do      func(*fake)
}

func TestLives(t *testing.T) {
	for name, steps := range lives() {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, f *fake, s *Slack) {
				goldenText(t, "life-"+name, live(t, f, steps, func(n pipeline.Notification) pipeline.Receipt {
					receipt, err := s.Notify(t.Context(), n)
					if err != nil {
						t.Fatal(err)
					}
					return receipt
				}, s))
			})
		})
	}
}

// TestLifeByIncomingWebhook shows a storm where nothing can be edited.
func TestLifeByIncomingWebhook(t *testing.T) {
	inTime(t, func(t *testing.T, f *fake, _ *Slack) {
		s := open(t, Config{Name: "oncall", URL: pipeline.NewSecret("http://127.0.0.1:1" + hookPath), Mention: "@here"})
		goldenText(t, "life-storm-by-webhook", live(t, f, lives()["storm"], func(n pipeline.Notification) pipeline.Receipt {
			b, err := decode(n.Body)
			if err != nil {
				t.Fatal(err)
			}
			var m struct {
				Text   string          `json:"text"`
				Blocks json.RawMessage `json:"blocks"`
			}
			if err := json.Unmarshal(b.Post, &m); err != nil {
				t.Fatal(err)
			}
			say, refused := parse(m.Text, m.Blocks)
			if refused != "" {
				t.Fatal(refused)
			}
			_, _ = f.post(theChannel, "", false, say, n.Key)
			return nil
		}, s))
	})
}

// live tells one batch after the other, each at its time, and writes the channel down after each.
func live(t *testing.T, f *fake, steps []step, notify func(pipeline.Notification) pipeline.Receipt, s *Slack) string {
	t.Helper()
	var text strings.Builder
	var life exportertest.Life
	var receipt pipeline.Receipt
	for n, st := range steps {
		if st.do != nil {
			st.do(f)
		} else {
			told := life.Tell(st.changes...)
			time.Sleep(time.Until(st.changes[len(st.changes)-1].At.Add(pipeline.DefaultGroupWait)))
			body, err := s.Render(told)
			if err != nil {
				t.Fatal(err)
			}
			messagesOf(t, body)
			receipt = notify(pipeline.Notification{Key: told.Key, Group: told.Group, Body: body, Receipt: receipt})
		}
		fmt.Fprintf(&text, "======== %d. %s\n\n%s", n+1, st.what, f.view())
	}
	return text.String()
}
