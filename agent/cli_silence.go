package agent

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/user"
	"strconv"
	"strings"
	"time"
)

// silenceCommands is mirrorwatch silence.
type silenceCommands struct {
	Add    silenceAddCommand    `cmd:"" help:"Withhold notifications of what matches, for a time."`
	List   silenceListCommand   `cmd:"" help:"Print silences and maintenance windows."`
	Expire silenceExpireCommand `cmd:"" help:"End a silence now."`
}

// silenceAddCommand is mirrorwatch silence add.
type silenceAddCommand struct {
	agentFlags
	Match  []string `required:"" sep:"none" placeholder:"LABEL=GLOB" help:"What is silenced: stream=PAYMENTS*, level!=critical, metadata.owner=payments; given several times, all have to hold."`
	For    string   `placeholder:"TIME" help:"How long: 2h, 90m, 7d; at most 30d."`
	Starts string   `placeholder:"TIME" help:"When it begins (default now): 2026-10-01T22:00, or RFC 3339."`
	Ends   string   `placeholder:"TIME" help:"When it ends, in place of --for."`
	Zone   string   `default:"UTC" placeholder:"ZONE" help:"Time zone of what is read and printed."`
	By     string   `placeholder:"NAME" help:"Who asks for it (default: the user that runs this)."`
	Reason string   `required:"" placeholder:"TEXT" help:"Why."`
	Output string   `enum:"text,json" default:"text" help:"text or json."`
}

// Help says more than one line.
func (silenceAddCommand) Help() string {
	return `What is silenced is judged and recorded all the same; receivers are not told. The end of what they were told of before
is told. What is still open when the silence ends is told then. To silence everything, write --match 'rule=*'.

Labels: level, rule, connection, account, domain, stream, kind, origin, via, filter, cause, receiver, incident and metadata.KEY.
In a pattern * stands for any characters and ? for one; A,B is one or the other; != is none of them.`
}

// Run asks the agent, and prints what is in force.
func (c *silenceAddCommand) Run(ctx context.Context, console *Console) error {
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return fmt.Errorf("--zone %s: %w", c.Zone, err)
	}
	asked := SilenceRequest{Match: c.Match, For: c.For, By: cmp.Or(c.By, userName(console.Environ)), Reason: c.Reason}
	now := time.Now()
	for _, one := range []struct {
		flag, text string
		into       **time.Time
	}{{"--starts", c.Starts, &asked.Starts}, {"--ends", c.Ends, &asked.Ends}} {
		if one.text == "" {
			continue
		}
		t, err := parseMoment(one.text, now, zone, false)
		if err != nil {
			return fmt.Errorf("%s: %w", one.flag, err)
		}
		*one.into = &t
	}
	if _, err := asked.Silence(now); err != nil { // before anybody is asked
		return fmt.Errorf("silence: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	var made SilenceState
	if err := c.call(ctx, console, http.MethodPost, "/api/v1/silences", nil, asked, &made); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(console.Stdout, made)
	}
	from := ""
	if made.State == "pending" {
		from = " from " + clock(made.Starts, zone)
	}
	_, err = fmt.Fprintf(console.Stdout, "%s silences %s%s until %s (%s); %s\n", made.ID, matchText(made.Match), from, clock(made.Ends, zone),
		spanText(made.Ends.Sub(made.Starts)), covered(made.Covers))
	return err
}

// covered says how many open incidents match.
func covered(n int) string {
	switch n {
	case 0:
		return "no incident that is open now matches it"
	case 1:
		return "1 incident that is open now matches it"
	}
	return fmt.Sprintf("%d incidents that are open now match it", n)
}

// call asks the agent that the flags name.
func (f *agentFlags) call(ctx context.Context, console *Console, method, path string, query url.Values, body, v any) error {
	config, err := f.config(console.Environ)
	if err != nil {
		return err
	}
	client, err := f.client(config)
	if err != nil {
		return err
	}
	return client.call(ctx, method, path, query, body, v)
}

// userName is who runs the command, or "".
func userName(environ []string) string {
	for _, key := range []string{"SUDO_USER", "USER", "LOGNAME"} {
		for _, one := range environ {
			if value, ok := strings.CutPrefix(one, key+"="); ok && value != "" {
				return value
			}
		}
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// clock is a time as tables show it.
func clock(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(zone).Format("2006-01-02 15:04:05 MST")
}

// silenceListCommand is mirrorwatch silence list.
type silenceListCommand struct {
	agentFlags
	All    bool   `help:"Also those that are over (kept for a day)."`
	Zone   string `default:"UTC" placeholder:"ZONE" help:"Time zone of what is printed."`
	Output string `enum:"text,json" default:"text" help:"text or json."`
}

// Run prints a line a silence.
func (c *silenceListCommand) Run(ctx context.Context, console *Console) error {
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return fmt.Errorf("--zone %s: %w", c.Zone, err)
	}
	query := url.Values{}
	if c.All {
		query.Set("all", "true")
	}
	var all []SilenceState
	if err := c.call(ctx, console, http.MethodGet, "/api/v1/silences", query, nil, &all); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(console.Stdout, all)
	}
	return printSilences(console.Stdout, all, zone)
}

func printSilences(w io.Writer, all []SilenceState, zone *time.Location) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "nothing is silenced")
		return err
	}
	table := newTextTable(w, "STATE", "FROM", "UNTIL", "MATCH", "OPEN", "BY", "REASON", "ID")
	for _, s := range all {
		table.row(s.State, clock(s.Starts, zone), clock(s.Ends, zone), matchText(s.Match), strconv.Itoa(s.Covers), s.By, s.Reason, s.ID)
	}
	return table.end()
}

// matchText is matchers on one line.
func matchText(match []string) string { return cmp.Or(strings.Join(match, " "), "everything") }

// silenceExpireCommand is mirrorwatch silence expire.
type silenceExpireCommand struct {
	agentFlags
	ID     string `arg:"" name:"id" help:"The silence, as silence list prints it."`
	By     string `placeholder:"NAME" help:"Who ends it (default: the user that runs this)."`
	Output string `enum:"text,json" default:"text" help:"text or json."`
}

// Help says more than one line.
func (silenceExpireCommand) Help() string {
	return `What it withheld and is still open is told at once.`
}

// Run asks the agent, and prints what ended.
func (c *silenceExpireCommand) Run(ctx context.Context, console *Console) error {
	by := cmp.Or(c.By, userName(console.Environ))
	if by == "" {
		return fmt.Errorf("--by: say who ends it")
	}
	var over SilenceState
	path := "/api/v1/silences/" + url.PathEscape(c.ID)
	if err := c.call(ctx, console, http.MethodDelete, path, url.Values{"by": {by}}, nil, &over); err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(console.Stdout, over)
	}
	_, err := fmt.Fprintf(console.Stdout, "%s is over: %s is told again\n", over.ID, matchText(over.Match))
	return err
}
