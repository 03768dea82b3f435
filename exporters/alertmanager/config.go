// Package alertmanager posts incidents as alerts to Alertmanager's API, version 2, so that people keep their own routing.
// Alerts are posted again and again while they last, as Alertmanager forgets what nobody repeats.
package alertmanager

import (
	"fmt"
	"net/url"
	"slices"
	"time"

	"mirrorwatch/exporters/internal/httppost"
	"mirrorwatch/pipeline"
)

// What a receiver has where its configuration says nothing.
const (
	DefaultInterval = time.Minute
	DefaultLapse    = 12 * time.Hour
)

// MostIncidents is how many incidents' changes one batch holds (pipeline.Receiver.Most), and alerts a request: some 2 MB.
const MostIncidents = 1000

const (
	minInterval = 10 * time.Second
	minTurns    = 10 // how many intervals a lapse has at least
)

// Config is one Alertmanager, or the members of one cluster.
type Config struct {
	Name string   `koanf:"name"`
	URLs []string `koanf:"urls"` // of its root, https://alertmanager:9093; of every member, since members do not share alerts

	Username     string          `koanf:"username"`
	Password     pipeline.Secret `koanf:"password"`
	PasswordFile string          `koanf:"password_file"`
	Token        pipeline.Secret `koanf:"token"` // a bearer token, in place of user name and password
	TokenFile    string          `koanf:"token_file"`

	// Lapse is after how long without a word of us Alertmanager takes an open alert for resolved. It is long, since a dead
	// mirrorwatch must not read as a recovery. 0: DefaultLapse.
	Lapse    time.Duration `koanf:"lapse"`
	Interval time.Duration `koanf:"interval"` // between two posts of all that is open; 0: DefaultInterval
}

// Validate reports every problem with its path within the configuration. It reads no files.
func (c *Config) Validate(report func(path, problem string)) {
	if c.Name == "" {
		report("name", "is missing; routes and logs name a receiver by it")
	}
	if len(c.URLs) == 0 {
		report("urls", "is missing; give the address of every member of the cluster, such as https://alertmanager:9093")
	}
	for n, address := range c.URLs {
		if problem := checkAddress(address); problem != "" {
			report(fmt.Sprintf("urls[%d]", n), problem)
		} else if slices.Index(c.URLs, address) < n {
			report(fmt.Sprintf("urls[%d]", n), "is given twice")
		}
	}
	c.validateAccess(report)
	if c.Interval != 0 && c.Interval < minInterval {
		report("interval", fmt.Sprintf("%s: want at least %s", c.Interval, minInterval))
	}
	if least := minTurns * c.interval(); c.lapse() < least {
		report("lapse", fmt.Sprintf("%s: want at least %s, %d intervals; what lapses reads as resolved", c.lapse(), least, minTurns))
	}
}

func (c *Config) validateAccess(report func(path, problem string)) {
	if !c.Password.IsZero() && c.PasswordFile != "" {
		report("password_file", "give password or password_file, not both")
	}
	if !c.Token.IsZero() && c.TokenFile != "" {
		report("token_file", "give token or token_file, not both")
	}
	hasPassword, hasToken := !c.Password.IsZero() || c.PasswordFile != "", !c.Token.IsZero() || c.TokenFile != ""
	switch {
	case hasToken && (hasPassword || c.Username != ""):
		report("token", "give a token, or username and password, not both")
	case hasPassword && c.Username == "":
		report("username", "is missing; there is a password")
	case c.Username != "" && !hasPassword:
		report("password", "is missing; give password, or password_file with the path of a file that holds it")
	}
}

func (c *Config) interval() time.Duration {
	if c.Interval == 0 {
		return DefaultInterval
	}
	return c.Interval
}

func (c *Config) lapse() time.Duration {
	if c.Lapse == 0 {
		return DefaultLapse
	}
	return c.Lapse
}

// checkAddress tells what is wrong with an address, without showing it.
func checkAddress(address string) string {
	if err := httppost.CheckURL(address); err != nil {
		return "is " + err.Error()
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return "is no URL"
	case u.User != nil:
		return "holds a user; give username and password_file, which are kept secret"
	case u.RawQuery != "" || u.Fragment != "":
		return "holds more than a path; want Alertmanager's root, such as https://alertmanager:9093"
	}
	return ""
}
