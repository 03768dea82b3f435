package jetstream

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"mirrorwatch/pipeline"
)

// verdict is what is said of a stream that no leader told of. FaultNotFound means that no server knows it, and that all answered
// that could.
func (s *System) verdict(q *inquiry, x *pipeline.Sample, silent map[string]bool) *pipeline.Sample {
	if c := q.rumours[x.Key]; c != nil {
		switch leader := serverID(x.Key.Domain, c.leader); {
		case c.leader == "" && c.sample != nil:
			return c.sample
		case silent[leader]:
			x.Fault = noAnswer(leader)
		default:
			x.Fault = pipeline.Fault{Kind: pipeline.FaultMissing, Text: "its servers do not agree on who leads it"}
		}
		return x
	}
	holders, placed := s.streams.holders(x.Key)
	if who := silenced(holders, silent); who != "" {
		x.Fault = noAnswer(who)
		return x
	}
	if s.streams.accountID(x.Key.Account) == "" {
		x.Fault = pipeline.Fault{Kind: pipeline.FaultMissing, Text: "no server that answers knows account " + x.Key.Account}
		return x
	}
	// It may have moved there, since its leader told where it is.
	if who := s.members.silentIn(x.Key.Domain, placed); who != "" {
		x.Fault = noAnswer(who)
		x.Fault.Text += ", and no other knows the stream"
		return x
	}
	x.Fault = pipeline.Fault{Kind: pipeline.FaultNotFound, Text: "no server knows the stream"}
	return x
}

// silenced names one of the servers that hold a stream and are silent, unless most of them answer: where most do not know it any
// more it was deleted, for they cannot have lost it otherwise.
func silenced(holders []string, silent map[string]bool) (who string) {
	count := 0
	for _, name := range holders {
		if silent[name] {
			who = name
			count++
		}
	}
	if 2*count < len(holders) {
		return ""
	}
	return who
}

// healthz is what is read of a HEALTHZ answer.
type healthz struct {
	Code  int    `json:"status_code"`
	Error string `json:"error"`
}

// confirmGone asks whether a stream is gone that no server told of. A server that has just started tells of none: the
// streams that were assigned to it come one by one. Asked for the health of the one stream it answers 404 only once it knows what
// is assigned to it, and this one is not.
func (s *System) confirmGone(key pipeline.StreamKey) pipeline.Fault {
	options := struct {
		Account string `json:"account"`
		Stream  string `json:"stream"`
	}{s.streams.accountID(key.Account), key.Stream}
	select {
	case s.confirming <- struct{}{}:
		defer func() { <-s.confirming }()
	case <-s.conn.life.Done():
		return faultOf(s.conn.down())
	}
	sure, doubt := 0, ""
	err := s.refusals.ask(s.log, time.Now(), "PING.HEALTHZ", func() error {
		_, err := gather(s.conn.life, s, plain[healthz]("HEALTHZ", options), func(one *said[healthz]) any {
			switch {
			case one.Server.Domain != key.Domain || s.members.disabled(one.Server.id()):
			case one.Data.Code == http.StatusNotFound:
				sure++
			default:
				doubt = fmt.Sprintf("server %s does not tell of it, nor that it is gone: %d %s", one.Server.Name, one.Data.Code, one.Data.Error)
			}
			return nil
		})
		return err
	})
	_, placed := s.streams.holders(key)
	who := s.members.silentIn(key.Domain, placed)
	switch {
	case errors.Is(err, errRefused):
		return pipeline.Fault{Kind: pipeline.FaultDenied, Text: err.Error()}
	case err != nil:
		return faultOf(err)
	case who != "": // those without a copy answer 404 of a stream that others hold
		return noAnswer(who)
	case doubt != "":
		return pipeline.Fault{Kind: pipeline.FaultMissing, Text: doubt}
	case sure == 0:
		return pipeline.Fault{Kind: pipeline.FaultMissing, Text: "no server tells of it, nor that it is gone"}
	}
	return pipeline.Fault{Kind: pipeline.FaultNotFound, Text: "no server knows the stream"}
}
