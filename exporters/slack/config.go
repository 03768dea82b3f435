// Package slack tells changes to a Slack channel: by an incoming webhook, which posts a message a batch, or by a bot
// token, which keeps one message a group of incidents up to date while the group lives.
package slack

import (
	"mirrorwatch/exporters/internal/httppost"
	"mirrorwatch/pipeline"
)

// DefaultAPIURL is Slack's web API.
const DefaultAPIURL = "https://slack.com/api/"

// Config is one Slack receiver: either an incoming webhook's URL, or a bot token and a channel.
type Config struct {
	Name string `koanf:"name"`

	URL     pipeline.Secret `koanf:"url"`
	URLFile string          `koanf:"url_file"`

	Token     pipeline.Secret `koanf:"token"` // needs the scope chat:write, and the bot to be in the channel
	TokenFile string          `koanf:"token_file"`
	Channel   string          `koanf:"channel"` // its ID, C0123456
	APIURL    string          `koanf:"api_url"` // empty: DefaultAPIURL

	Mention string `koanf:"mention"` // who is called by name when something becomes critical: @here, @channel, user IDs, group IDs; empty: nobody
}

// Validate reports every problem with its path within the configuration. It reads no files.
func (c *Config) Validate(report func(path, problem string)) {
	if c.Name == "" {
		report("name", "is missing; routes and logs name a receiver by it")
	}
	if !c.URL.IsZero() && c.URLFile != "" {
		report("url_file", "give url or url_file, not both")
	}
	if !c.Token.IsZero() && c.TokenFile != "" {
		report("token_file", "give token or token_file, not both")
	}
	hasURL, hasToken := !c.URL.IsZero() || c.URLFile != "", !c.Token.IsZero() || c.TokenFile != ""
	switch {
	case hasURL && hasToken:
		report("url", "give an incoming webhook's url or a token and channel, not both")
	case !hasURL && !hasToken:
		report("token", "is missing; give token and channel, or an incoming webhook's url (all but channel also as _file)")
	}
	switch {
	case hasToken && c.Channel == "":
		report("channel", "is missing; a token needs the ID of the channel to post to")
	case hasURL && !hasToken && c.Channel != "":
		report("channel", "has no use with url; an incoming webhook has its own channel")
	}
	if url, err := c.URL.Reveal(); err == nil && url != "" {
		if err := httppost.CheckURL(url); err != nil {
			report("url", "is "+err.Error())
		}
	}
	if c.APIURL != "" {
		if err := httppost.CheckURL(c.APIURL); err != nil {
			report("api_url", "is "+err.Error())
		}
	}
	if _, err := parseMention(c.Mention); err != nil {
		report("mention", err.Error())
	}
}
