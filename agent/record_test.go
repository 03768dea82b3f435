package agent

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRecordNeverOverwritesAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "kept.jsonl")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := invoke(t, "record", "--url", noServer(t), "--out", file, "--for", "1s")
	if got.code != 1 || !strings.Contains(got.errors, "kept.jsonl: file already exists; a recording never overwrites a file") {
		t.Errorf("exit code %d: %s", got.code, got.errors)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "precious" {
		t.Errorf("the file holds %q, %v", text, err)
	}
}

func TestRecordOfNothingLeavesNoFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "out.jsonl.gz")
	got := invoke(t, "record", "--url", noServer(t), "--out", file, "--for", "1s")
	if got.code != 1 || !strings.Contains(got.errors, "nothing was recorded, and no file is left") {
		t.Errorf("exit code %d: %s", got.code, got.errors)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
}
