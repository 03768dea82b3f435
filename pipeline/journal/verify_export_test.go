package journal_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"mirrorwatch/pipeline/journal"
)

// An export is read by others, who may do to it what they like.
func TestVerifyExportNamesTheLineThatIsNotAsItWas(t *testing.T) {
	dir := audited(t)
	r, err := journal.OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	export := func(from uint64) []string {
		var b bytes.Buffer
		if err := r.Export(&b, from); err != nil {
			t.Fatal(err)
		}
		return strings.SplitAfter(strings.TrimSuffix(b.String(), "\n"), "\n")
	}
	whole := export(0) // the checkpoint, 40 records, the head
	if len(whole) != 42 {
		t.Fatalf("%d lines", len(whole))
	}
	without := func(first, last int) []string { return append(append([]string{}, whole[:first]...), whole[last+1:]...) }
	swapped := append([]string{}, whole...)
	swapped[10], swapped[11] = swapped[11], swapped[10]
	forged := append([]string{}, whole...)
	forged[20] = strings.Replace(forged[20], "xxx", "yyy", 1)
	var before journal.Hash
	two := `{"number":1},"number":40`
	early := fmt.Sprintf(`{"number":1,"prev":"%s","hash":"%s","record":%s}`, before, journal.Chained(before, 1, []byte(two)), two) + "\n"
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"whole":        {whole, "good 0: "},
		"from 30":      {export(30), "good 0: "},
		"beyond":       {export(99), "good 0: "},
		"changed":      {forged, "changed 20: record 20 is not as it was written"},
		"removed":      {without(7, 9), "missing 6: records 7 to 9 are missing"},
		"swapped":      {swapped, "reordered 11: record 11 comes before record 10"},
		"no head":      {whole[:41], "cut 40: the newest record is 40, and the line of the head is missing"},
		"cut":          {without(39, 40), "cut 38: the newest record is 38, and should be 40"},
		"no beginning": {whole[1:], "missing 0: the beginning is missing: there is no line of the checkpoint before record 1"},
		"two in one":   {append([]string{early}, export(99)...), "changed 1: record 1 holds something else"},
		"two lines":    {append([]string{whole[0], `{"checkpoint":{},` + whole[1][1:]}, whole[2:]...), "damaged 0: line 2 cannot be read: it is no line of an export"},
		"half a line":  {append(append([]string{}, whole[:5]...), whole[5][:300]), "damaged 0: line 6 cannot be read: it is cut off"},
		"empty":        {nil, "damaged 0: it is no export, or an empty one"},
		"something":    {[]string{"{}\n"}, "damaged 0: line 1 cannot be read: it is no line of an export"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := journal.VerifyExport(strings.NewReader(strings.Join(c.lines, "")))
			if got := fmt.Sprintf("%s %d: %s", r.Status, r.Number, r.Text); err != nil || got != c.want {
				t.Errorf("got %s %v, want %s", got, err, c.want)
			}
		})
	}
}

func FuzzVerifyExport(f *testing.F) {
	f.Add(`{"checkpoint":{"number":0,"hash":"00"}}` + "\n" + `{"number":1,"prev":"","hash":"","record":{}}`)
	f.Fuzz(func(_ *testing.T, text string) { _, _ = journal.VerifyExport(strings.NewReader(text)) })
}
