// Package recording keeps looks in a file of JSON lines, and plays such a file back in virtual time.
//
// The first line is the header, {"recording":1,…}. Each further line is what one look found of one stream: the
// STREAM.INFO document under "info", or under "error" why there is none ("timeout", or an API error as
// "CODE/ERR_CODE text"). Files may be compressed with gzip.
package recording

import "time"

// Version is the version of the format that is written, and the only one that is read.
const Version = 1

// OriginView is the name of a connection whose lines are views of origins: each is what an origin told of itself, under its
// own stream's name. There may be any number of origins. They are never judged; mirrors' progress is held against them.
const OriginView = "origin"

// Header is the first line of a recording.
type Header struct {
	Recording int     `json:"recording"` // Version
	Name      string  `json:"name,omitempty"`
	Server    string  `json:"server,omitempty"`   // version of the servers recorded, for people
	Interval  float64 `json:"interval,omitempty"` // seconds between two looks at a stream; 0: not told
	Phases    []Phase `json:"phases,omitempty"`
}

// Phase is a stretch of a recording in which one thing was going on.
type Phase struct {
	Name string    `json:"name"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}
