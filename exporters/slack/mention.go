package slack

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	userID  = regexp.MustCompile(`^[UW][A-Z0-9]{2,20}$`)
	groupID = regexp.MustCompile(`^S[A-Z0-9]{2,20}$`)
)

// maxMentions keeps what calls people by name short.
const maxMentions = 10

// parseMention writes who is to be called by name as Slack's markup: "@here U0123456" is "<!here> <@U0123456>".
func parseMention(text string) (string, error) {
	names := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
	if len(names) > maxMentions {
		return "", fmt.Errorf("names %d; %d at most: a group's ID calls all that are in it", len(names), maxMentions)
	}
	for n, name := range names {
		switch {
		case name == "@here" || name == "@channel":
			names[n] = "<!" + name[1:] + ">"
		case userID.MatchString(name):
			names[n] = "<@" + name + ">"
		case groupID.MatchString(name):
			names[n] = "<!subteam^" + name + ">"
		default:
			return "", fmt.Errorf("has %q; want @here, @channel, a user's ID (U0123456) or a user group's (S0123456), apart by spaces", name)
		}
	}
	return strings.Join(names, " "), nil
}
