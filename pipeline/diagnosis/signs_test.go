package diagnosis

import (
	"os"
	"strings"
	"testing"
)

func TestEverySignHasItsOwnNameAndItsCauseIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/causes.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, s := range signs() {
		if s.name == "" || named[s.name] {
			t.Errorf("two signs, or none, by the name of %q", s.name)
		}
		named[s.name] = true
		if !strings.Contains(string(page), "| `"+string(s.cause)+"` |") {
			t.Errorf("docs/causes.md does not tell of %q", s.cause)
		}
	}
}
