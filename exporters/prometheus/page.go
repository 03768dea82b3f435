package prometheus

import (
	"io"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
)

// family is the samples of one name.
type family struct {
	name, help, kind string
	samples          func(*page)
}

// page writes families. A family's samples are written by calling sample, then label for each label, then value or integer.
type page struct {
	to     io.Writer
	buf    []byte
	err    error   // of the newest write that failed
	header *family // not yet written
	name   string  // of the family at hand
	labels int     // of the sample at hand
}

// flushAt is how much is gathered before it is written.
const flushAt = 32 << 10

// family writes a family; nothing where it has no samples.
func (p *page) family(f *family) error {
	p.header, p.name = f, f.name
	f.samples(p)
	return p.err
}

// sample begins a sample of the family at hand, of a histogram's part if there is a suffix. It returns false once nothing can be
// written any more.
func (p *page) sample(suffix string) bool {
	if p.err != nil {
		return false
	}
	if len(p.buf) >= flushAt && p.flush() != nil {
		return false
	}
	if f := p.header; f != nil {
		p.header = nil
		p.buf = append(p.buf, "# HELP "...)
		p.buf = append(p.buf, f.name...)
		p.buf = append(p.buf, ' ')
		p.buf = appendEscaped(p.buf, f.help, false)
		p.buf = append(p.buf, "\n# TYPE "...)
		p.buf = append(p.buf, f.name...)
		p.buf = append(p.buf, ' ')
		p.buf = append(p.buf, f.kind...)
		p.buf = append(p.buf, '\n')
	}
	p.labels = 0
	p.buf = append(p.buf, p.name...)
	p.buf = append(p.buf, suffix...)
	return true
}

// label adds a label to the sample at hand; none where its value is empty, which means the same.
func (p *page) label(key, value string) {
	if value == "" {
		return
	}
	before := byte(',')
	if p.labels == 0 {
		before = '{'
	}
	p.labels++
	p.buf = append(p.buf, before)
	p.buf = appendLabelName(p.buf, key)
	p.buf = append(p.buf, '=', '"')
	p.buf = appendEscaped(p.buf, value, true)
	p.buf = append(p.buf, '"')
}

func (p *page) attributes(all []attribute.KeyValue) {
	for _, kv := range all {
		p.label(string(kv.Key), kv.Value.String())
	}
}

// value ends the sample at hand.
func (p *page) value(v float64) {
	p.beforeValue()
	p.buf = strconv.AppendFloat(p.buf, v, 'g', -1, 64) // NaN, +Inf and -Inf are what the format calls them too
	p.buf = append(p.buf, '\n')
}

// integer ends the sample at hand.
func (p *page) integer(v int64) {
	p.beforeValue()
	p.buf = strconv.AppendInt(p.buf, v, 10)
	p.buf = append(p.buf, '\n')
}

func (p *page) beforeValue() {
	if p.labels > 0 {
		p.buf = append(p.buf, '}')
	}
	p.buf = append(p.buf, ' ')
}

func (p *page) flush() error {
	if p.err == nil && len(p.buf) > 0 {
		_, p.err = p.to.Write(p.buf)
		p.buf = p.buf[:0]
	}
	return p.err
}

// appendEscaped appends what stands after HELP, or between a label's quotes.
func appendEscaped(to []byte, text string, quoted bool) []byte {
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\\':
			to = append(to, '\\', '\\')
		case c == '\n':
			to = append(to, '\\', 'n')
		case c == '"' && quoted:
			to = append(to, '\\', '"')
		default:
			to = append(to, c)
		}
	}
	return to
}
