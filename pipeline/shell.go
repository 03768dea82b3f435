package pipeline

import (
	"fmt"
	"strings"
)

// mostShell is the longest name, in bytes, that is put into a line of shell.
const mostShell = 255

// ShellLine puts names, each in the place of a %s and quoted where a shell needs it, into a line of shell that people may paste. It is
// empty where a name is not plainly safe there: empty, over 255 bytes, not of printable ASCII, with a quote or a backtick in it, or
// like a flag.
func ShellLine(line string, names ...string) string {
	words := make([]any, len(names))
	for n, name := range names {
		switch {
		case name == "" || len(name) > mostShell || name[0] == '-' || strings.ContainsFunc(name, unquotable):
			return ""
		case strings.ContainsFunc(name, special):
			words[n] = "'" + name + "'"
		default:
			words[n] = name
		}
	}
	return fmt.Sprintf(line, words...)
}

// unquotable tells whether a character may not stand between single quotes.
func unquotable(c rune) bool { return c < ' ' || c > '~' || c == '\'' || c == '`' }

// special tells whether a character may mean something to a shell.
func special(c rune) bool {
	letter := c|0x20 >= 'a' && c|0x20 <= 'z'
	return !letter && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-'
}

// DomainOf is the JetStream domain whose API a prefix is: $JS.DOMAIN.API. Empty: the prefix is no domain's.
func DomainOf(prefix string) string {
	rest, is := strings.CutPrefix(prefix, "$JS.")
	domain, ends := strings.CutSuffix(rest, ".API")
	if !is || !ends || strings.ContainsFunc(domain, special) || strings.Contains(domain, ".") {
		return ""
	}
	return domain
}
