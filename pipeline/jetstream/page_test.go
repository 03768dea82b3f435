package jetstream

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mirrorwatch/pipeline"
)

// judgedPage is a page as encoding/json reads it.
type judgedPage struct {
	Total   int               `json:"total"`
	Limit   int               `json:"limit"`
	Streams []json.RawMessage `json:"streams"`
	Missing []string          `json:"missing"`
	Offline map[string]string `json:"offline"`
	Error   *apiError         `json:"error"`
}

// FuzzPage holds the reading of pages against encoding/json: the same heads, the same elements in the same words, or both refuse.
func FuzzPage(f *testing.F) {
	for _, text := range []string{
		`{"total":2,"limit":256,"offset":0,"streams":[` + element("A") + `, ` + element("B") + `]}`,
		`{"streams":[` + element("A") + `],"total":2,"missing":["B"],"offline":{"B":"gone"}} `,
		`{"total":2,"streams":[{"config":{"name":"A","sealed":"no"}},{},null,1,{"config":{"name":"A"}} ] } `,
		`{"error":{"code":503,"err_code":10008},"streams":null,"missing":null,"offline":null,"total":null}`,
		`{"streams":[{}],"x":[{}]}`, `{"streams":[{}],"streams":[{}]}`, `{"streams":[{}}]}`, `{"streams":[{}]}}`, `{"streams":[]}`,
		`{"x":[{}],"streams":{},"total":1.5}`, `{"streams":[{}],"missing":[{}]}`, `[{}]}`, `{"STREAMS":[{}]}`, `{"streams":["A","B\u003e"],"total":2}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var want judgedPage
		wanted := json.Unmarshal(doc, &want)
		p := &page{}
		err := p.read(doc)
		var raws []string
		d := &decoder{}
		if err == nil {
			err = p.elements(d, func(_ int, raw []byte, wrong error) {
				raws = append(raws, string(raw))
				var x pipeline.Sample
				if judged := judge(raw, &x); d.doc.Error == nil && wrong == nil && judged == nil && x.Key.Stream != d.doc.Config.Name {
					t.Fatalf("element %s is %q", raw, d.doc.Config.Name)
				}
			})
		}
		switch {
		case err != nil && wanted == nil && !stricter(err):
			t.Fatalf("refused with %v, encoding/json takes it", err)
		case err == nil && wanted != nil:
			t.Fatalf("accepted, encoding/json refuses with %v", wanted)
		case err != nil:
			return
		}
		got := judgedPage{Total: p.total, Limit: p.limit, Missing: p.missing, Offline: p.offline, Error: p.refused}
		for _, raw := range raws {
			got.Streams = append(got.Streams, json.RawMessage(raw))
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
		if p.empty() != (len(want.Streams)+len(want.Missing)+len(want.Offline) == 0) {
			t.Fatalf("empty %v of %+v", p.empty(), want)
		}
	})
}

// fullPage is a page as a server writes it, of n mirrors with state.
func fullPage(t testing.TB, n int) []byte {
	t.Helper()
	var mirror map[string]any
	if err := json.Unmarshal(readTestdata(t, "mirror.json"), &mirror); err != nil {
		t.Fatal(err)
	}
	elements := make([]string, n)
	for i := range elements {
		mirror["config"].(map[string]any)["name"] = fmt.Sprintf("ORDERS_REGION_MIRROR_%06d", i)
		text, err := json.Marshal(mirror)
		if err != nil {
			t.Fatal(err)
		}
		elements[i] = string(text)
	}
	return fmt.Appendf(nil, `{"type":"io.nats.jetstream.api.v1.stream_list_response","total":%d,"offset":0,"limit":256,"streams":[%s]}`,
		n, strings.Join(elements, ","))
}

func TestAPageIsReadWithoutAllocatingForEachStream(t *testing.T) {
	doc := fullPage(t, pageSize)
	s := &Source{}
	links := 0
	l := &listing{sampler: s.newSampler(), yield: func(x *pipeline.Sample) { links += len(x.Links) }}
	each := testing.AllocsPerRun(20, func() {
		p := &page{}
		if err := p.read(doc); err != nil {
			t.Fatal(err)
		}
		if err := l.take(p); err != nil {
			t.Fatal(err)
		}
	})
	if links != 21*pageSize {
		t.Errorf("%d links", links)
	}
	// The page's own few, and a chunk for each 8 kB of names.
	if each > 10 {
		t.Errorf("%v allocations a page of %d streams", each, pageSize)
	}
}
