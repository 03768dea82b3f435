package jetstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
)

// LookAtOrigin implements pipeline.OriginSource. It asks through the mirror's own path: under the external API prefix of the
// link, or this connection's own. It returns within 8 s.
func (s *Source) LookAtOrigin(ctx context.Context, key pipeline.OriginKey, exact bool) *pipeline.OriginView {
	v := &pipeline.OriginView{Key: key, Path: pipeline.PathOwn, Asked: time.Now()}
	prefix := key.Via
	if prefix == "" {
		prefix = s.prefix
	}
	s.askOrigin(ctx, s.origins, prefix, exact, v)
	return v
}

// LookAtStream asks this connection's own API about a stream that is the origin of another connection's links. The view's
// Path is this connection's name; of its Key, Connection and Stream are set. Exact is as of pipeline.OriginSource. It returns within 8 s.
func (s *Source) LookAtStream(ctx context.Context, name string, exact bool) *pipeline.OriginView {
	key := pipeline.OriginKey{Connection: s.config.Name, Stream: name}
	v := &pipeline.OriginView{Key: key, Path: s.config.Name, Asked: time.Now()}
	s.askOrigin(ctx, s.others, s.prefix, exact, v)
	return v
}

// askOrigin asks about v.Key.Stream once there is room, and takes the answer, or why there is none, into v.
func (s *Source) askOrigin(ctx context.Context, room places, prefix string, exact bool, v *pipeline.OriginView) {
	v.Fault = s.originFault(ctx, room, prefix, exact, v)
	v.At = time.Now()
}

func (s *Source) originFault(ctx context.Context, room places, prefix string, exact bool, v *pipeline.OriginView) pipeline.Fault {
	name := v.Key.Stream
	if !isName(name) {
		return pipeline.Fault{Kind: pipeline.FaultNonsense, Text: fmt.Sprintf("%q is no stream's name", clip(name))}
	}
	if !isPrefix(prefix) {
		return pipeline.Fault{Kind: pipeline.FaultNonsense, Text: fmt.Sprintf("%q is no API prefix", clip(prefix))}
	}
	if fault, denied := s.denials.on(v.Asked, prefix, name); denied {
		return fault
	}
	if !room.take(ctx, s.patience.origin) {
		if ctx.Err() != nil {
			return faultOf(context.Cause(ctx))
		}
		text := "it was not asked: others have not answered yet, and as many as may be are waited for"
		return pipeline.Fault{Kind: pipeline.FaultNoAnswer, Text: text}
	}
	defer room.leave()
	v.Asked = time.Now()
	var request []byte
	if exact {
		request = []byte(`{"deleted_details":true}`)
	}
	doc, err := s.conn.ask(ctx, prefix+".STREAM.INFO."+name, request, s.patience.origin)
	if err == nil {
		s.denials.allow(prefix, name)
		return s.reader.read(v, doc)
	}
	fault := faultOf(err)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		s.denials.allow(prefix, name)
		fault.Kind = pipeline.FaultNoResponders
	case fault.Kind == pipeline.FaultDenied:
		s.denials.add(v.Asked, prefix, name, fault)
	}
	return fault
}

// originReader reads answers about origins, one at a time in the same memory.
type originReader struct {
	mu      sync.Mutex
	decoder *decoder
}

func newOriginReader() *originReader {
	r := &originReader{decoder: newDecoder(nil)}
	r.decoder.memory.listens = true
	return r
}

// read takes an answer into the view. Prefixes that are mapped into another account keep the stream's name, so an answer about
// another one is none.
func (r *originReader) read(v *pipeline.OriginView, doc []byte) pipeline.Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.decoder.reset(nil)
	d, err := r.decoder.document(doc)
	switch {
	case d.Error != nil:
		return d.Error.fault()
	case err == nil && d.Config.Name != "" && d.Config.Name != v.Key.Stream:
		err = fmt.Errorf("the answer is about stream %q", clip(d.Config.Name))
	case err == nil:
		err = d.view(v)
	}
	if err != nil {
		return pipeline.Fault{Kind: pipeline.FaultNonsense, Text: err.Error()}
	}
	return pipeline.Fault{}
}

// isName tells whether a stream may have the name; anything else would ask about more, or about something else.
func isName(name string) bool { return name != "" && !strings.ContainsAny(name, ".*> \t\r\n") }

// isPrefix tells whether API subjects may begin so.
func isPrefix(prefix string) bool {
	ok := prefix != ""
	validatePrefix(func(string, string) { ok = false }, "", prefix)
	return ok
}

// validateOrigins checks the names of the connections that see the origins, as far as this connection alone can tell.
func (c Config) validateOrigins(report func(path, problem string)) {
	for i, name := range c.Origins {
		at := fmt.Sprintf("origins[%d]", i)
		switch {
		case name == "":
			report(at, "is empty; name another connection")
		case name == c.Name:
			report(at, "a connection's own path to its origins is asked in any case; name another connection")
		case slices.Contains(c.Origins[:i], name):
			report(at, fmt.Sprintf("%q is named twice", name))
		}
	}
}
