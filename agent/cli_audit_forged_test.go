package agent

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A chain that was made anew does not pass for the one whose head was kept, whatever its lines carry beside their records.
func TestAuditVerifyTakesAHeadFromNothingButRecords(t *testing.T) {
	j := pastJournal(t, t.TempDir())
	head, err := j.Head()
	if err != nil {
		t.Fatal(err)
	}
	var export bytes.Buffer
	if err := j.Export(&export, 0); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(export.String(), "\n")
	kept := fmt.Sprintf("%d:%s", head.Number, strings.Repeat("ab", 32))
	mark := fmt.Sprintf(`{"number":%d,"hash":"%s"}`, head.Number, strings.Repeat("ab", 32))
	last := len(lines) - 2 // of the head; what is behind it is empty
	for name, change := range map[string]func(all []string){
		"nothing":                  func([]string) {},
		"a checkpoint in a record": func(all []string) { all[1] = `{"checkpoint":` + mark + "," + all[1][1:] },
		"a checkpoint in the head": func(all []string) { all[last] = `{"checkpoint":` + mark + "," + all[last][1:] },
	} {
		all := append([]string{}, lines...)
		change(all)
		file := filepath.Join(t.TempDir(), "export.jsonl")
		if err := os.WriteFile(file, []byte(strings.Join(all, "")), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := invoke(t, "audit", "verify", file, "--head", kept); got.code != exitAuditBad {
			t.Errorf("%s: exit code %d:\n%s%s", name, got.code, got.out, got.errors)
		}
	}
}
