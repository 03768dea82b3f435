package jetstream

import (
	"fmt"

	"mirrorwatch/pipeline"
)

// The JetStream error codes that are told apart.
const (
	codeStreamNotFound      = 10059
	codeStreamOffline       = 10118
	codeStreamOfflineReason = 10194
)

// apiError is the error object of JetStream API answers.
type apiError struct {
	Code        int    `json:"code"`
	ErrCode     int    `json:"err_code"`
	Description string `json:"description"`
}

// Error gives codes and words: "503/10008 JetStream system temporarily unavailable".
func (e *apiError) Error() string { return fmt.Sprintf("%d/%d %s", e.Code, e.ErrCode, e.Description) }

// text is the server's own words, or its codes when it has none.
func (e *apiError) text() string {
	if e.Description == "" {
		return e.Error()
	}
	return e.Description
}

// fault is what the error means for the stream that was asked about.
func (e *apiError) fault() pipeline.Fault {
	kind := pipeline.FaultAPI
	switch {
	case e.ErrCode == codeStreamOffline, e.ErrCode == codeStreamOfflineReason:
		kind = pipeline.FaultOffline
	case e.Code == 404 && (e.ErrCode == codeStreamNotFound || e.ErrCode == 0):
		kind = pipeline.FaultNotFound
	}
	return pipeline.Fault{Kind: kind, Text: e.Error()}
}
