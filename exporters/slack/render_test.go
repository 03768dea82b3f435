package slack

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

func TestGolden(t *testing.T) {
	s := byToken(t, "http://127.0.0.1:1")
	for name, n := range exportertest.Samples() {
		t.Run(name, func(t *testing.T) {
			body, err := s.Render(n)
			if err != nil {
				t.Fatal(err)
			}
			exportertest.Golden(t, name, body)
		})
	}
}

func TestGroupShowsTheWorstFirstAndCountsTheRest(t *testing.T) {
	post, _ := sent(t, exportertest.Many(500))
	list := textOf(t, post, "*Open, the worst first:*\n")
	if !strings.HasPrefix(list, "🔴 mirror ORDERS_000_MIRROR") || !strings.HasSuffix(list, "\n*+380 more*") {
		t.Errorf("the list is\n%s", list)
	}
	const head = "🔴 CRITICAL: 400 mirrors have no contact with their origins (300 critical, 100 warning) via $JS.hub.API (connection dr); 100 resolved"
	if got := post.blocks[0].Text.Text; got != head {
		t.Errorf("the header is %q", got)
	}
}

func TestTextIsWhatAPhoneShows(t *testing.T) {
	m, _ := sent(t, exportertest.One(exportertest.Of(exportertest.Lost(), pipeline.Opened, 0)))
	if want := "🔴 CRITICAL: mirror PAYMENTS_MIRROR has had no contact with its origin PAYMENTS for 1m"; m.text != want {
		t.Errorf("text is %q, want %q", m.text, want)
	}
}

func TestTimeIsToldOnce(t *testing.T) {
	m, _ := sent(t, exportertest.One(exportertest.Of(exportertest.Lost(), pipeline.Opened, 0)))
	facts := m.blocks[1].Text.Text
	if n := strings.Count(facts, "2026-01-02 03:03:05 UTC"); n != 1 || len(dateMarkup.FindAllString(facts, -1)) != 1 {
		t.Errorf("the time is told %d times: %s", n, facts)
	}
}

// sent renders a bot's message and its reply.
func sent(t *testing.T, n pipeline.Notification) (post, reply said) {
	t.Helper()
	body, err := byToken(t, "http://127.0.0.1:1").Render(n)
	if err != nil {
		t.Fatal(err)
	}
	all := messagesOf(t, body)
	return all[0], all[len(all)-1]
}

func textOf(t *testing.T, m said, title string) string {
	t.Helper()
	for _, b := range m.blocks {
		if b.Text != nil {
			if text, ok := strings.CutPrefix(b.Text.Text, title); ok {
				return text
			}
		}
	}
	t.Fatalf("nothing begins with %q", title)
	return ""
}

// messagesOf reads a body's messages, which Slack must take as they are.
func messagesOf(t *testing.T, text []byte) []said {
	t.Helper()
	type form struct {
		Text   string          `json:"text"`
		Blocks json.RawMessage `json:"blocks"`
	}
	var body struct {
		Post  *form `json:"post"`
		Reply *form `json:"reply"`
	}
	if err := json.Unmarshal(text, &body); err != nil || body.Post == nil {
		t.Fatalf("%v: %s", err, text)
	}
	var all []said
	for _, m := range []*form{body.Post, body.Reply} {
		if m == nil {
			continue
		}
		s, refused := parse(m.Text, m.Blocks)
		if refused != "" {
			t.Errorf("Slack answers %s: %s", refused, m.Blocks)
		}
		all = append(all, s)
	}
	return all
}

// checkMessage holds a body against limits of our own, and lets no data through as markup.
func checkMessage(t *testing.T, body []byte) {
	t.Helper()
	for _, m := range messagesOf(t, body) {
		if n := utf8.RuneCountInString(m.text); n == 0 || n > maxText+100 {
			t.Errorf("text has %d characters", n)
		}
		if len(m.blocks) > 20 {
			t.Errorf("%d blocks", len(m.blocks))
		}
		texts := []textObj{{Type: "mrkdwn", Text: m.text, Verbatim: true}}
		for _, b := range m.blocks {
			if b.Text != nil {
				texts = append(texts, *b.Text)
			}
			for _, e := range b.Elements {
				text := textObj{Type: e.Type, Verbatim: e.Verbatim}
				if json.Unmarshal(e.Text, &text.Text) == nil {
					texts = append(texts, text)
				}
			}
		}
		total := 0
		for _, text := range texts {
			total += utf8.RuneCountInString(text.Text)
			checkText(t, text)
		}
		if total > 8000+maxText {
			t.Errorf("%d characters in all", total)
		}
	}
}

// checkText lets dates and the configured mention be the only markup.
func checkText(t *testing.T, text textObj) {
	t.Helper()
	plain := dateMarkup.ReplaceAllString(strings.Replace(text.Text, "<!here> <!subteam^S0PAYMENTS>", "", 1), "")
	if strings.ContainsAny(plain, "<>\x00\x1b\r") || strings.Contains(plain, "\u202e") {
		t.Errorf("data comes as markup: %q", plain)
	}
	if text.Type != "mrkdwn" {
		return
	}
	if !text.Verbatim || strings.Contains(strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "").Replace(plain), "&") {
		t.Errorf("not verbatim, or not escaped: %q", plain)
	}
	if !codeIsOurs(plain) {
		t.Errorf("data opens or closes code: %q", plain)
	}
}

// codeIsOurs tells whether code is one fenced block, or whole lines.
func codeIsOurs(text string) bool {
	if strings.Count(text, "```") == 2 {
		return strings.Count(text, "`") == 6
	}
	return !slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool {
		n := strings.Count(line, "`")
		return n != 0 && (n != 2 || line[0] != '`' || line[len(line)-1] != '`')
	})
}

// keyOf finds the key where an incoming webhook keeps it: the last block's id.
func keyOf(body []byte) string {
	var m struct {
		Blocks []block `json:"blocks"`
	}
	if json.Unmarshal(body, &m) != nil || len(m.Blocks) == 0 {
		return ""
	}
	return m.Blocks[len(m.Blocks)-1].BlockID
}
