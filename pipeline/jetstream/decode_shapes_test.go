package jetstream

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"mirrorwatch/pipeline"
)

// object draws an object with some of the elements, in any order.
func object(t *rapid.T, label string, elements map[string][]string) string {
	var all []string
	for key, values := range elements {
		all = append(all, fmt.Sprintf("%q:%s", key, rapid.SampledFrom(values).Draw(t, label+"."+key)))
	}
	slices.Sort(all)
	all = rapid.Permutation(all).Draw(t, label)
	return "{" + strings.Join(all[:rapid.IntRange(len(all)/2, len(all)).Draw(t, label+" elements")], ",") + "}"
}

// writtenDocument draws a document. Many are written alike, and differ in values.
func writtenDocument(t *rapid.T) string {
	link := func(label string) []string {
		one := object(t, label, map[string][]string{
			"name": {`"S"`, `"T"`, `"M\u003e"`}, "external": {`{"api":"$JS.A.API","deliver":""}`, `{}`, `null`}, "active": {"-1", "5", `"x"`},
			"filter_subject": {`"a"`, `"b"`}, "lag": {"0", "-1", "7"}, "error": {`{"code":404}`, `null`}, "opt_start_seq": {"3"}, "seq": {"9"},
			"subject_transforms": {`[{"src":"a"},{"src":"b","dest":"c"}]`, `[]`},
		})
		return []string{one, "null"}
	}
	list := func(label string) []string {
		a, b := link(label+" 1"), link(label+" 2")
		return []string{"[" + a[0] + "]", "[" + a[0] + "," + b[0] + "]", "[" + b[0] + ",null]", "[]", "null"}
	}
	return object(t, "document", map[string][]string{
		"config": {object(t, "config", map[string][]string{
			"name": {`"M"`, `"MM"`}, "retention": {`"limits"`, `"interest"`, `{"a":[1]}`}, "mirror": link("mirror"), "sources": list("sources"),
			"max_msgs": {"-1", "1000", "1e3"}, "discard": {`"old"`, `"new"`}, "sealed": {"true", "false"},
			"metadata": {`{"a":"b","c":"d"}`, `{"a":"b","c":"e"}`, `{"a":"b","c":"d","e":"f"}`, `{}`, `{"a":1}`, `null`}, "subjects": {`["a"]`, `[]`},
		}), "null"},
		"created": {`"2026-11-22T20:00:00Z"`, `"2026-11-22T20:00:30.5Z"`, `"soon"`}, "ts": {`"2026-11-22T20:00:00.25Z"`, `"2026-11-22T21:00:00+01:00"`},
		"state":   {object(t, "state", map[string][]string{"messages": {"1", "20"}, "first_ts": {`"x"`, `"y"`}, "last_seq": {"5"}, "num_deleted": {"-1"}, "deleted": {`[3,4]`, `[]`, `[-1]`, `{}`}})},
		"cluster": {`{"leader":"n1","raft_group":"x","replicas":[{"name":"n2","lag":4},null,{"offline":true}]}`, `{"leader":"n2","raft_group":"y"}`},
		"mirror":  link("mirror's state"), "sources": list("sources' states"), "MIRROR": {"null"}, "x": {`[{"name":"S"}]`, `[{"name":"T"}]`},
	})
}

func TestDocumentsReadLikeOnesBeforeAreReadAsByThemselves(t *testing.T) {
	t.Parallel()
	d := newDecoder(&settings{})
	rapid.Check(t, func(t *rapid.T) {
		doc := []byte(writtenDocument(t))
		var want, got pipeline.Sample
		wanted := Decode(doc, &want)
		for range 2 {
			x, err := d.document(doc)
			if err = x.into(&got, doc, err); fmt.Sprint(err) != fmt.Sprint(wanted) {
				t.Fatalf("%s: %v, by itself %v", doc, err, wanted)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s: %s", doc, diff)
			}
		}
	})
	if s := &d.memory.shapes; s.steps > mostSteps || len(s.unknown) > mostUnknown {
		t.Errorf("%d steps, %d keys", s.steps, len(s.unknown))
	}
}

func TestStreamsThatDifferInValuesAreWrittenAlike(t *testing.T) {
	t.Parallel()
	d := newDecoder(&settings{})
	read := func(n int) {
		doc := fmt.Appendf(nil, `{"config":{"name":"M%d","retention":"limits","mirror":{"name":"S%d"},"metadata":{"a":"%d"}},
			"state":{"messages":%d,"first_ts":"%d"},"ts":"2026-11-22T20:00:00.%dZ"}`, n, n, n, n, n, n)
		if x, err := d.document(doc); err != nil || x.Config.Mirror.Name != fmt.Sprint("S", n) || x.State.Messages != uint64(n) {
			t.Fatalf("%+v, %v", x, err)
		}
	}
	read(1)
	read(2) // now it is known what of no interest differs
	steps := d.memory.shapes.steps
	for n := range 1000 {
		read(n + 3)
	}
	if d.memory.shapes.steps != steps {
		t.Errorf("%d steps instead of %d", d.memory.shapes.steps, steps)
	}
}

func TestShapesAreBoundedAndGiveWayToOthers(t *testing.T) {
	t.Parallel()
	d := newDecoder(&settings{})
	read := func(key string) bool {
		doc := fmt.Appendf(nil, `{"config":{%q:1,"name":"M","max_bytes":5},"ts":"2026-11-22T20:00:00Z"}`, key)
		if x, err := d.document(doc); err != nil || x.Config.MaxBytes != 5 {
			t.Fatalf("%+v, %v", x, err)
		}
		d.reset(doc)
		return d.again()
	}
	n := 0
	for ; read(fmt.Sprint("first", n)); n++ {
	}
	if s := &d.memory.shapes; n == 0 || s.steps != mostSteps {
		t.Fatalf("%d steps after %d documents", s.steps, n)
	}
	for range mostMissed {
		if read("other") {
			return
		}
	}
	t.Error("others are never learnt")
}
