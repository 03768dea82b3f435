package agent

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
)

// plain makes text of any origin fit for one cell of a table: what would move a terminal's cursor is a space.
func plain(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	}), " ")
}

// textTable is rows of cells whose columns stand below each other.
type textTable struct{ w *tabwriter.Writer }

func newTextTable(w io.Writer, header ...string) *textTable {
	t := &textTable{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	t.row(header...)
	return t
}

// row adds one; the last cell is not filled up.
func (t *textTable) row(cells ...string) {
	for n, cell := range cells {
		if n > 0 {
			fmt.Fprint(t.w, "\t")
		}
		fmt.Fprint(t.w, plain(cell))
	}
	fmt.Fprintln(t.w)
}

func (t *textTable) end() error {
	if err := t.w.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}
