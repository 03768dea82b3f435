package recording_test

import (
	"encoding/json"
	"errors"
	"time"

	"mirrorwatch/pipeline"
)

// decode reads as much of a STREAM.INFO document as these tests compare.
func decode(doc []byte, s *pipeline.Sample) error {
	type link struct {
		Name   string `json:"name"`
		Lag    uint64 `json:"lag"`
		Active int64  `json:"active"`
	}
	var info struct {
		TS      time.Time `json:"ts"`
		Created time.Time `json:"created"`
		Cluster struct {
			Leader string `json:"leader"`
		} `json:"cluster"`
		State struct {
			Messages uint64 `json:"messages"`
			FirstSeq uint64 `json:"first_seq"`
			LastSeq  uint64 `json:"last_seq"`
		} `json:"state"`
		Mirror  *link  `json:"mirror"`
		Sources []link `json:"sources"`
	}
	if err := json.Unmarshal(doc, &info); err != nil {
		return err
	}
	if info.TS.IsZero() {
		return errors.New("no ts")
	}
	s.ServerTime, s.Created, s.Leader = info.TS, info.Created, info.Cluster.Leader
	s.State = pipeline.StreamState{
		Messages: info.State.Messages, FirstSeq: info.State.FirstSeq, LastSeq: info.State.LastSeq,
	}
	add := func(kind pipeline.Kind, l link) {
		s.Links = append(s.Links, pipeline.LinkSample{
			Kind: kind, Origin: l.Name, Reported: true, Active: time.Duration(l.Active), Lag: l.Lag,
		})
	}
	if info.Mirror != nil {
		add(pipeline.KindMirror, *info.Mirror)
	}
	for _, source := range info.Sources {
		add(pipeline.KindSource, source)
	}
	return nil
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

var mirror = pipeline.StreamKey{Connection: "mirror", Stream: "M"}
