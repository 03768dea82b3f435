package pipeline

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
)

const hidden = "<secret>"

// Secret is a value that must not be shown: every way of printing it gives "<secret>". It is given in place, or as the
// path of a file that is read anew each time, so that a rotated one is picked up.
type Secret struct {
	value *string // a pointer, since fmt prints a struct as it is for the verbs that it does not know
	path  string
}

// NewSecret returns a secret given in place.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{value: &value}
}

// SecretFile returns a secret that is kept in the file at path; surrounding white space is no part of it.
func SecretFile(path string) Secret { return Secret{path: path} }

// Or returns s where it was given, else the secret in the file at path, if a path is given.
func (s Secret) Or(path string) Secret {
	if s.IsZero() && path != "" {
		return SecretFile(path)
	}
	return s
}

// IsZero tells whether nothing was given.
func (s Secret) IsZero() bool { return s.value == nil && s.path == "" }

// Path is the file that the secret is kept in, or empty.
func (s Secret) Path() string { return s.path }

// Reveal returns the secret itself. It fails when the file cannot be read or is empty.
func (s Secret) Reveal() (string, error) {
	switch {
	case s.IsZero():
		return "", nil
	case s.path == "":
		return *s.value, nil
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	value := strings.TrimSpace(string(text))
	if value == "" {
		return "", fmt.Errorf("read secret: %s is empty", s.path)
	}
	return value, nil
}

// String hides the secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return hidden
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// Format hides the secret from every verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the secret from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes a secret given in place.
func (s *Secret) UnmarshalText(text []byte) error {
	s.value = NewSecret(string(text)).value
	return nil
}
