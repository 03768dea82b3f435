package pipeline_test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mirrorwatch/pipeline"
)

// fed is the record of a stream with sources, first seen at epoch; each proof in seconds, negative for none.
func fed(name string, proofs ...float64) pipeline.StreamRecord {
	r := pipeline.StreamRecord{Key: key(name), First: epoch}
	for i, proof := range proofs {
		l := pipeline.LinkRecord{
			Subject: pipeline.Subject{StreamKey: r.Key, Kind: pipeline.KindSource, Origin: fmt.Sprintf("O%d", i)}, First: epoch,
		}
		if proof >= 0 {
			l.Proof = at(proof)
		}
		r.Links = append(r.Links, l)
	}
	return r
}

// pagesOf returns the pages that a watch gives out of records.
func pagesOf(records ...pipeline.StreamRecord) []pipeline.ProofPage {
	opt := pipeline.WatchOptions{Connection: "dr", Interval: time.Minute, LooksPerSecond: 1}
	return pipeline.NewWatch(at(1e6), opt, pipeline.State{Streams: records}).Drain(false).Proofs
}

// proofs are those of a record in seconds; -1 for none.
func proofs(r pipeline.StreamRecord) (all []float64) {
	for _, l := range r.Links {
		if l.Proof.IsZero() {
			all = append(all, -1)
		} else {
			all = append(all, l.Proof.Sub(epoch).Seconds())
		}
	}
	return all
}

func TestAPageProvesItsOwnLinksOnly(t *testing.T) {
	pages := pagesOf(fed("A", 50, -1, 60.0007), fed("B", 70, 80))
	of := func(name string, change func(r *pipeline.StreamRecord), before ...float64) pipeline.StreamRecord {
		r := fed(name, before...)
		if change != nil {
			change(&r)
		}
		return r
	}
	for what, c := range map[string]struct {
		record pipeline.StreamRecord
		want   []float64
	}{
		"the same, rounded down":     {of("A", nil, 10, -1, -1), []float64{50, -1, 60}},
		"the record is later":        {of("A", nil, 55, 5, 60.0005), []float64{55, 5, 60.0005}},
		"another order of links":     {of("B", func(r *pipeline.StreamRecord) { slices.Reverse(r.Links) }, 1, 2), []float64{2, 1}},
		"a link less":                {of("A", nil, 10, 11), []float64{10, 11}},
		"another origin":             {of("B", func(r *pipeline.StreamRecord) { r.Links[1].Subject.Origin = "P" }, 1, 2), []float64{1, 2}},
		"another way to the origin":  {of("B", func(r *pipeline.StreamRecord) { r.Links[1].Subject.Via = "$JS.hub.API" }, 1, 2), []float64{1, 2}},
		"another filter":             {of("B", func(r *pipeline.StreamRecord) { r.Links[0].Subject.Filter = "a.>" }, 1, 2), []float64{1, 2}},
		"another connection":         {of("B", func(r *pipeline.StreamRecord) { r.Key.Connection = "eu" }, 1, 2), []float64{1, 2}},
		"another account":            {of("B", func(r *pipeline.StreamRecord) { r.Key.Account = "SYS" }, 1, 2), []float64{1, 2}},
		"first seen after the proof": {of("B", func(r *pipeline.StreamRecord) { r.Links[0].First = at(75) }, -1, 2), []float64{-1, 80}},
		"never in a page":            {of("C", nil, 7), []float64{7}},
	} {
		all := []pipeline.StreamRecord{c.record}
		if err := pipeline.Renew(all, pages); err != nil || !slices.Equal(proofs(all[0]), c.want) {
			t.Errorf("%s: %v %v, want %v", what, proofs(all[0]), err, c.want)
		}
	}
}

func TestADamagedPageLeavesRecordsAsTheyAre(t *testing.T) {
	good := pagesOf(fed("A", 50), fed("B", 60))[0].Data
	other := pagesOf(fed("C", 70))[0]
	other.Number = 1
	flipped := func(at int) []byte {
		data := slices.Clone(good)
		data[at] ^= 4
		return data
	}
	for what, c := range map[string]struct {
		data []byte
		want string
	}{
		"a bit fell over":       {flipped(len(good) - 5), "its checksum is wrong"},
		"the checksum itself":   {flipped(len(good) - 1), "its checksum is wrong"},
		"it is cut off":         {good[:len(good)-3], "its checksum is wrong"},
		"nothing is left":       {good[:2], "it does not hold together"},
		"a later version":       {sealed(append([]byte{9}, good[1:len(good)-4]...)), "its version is not known"},
		"cut where it was made": {sealed(good[:len(good)-6]), "it does not hold together"},
		"too many links":        {sealed(binary.AppendUvarint(slices.Clone(good[:9]), 1<<62)), "it does not hold together"},
	} {
		all := []pipeline.StreamRecord{fed("A", 1), fed("B", 2), fed("C", 3)}
		err := pipeline.Renew(all, []pipeline.ProofPage{{Connection: "dr", Data: c.data}, other, {Connection: "dr", Number: 2}})
		if want := "read proof page 0 of dr: " + c.want; err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", what, err, want)
		}
		if got := slices.Concat(proofs(all[0]), proofs(all[1]), proofs(all[2])); !slices.Equal(got, []float64{1, 2, 70}) {
			t.Errorf("%s: proofs %v", what, got)
		}
	}
}

// sealed gives a page the checksum that it should have.
func sealed(data []byte) []byte {
	return binary.LittleEndian.AppendUint32(slices.Clone(data), crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
}

func TestPagesNeverTellALaterContact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var records, bare []pipeline.StreamRecord
		for i, links := range rapid.SliceOfN(rapid.SliceOfN(rapid.OneOf(rapid.Just(-1.0), rapid.Float64Range(0, 9e5)), 1, 4), 1, 30).Draw(t, "proofs") {
			name := fmt.Sprintf("S%d", i)
			records, bare = append(records, fed(name, links...)), append(bare, fed(name, slices.Repeat([]float64{-1}, len(links))...))
		}
		if err := pipeline.Renew(bare, pagesOf(records...)); err != nil {
			t.Fatal(err)
		}
		for i, r := range records {
			for n, l := range r.Links {
				got := bare[i].Links[n].Proof
				if l.Proof.IsZero() != got.IsZero() || l.Proof.Sub(got) < 0 || l.Proof.Sub(got) >= time.Millisecond {
					t.Fatalf("%s: %s of %s", r.Key.Stream, got, l.Proof)
				}
			}
		}
	})
}

// FuzzProofPage reads any page, with a checksum that is right: what is told is a proof of links that are there, and not an earlier one.
func FuzzProofPage(f *testing.F) {
	page := pagesOf(fed("A", 50, -1), fed("B", 60))[0].Data
	f.Add(page[:len(page)-4])
	f.Add([]byte{1})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		all := []pipeline.StreamRecord{fed("A", 10, 20), fed("B", 30)}
		for _, page := range [][]byte{data, sealed(data)} {
			err := pipeline.Renew(all, []pipeline.ProofPage{{Connection: "dr", Data: page}})
			if err != nil && !strings.HasPrefix(err.Error(), "read proof page 0 of dr: ") {
				t.Error(err)
			}
		}
		for i, least := range []float64{10, 20, 30} {
			if l := slices.Concat(all[0].Links, all[1].Links)[i]; l.Proof.Before(at(least)) {
				t.Errorf("link %d: %s", i, since(l.Proof))
			}
		}
	})
}
