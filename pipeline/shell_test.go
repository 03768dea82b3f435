package pipeline_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mirrorwatch/pipeline"
)

func TestShellLineQuotesWhatAShellWouldRead(t *testing.T) {
	for name, want := range map[string]string{
		"ORDERS":                 "see ORDERS now",
		"a-b_c.9":                "see a-b_c.9 now",
		"two words":              "see 'two words' now",
		"$(reboot)":              "see '$(reboot)' now",
		"a;b":                    "see 'a;b' now",
		".":                      "see . now",
		"":                       "",
		"-rf":                    "",
		"it's":                   "",
		"`reboot`":               "",
		"a\nb":                   "",
		"größe":                  "",
		"\xff":                   "",
		strings.Repeat("x", 255): "see " + strings.Repeat("x", 255) + " now",
		strings.Repeat("x", 256): "",
	} {
		if got := pipeline.ShellLine("see %s now", name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
	if got := pipeline.ShellLine("see %s of %s", "A", "it's"); got != "" {
		t.Errorf("one name of two is safe, and the line is %q", got)
	}
}

// TestAShellReadsNamesAsTheyAre lets a real shell read what is told to people.
func TestAShellReadsNamesAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOfN(rapid.RuneFrom([]rune(" !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~\n\té")), 1, 12, -1).Draw(t, "name")
		line := pipeline.ShellLine("printf %%s %s", name)
		if line == "" {
			return
		}
		said, err := exec.Command("sh", "-c", line).Output()
		if err != nil || string(said) != name {
			t.Fatalf("%q was read as %q, %v", line, said, err)
		}
	})
}

func TestDomainOf(t *testing.T) {
	domain := regexp.MustCompile(`^\$JS\.([A-Za-z0-9_-]+)\.API$`)
	for _, prefix := range []string{
		"$JS.hub.API", "$JS.a-b_9.API", "$JS.API", "$JS..API", "$JS.a.b.API", "$JS.hub.APIX", "JS.hub.API", "main.api", "", "$JS.h b.API", "$JS.é.API",
	} {
		want := ""
		if m := domain.FindStringSubmatch(prefix); m != nil {
			want = m[1]
		}
		if got := pipeline.DomainOf(prefix); got != want {
			t.Errorf("%q is of the domain %q, want %q", prefix, got, want)
		}
	}
}
