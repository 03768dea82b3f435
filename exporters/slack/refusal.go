package slack

import (
	"errors"
	"fmt"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

const maxErrorText = 500

// anew tells whether the error means that the old message is out of reach, and a new one has to take its place.
func anew(err error) bool {
	switch code(err) {
	case "message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "cannot_reply_to_message",
		"restricted_action_thread_locked", "restricted_action_thread_only_channel", "restricted_action_non_threadable_channel":
		return true
	}
	return false
}

// classify sorts Slack's own refusals, which come with status 200: those that pass, those of this message, and those of the
// token or the channel, which no other message would pass either. Other errors are sorted already.
func classify(err error) error {
	if err == nil {
		return nil
	}
	refused := slackapi.SlackErrorResponse{}
	if !errors.As(err, &refused) {
		return fmt.Errorf("call Slack: %w", err)
	}
	text := strings.Join(append([]string{refused.Err}, refused.ResponseMetadata.Messages...), "; ")
	if refused.Needed != "" {
		text += "; needs scope " + refused.Needed
	}
	err = fmt.Errorf("call Slack: refused: %s", wording.Plain(text, maxErrorText))
	switch refused.Err {
	case "ratelimited", "rate_limited":
		return pipeline.RetryAfter(err, time.Second)
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org":
		return err
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope", "not_allowed_token_type",
		"no_permission", "access_denied", "team_access_not_granted", "ekm_access_denied", "org_login_required",
		"two_factor_setup_required", "channel_not_found", "not_in_channel", "is_archived":
		return pipeline.Broken(pipeline.Permanent(err))
	}
	return pipeline.Permanent(err)
}

func code(err error) string {
	refused := slackapi.SlackErrorResponse{}
	if errors.As(err, &refused) {
		return refused.Err
	}
	return ""
}
