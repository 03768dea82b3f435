package httppost

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	minSecret  = 8 // shorter parts of a URL ("services", "v1") tell nothing and are left to be read
	secretText = "<secret>"
)

// allSecrets returns what must not be shown of a request: parts of its URL, what it authorizes itself by, and what the
// caller names; each also as it is written in a URL and in JSON. The longest come first, as one may hold another.
func allSecrets(req *http.Request, named []string) []string {
	plain := append(secretsOf(req.URL), named...)
	if _, credentials, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok {
		plain = append(plain, credentials)
	}
	var all []string
	for _, secret := range plain {
		all = append(all, secret, url.QueryEscape(secret), url.PathEscape(secret), quoted(secret, true), quoted(secret, false))
	}
	all = slices.DeleteFunc(all, func(s string) bool { return s == "" })
	slices.SortFunc(all, func(x, y string) int { return cmp.Or(len(y)-len(x), cmp.Compare(x, y)) })
	return slices.Compact(all)
}

// quoted is how JSON writes text, with <, > and & escaped or as they are.
func quoted(text string, html bool) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(html)
	if e.Encode(text) != nil {
		return ""
	}
	return strings.TrimSuffix(b.String()[1:], "\"\n")
}

// secretsOf returns the parts of a URL that must not be shown.
func secretsOf(u *url.URL) []string {
	parts := []string{u.String(), u.RequestURI(), u.EscapedPath(), u.Path, u.RawQuery, u.Fragment}
	parts = append(parts, strings.Split(u.Path, "/")...)
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	if u.User != nil {
		password, _ := u.User.Password()
		parts = append(parts, password, u.User.Username(), base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)))
	}
	return slices.DeleteFunc(parts, func(part string) bool { return len(part) < minSecret })
}

func scrub(text string, secrets []string) string {
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, secretText)
	}
	return text
}
