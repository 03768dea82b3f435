package jetstream

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// heap is how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What a decoder keeps of shapes is bounded in bytes, too.
func TestShapesAreBoundedInBytes(t *testing.T) {
	const size = 64 << 10
	d := newDecoder(&settings{})
	before := heap()
	for n := range 200 {
		doc := fmt.Appendf(nil, `{"config":{%*s"k%d":1,"name":"M","max_bytes":5},"ts":"2026-11-22T20:00:00Z"}`, size, "", n)
		if _, err := d.document(doc); err != nil {
			t.Fatal(err)
		}
	}
	after := heap()
	runtime.KeepAlive(d)
	if kept := int64(after) - int64(before); kept > 4<<20 {
		t.Errorf("%d MiB are kept after 200 documents of 64 KiB, %d steps of %d", kept>>20, d.memory.shapes.steps, mostSteps)
	}
}

// aggregate is the document of one with so many sources.
func aggregate(n, sources int) []byte {
	var conf, state []string
	for i := range sources {
		conf = append(conf, fmt.Sprintf(`{"name":"S%d","filter_subject":"a.%d"}`, i, i))
		state = append(state, fmt.Sprintf(`{"name":"S%d","lag":0,"active":%d,"filter_subject":"a.%d"}`, i, n+i, i))
	}
	return fmt.Appendf(nil, `{"config":{"name":"A%d","sources":[%s]},"state":{"messages":%d},"sources":[%s],"ts":"2026-11-22T20:00:00Z"}`, n, strings.Join(conf, ","), n, strings.Join(state, ","))
}

// mirrorDoc is that of a mirror with a number.
func mirrorDoc(n int) []byte {
	return fmt.Appendf(nil, `{"config":{"name":"M%d","mirror":{"name":"S%d"}},"state":{"messages":%d},"mirror":{"name":"S%d","lag":0,"active":%d},"ts":"2026-11-22T20:00:00Z"}`, n, n, n, n, n)
}

// sooner reads documents, and counts those that are read by the shape of one before.
func sooner(t *testing.T, d *decoder, docs [][]byte) (n int) {
	t.Helper()
	for _, doc := range docs {
		d.reset(doc)
		if d.again() {
			n++
		}
		if _, err := d.document(doc); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func TestMostOfAFleetWithAggregatesIsReadSooner(t *testing.T) {
	for _, c := range []struct{ aggregates, sources, mirrors int }{{0, 0, 1000}, {1, 700, 1000}, {5, 200, 1000}, {20, 100, 1000}, {3, 30, 1000}} {
		var docs [][]byte
		for n := range c.aggregates {
			docs = append(docs, aggregate(n, c.sources+n))
		}
		for n := range c.mirrors {
			docs = append(docs, mirrorDoc(n))
		}
		d, read := newDecoder(&settings{}), 0
		const rounds = 20
		for range rounds {
			read += sooner(t, d, docs)
		}
		if all := rounds * len(docs); 4*read < 3*all {
			t.Errorf("%+v: %d of %d documents were read by the shape of one before, in %d steps", c, read, all, d.memory.shapes.steps)
		}
	}
}
