package alertmanager

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

func TestValidateTellsAllProblems(t *testing.T) {
	urls := []string{"http://am:9093"}
	secret := pipeline.NewSecret("x")
	for _, test := range []struct {
		config Config
		want   []string
	}{
		{Config{}, []string{"name", "urls"}},
		{Config{Name: "am", URLs: []string{"am:9093", "http://a/?x=1", "https://me:S3CRET@am", "http://a", "http://a"}}, []string{"urls[0]", "urls[1]", "urls[2]", "urls[4]"}},
		{Config{Name: "am", URLs: urls, Password: secret, PasswordFile: "f"}, []string{"password_file", "username"}},
		{Config{Name: "am", URLs: urls, Username: "me"}, []string{"password"}},
		{Config{Name: "am", URLs: urls, Username: "me", Password: secret, TokenFile: "f"}, []string{"token"}},
		{Config{Name: "am", URLs: urls, Token: secret, TokenFile: "f"}, []string{"token_file"}},
		{Config{Name: "am", URLs: urls, Interval: time.Second}, []string{"interval"}},
		{Config{Name: "am", URLs: urls, Lapse: 5 * time.Minute}, []string{"lapse"}},
		{Config{Name: "am", URLs: urls, Lapse: 10 * time.Minute, Username: "me", PasswordFile: "f"}, nil},
	} {
		var got []string
		test.config.Validate(func(path, problem string) {
			got = append(got, path)
			if problem == "" || strings.Contains(problem, "S3CRET") {
				t.Errorf("%s: %q", path, problem)
			}
		})
		if !slices.Equal(got, test.want) {
			t.Errorf("problems at %v, want %v", got, test.want)
		}
	}
	if _, err := New(Config{}, pipeline.Pages{}); err == nil || !strings.Contains(err.Error(), "name") || !strings.Contains(err.Error(), "urls") {
		t.Errorf("New says %v", err)
	}
}
