package diagnosis

import (
	"cmp"
	"strings"

	"mirrorwatch/pipeline"
)

// diagnoseConnection says why a connection sees nothing, or not all. Once it sees again, what was found before stands.
func diagnoseConnection(v *pipeline.ConnectionView, i *pipeline.Incident) pipeline.Diagnosis {
	d := pipeline.Diagnosis{Cause: pipeline.CauseNotObservable, Sure: pipeline.Certain}
	var reason, said string
	switch {
	case v.Blind:
		reason = cmp.Or(v.Reason, "no answer")
		said = "Since " + clock(i.Opened, v.BlindSince) + " nothing can be seen over the connection: " + words(reason) + "."
	case v.ListError != "":
		reason = v.ListError
		said = "Streams cannot be listed: " + words(reason) + "."
	case i.Cause != "":
		return i.Diagnosis
	default:
		said = "The connection was blind, and its links are being proven again."
	}
	switch cause, told := reasonCause(reason); {
	case told && cause == pipeline.CauseBlackhole: // pings were not answered: bytes get lost on the way to the server
		d.Cause, d.Sure = pipeline.CauseRoute, pipeline.Likely
	case told:
		d.Cause = cause
		if strings.Contains(reason, "timeout") || strings.Contains(reason, "timed out") {
			d.Sure = pipeline.Likely
		}
	case strings.Contains(reason, "does not speak NATS"), strings.Contains(reason, "does not answer as a NATS server"):
		d.Cause, d.Sure = pipeline.CauseRoute, pipeline.Possible
	}
	d.Because = []string{said}
	d.Next = connectionSteps(d.Cause)
	return d
}
