package pipeline_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirrorwatch/pipeline"
)

func TestSecretIsNeverShown(t *testing.T) {
	const value = "hunter2"
	s := pipeline.NewSecret(value)
	within := struct {
		Token  pipeline.Secret
		Tokens []pipeline.Secret
		Named  map[string]pipeline.Secret
		Far    *pipeline.Secret
	}{s, []pipeline.Secret{s}, map[string]pipeline.Secret{"x": s}, &s}

	shown := map[string]string{}
	for _, verb := range strings.Split("v +v #v s q x X d t b o p T e c U w", " ") {
		for form, what := range map[string]any{"value": s, "pointer": &s, "struct": within, "error": fmt.Errorf("use %v", s)} {
			shown["%"+verb+" of a "+form] = fmt.Sprintf("%"+verb, what)
		}
	}
	for form, what := range map[string]any{"value": s, "pointer": &s, "struct": within} {
		text, err := json.Marshal(what)
		if err != nil {
			t.Fatal(err)
		}
		shown["JSON of a "+form] = string(text)
		var logged bytes.Buffer
		slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "secret", what)
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "secret", what)
		shown["log of a "+form] = logged.String()
	}
	hexed := fmt.Sprintf("%x", value)
	for how, text := range shown {
		if strings.Contains(text, value) || strings.Contains(strings.ToLower(text), hexed) {
			t.Errorf("%s shows it: %s", how, text)
		}
	}
	if got := s.String(); got != "<secret>" {
		t.Errorf("shown as %q", got)
	}
	if zero := (pipeline.Secret{}); !zero.IsZero() || zero.String() != "" {
		t.Errorf("the zero secret is shown as %q", zero)
	}
}

func TestSecretFileIsReadAnewEachTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	s := pipeline.SecretFile(path)
	if _, err := s.Reveal(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v without the file, want that it does not exist", err)
	}
	for content, want := range map[string]string{"one\n": "one", " two ": "two"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Reveal(); got != want || err != nil {
			t.Errorf("revealed %q, %v; want %q", got, err, want)
		}
	}
	if err := os.WriteFile(path, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reveal(); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("error %v for an empty file", err)
	}
}
