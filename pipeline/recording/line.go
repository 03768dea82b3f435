package recording

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// line is one look at one stream. Its field names are fixed.
type line struct {
	At         time.Time       `json:"at"` // of the answer
	Connection string          `json:"connection"`
	Account    string          `json:"account,omitempty"`
	Domain     string          `json:"domain,omitempty"`
	Stream     string          `json:"stream"`
	RTT        float64         `json:"rtt_ms,omitempty"`
	Info       json.RawMessage `json:"info,omitempty"`
	Error      string          `json:"error,omitempty"`
	Via        string          `json:"via,omitempty"`    // of OriginView: the external API prefix of the links that copy it
	Path       string          `json:"path,omitempty"`   // of OriginView: who was asked; empty: a connection of that name
	Newest     uint64          `json:"newest,omitempty"` // of OriginView: the newest message's sequence, where later ones are known to be deleted

	// Fault is what the pipeline says of the error, where Error alone would not read as the same.
	Fault *pipeline.Fault `json:"fault,omitempty"`
}

// maxRTT bounds "rtt_ms"; no question waits longer for its answer.
const maxRTT = time.Hour

const timeoutError = "timeout"

// apiError is an API error, "CODE/ERR_CODE text".
var apiError = regexp.MustCompile(`^[0-9]{3}/[0-9]+( |$)`)

// These API errors say more of a stream than that it could not be seen.
var (
	notFoundError = regexp.MustCompile(`^404/(10059|0)( |$)`)
	offlineError  = regexp.MustCompile(`^[0-9]{3}/(10118|10194)( |$)`)
)

func (l *line) key() pipeline.StreamKey {
	return pipeline.StreamKey{Connection: l.Connection, Account: l.Account, Domain: l.Domain, Stream: l.Stream}
}

// check finds what is wrong with a line by itself.
func (l *line) check() error {
	switch {
	case l.At.IsZero():
		return errors.New(`"at" is missing`)
	case l.Connection == "":
		return errors.New(`"connection" is missing`)
	case l.Stream == "":
		return errors.New(`"stream" is missing`)
	case l.RTT < 0 || l.RTT > float64(maxRTT/time.Millisecond):
		return fmt.Errorf(`"rtt_ms" is %v, want 0 to %d`, l.RTT, maxRTT/time.Millisecond)
	case (l.Info == nil) == (l.Error == ""):
		return errors.New(`want either "info" or "error"`)
	}
	return nil
}

// sample returns the line as a sample; what decode refuses becomes one that says so.
func (l *line) sample(decode func([]byte, *pipeline.Sample) error) (*pipeline.Sample, error) {
	s := &pipeline.Sample{}
	if l.Info != nil {
		if err := decode(l.Info, s); err != nil {
			*s = pipeline.Sample{Fault: pipeline.Fault{Kind: pipeline.FaultNonsense, Text: err.Error()}}
		}
	} else {
		fault, err := l.fault()
		if err != nil {
			return nil, err
		}
		s.Fault = fault
	}
	s.Key = l.key()
	if s.Key.Domain == "" {
		s.Key.Domain = l.domain()
	}
	s.At = l.At
	s.Asked = l.At.Add(-time.Duration(math.Round(l.RTT * float64(time.Millisecond))))
	return s.Clone(), nil
}

// domain is the JetStream domain that the document tells, empty where it tells none.
func (l *line) domain() string {
	var told struct {
		Domain string `json:"domain"`
	}
	if l.Info == nil || json.Unmarshal(l.Info, &told) != nil {
		return ""
	}
	return told.Domain
}

func (l *line) fault() (pipeline.Fault, error) {
	plain, err := parseError(l.Error)
	if err != nil || l.Fault == nil {
		return plain, err
	}
	switch l.Fault.Kind {
	case pipeline.FaultNoAnswer, pipeline.FaultNoResponders, pipeline.FaultDisconnected, pipeline.FaultDenied, pipeline.FaultMissing,
		pipeline.FaultOffline, pipeline.FaultNotFound, pipeline.FaultAPI, pipeline.FaultNonsense:
		return *l.Fault, nil
	default:
		return pipeline.Fault{}, fmt.Errorf(`"fault" is of the kind %q, which is none`, l.Fault.Kind)
	}
}

// parseError reads an error in the words of the format.
func parseError(text string) (pipeline.Fault, error) {
	switch {
	case text == timeoutError:
		return pipeline.Fault{Kind: pipeline.FaultNoAnswer}, nil
	case notFoundError.MatchString(text):
		return pipeline.Fault{Kind: pipeline.FaultNotFound, Text: text}, nil
	case offlineError.MatchString(text):
		return pipeline.Fault{Kind: pipeline.FaultOffline, Text: text}, nil
	case apiError.MatchString(text):
		return pipeline.Fault{Kind: pipeline.FaultAPI, Text: text}, nil
	default:
		return pipeline.Fault{}, fmt.Errorf(`"error" is %q, want "timeout" or "CODE/ERR_CODE text"`, text)
	}
}

// lineOf returns the sample as a line.
func lineOf(s *pipeline.Sample) (*line, error) {
	l := &line{
		At: s.At.UTC(), Connection: s.Key.Connection, Account: s.Key.Account, Domain: s.Key.Domain, Stream: s.Key.Stream,
	}
	if !s.Asked.IsZero() {
		l.RTT = float64(s.At.Sub(s.Asked)) / float64(time.Millisecond)
	}
	f := s.Fault
	switch {
	case f.Kind == pipeline.FaultNone && len(s.Raw) == 0:
		return nil, fmt.Errorf("the sample of %s has neither a document nor a fault", s.Key.Stream)
	case f.Kind == pipeline.FaultNone, f.Kind == pipeline.FaultNonsense && json.Valid(s.Raw):
		l.Info = s.Raw
	default:
		l.Error = errorText(f)
		if plain, err := parseError(l.Error); err != nil || plain != f {
			l.Fault = &f
		}
	}
	return l, l.check()
}

// errorText puts a fault into the words of the format: an API error, or where there is none to tell a time-out, which
// says nothing of the stream.
func errorText(f pipeline.Fault) string {
	switch {
	case apiError.MatchString(f.Text):
		return f.Text
	case f.Kind == pipeline.FaultNotFound:
		return strings.TrimSpace("404/10059 " + f.Text)
	case f.Kind == pipeline.FaultAPI:
		return strings.TrimSpace("500/0 " + f.Text)
	default:
		return timeoutError
	}
}
