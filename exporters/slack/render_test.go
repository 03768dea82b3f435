package slack

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

// dates are the only markup that begins with an angle bracket.
var dates = regexp.MustCompile(`<!date\^\d+\^\{date_short\} \{time_secs\}\|[0-9: UTC-]+>`)

func TestGolden(t *testing.T) {
	for name, n := range exportertest.Samples() {
		t.Run(name, func(t *testing.T) {
			body, err := render(n)
			if err != nil {
				t.Fatal(err)
			}
			exportertest.Golden(t, name, body)
		})
	}
}

func TestBatchShowsTheWorstFirstAndCountsTheRest(t *testing.T) {
	blocks := decode(t, exportertest.Many(500)).Blocks
	if last := blocks[len(blocks)-3].Text.Text; last != "*+460 more*" {
		t.Errorf("the list ends with %q", last)
	}
	if first := blocks[1].Text.Text; !strings.HasPrefix(first, "🔴 CRITICAL: mirror ORDERS_000_MIRROR") {
		t.Errorf("the list begins with %.60q", first)
	}
	if head := blocks[0].Text.Text; head != "🔴 500 incidents: 300 critical, 100 warning, 100 resolved" {
		t.Errorf("the header is %q", head)
	}
}

func TestTextIsWhatAPhoneShows(t *testing.T) {
	m := decode(t, exportertest.One(exportertest.Of(exportertest.Lost(), pipeline.Opened, 0)))
	if want := "🔴 CRITICAL: mirror PAYMENTS_MIRROR has had no contact with its origin PAYMENTS for 1m"; m.Text != want {
		t.Errorf("text is %q, want %q", m.Text, want)
	}
}

func TestTimeIsToldOnce(t *testing.T) {
	facts := decode(t, exportertest.One(exportertest.Of(exportertest.Lost(), pipeline.Opened, 0))).Blocks[1].Text.Text
	if n := strings.Count(facts, "2026-01-02 03:03:05 UTC"); n != 1 || len(dates.FindAllString(facts, -1)) != 1 {
		t.Errorf("the time is told %d times: %s", n, facts)
	}
}

// seen is a message as Slack reads it.
type seen struct {
	Text   string      `json:"text"`
	Blocks []seenBlock `json:"blocks"`
}

type seenBlock struct {
	Type     string     `json:"type"`
	BlockID  string     `json:"block_id"`
	Text     seenText   `json:"text"`
	Elements []seenText `json:"elements"`
}

type seenText struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim"`
}

// checkMessage holds a body against Slack's limits, and lets no data through as markup.
func checkMessage(t *testing.T, body []byte) {
	t.Helper()
	var m seen
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	if n := utf8.RuneCountInString(m.Text); n == 0 || n > 1000 {
		t.Errorf("text has %d characters", n)
	}
	if len(m.Blocks) < 2 || len(m.Blocks) > 20 {
		t.Errorf("%d blocks", len(m.Blocks))
	}
	total := 0
	texts := []seenText{{Type: "mrkdwn", Text: m.Text, Verbatim: true}}
	for _, block := range m.Blocks {
		limit := 3000
		if block.Type == "header" {
			limit = 150
		}
		for _, text := range append(block.Elements, block.Text) {
			n := utf8.RuneCountInString(text.Text)
			if total += n; n > limit {
				t.Errorf("a %s has %d characters", block.Type, n)
			}
			texts = append(texts, text)
		}
		if len(block.BlockID) > maxBlockID {
			t.Errorf("block id %q", block.BlockID)
		}
	}
	if total > 8000 {
		t.Errorf("%d characters in all", total)
	}
	for _, text := range texts {
		plain := dates.ReplaceAllString(text.Text, "")
		if strings.ContainsAny(plain, "<>\x00\x1b\r") || strings.Contains(plain, "\u202e") {
			t.Errorf("data comes as markup: %q", plain)
		}
		if text.Type == "mrkdwn" && (!text.Verbatim || strings.Contains(strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "").Replace(plain), "&")) {
			t.Errorf("not verbatim, or not escaped: %q", plain)
		}
		if text.Type == "mrkdwn" && !codeIsOurs(plain) {
			t.Errorf("data opens or closes code: %q", plain)
		}
	}
}

// codeIsOurs tells whether code is one fenced block, or whole lines.
func codeIsOurs(text string) bool {
	if strings.Count(text, "```") == 2 {
		return strings.Count(text, "`") == 6
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if n := strings.Count(line, "`"); n != 0 && (n != 2 || line[0] != '`' || line[len(line)-1] != '`') {
			return false
		}
	}
	return true
}

func decode(t *testing.T, n pipeline.Notification) seen {
	t.Helper()
	body, err := render(n)
	if err != nil {
		t.Fatal(err)
	}
	var m seen
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// keyOf finds the key where an incoming webhook keeps it: the last block's id.
func keyOf(body []byte) string {
	var m seen
	if json.Unmarshal(body, &m) != nil || len(m.Blocks) == 0 {
		return ""
	}
	return m.Blocks[len(m.Blocks)-1].BlockID
}
