package prometheus

import (
	"slices"
	"strings"
)

// familyName is what a Collector's Prometheus exporter calls a metric: words and unit joined by underscores, counters ending in
// total. Annotations ({message}) are no unit.
func familyName(name, unit string, counter bool) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !letter(r) && (r < '0' || r > '9') })
	main, per, _ := strings.Cut(unit, "/")
	if main = unitWord(main); main != "" && !slices.Contains(words, main) {
		words = append(words, main)
	}
	if per == "s" {
		words = append(words, "per", "second")
	}
	if counter {
		words = append(slices.DeleteFunc(words, func(w string) bool { return w == "total" }), "total")
	}
	return strings.Join(words, "_")
}

func unitWord(unit string) string {
	switch unit {
	case "s":
		return "seconds"
	case "By":
		return "bytes"
	case "%":
		return "percent"
	}
	return "" // none, or an annotation
}

func letter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// appendLabelName appends an attribute's key as the name of a label.
func appendLabelName(to []byte, key string) []byte {
	for i := range len(key) {
		c := key[i]
		if !letter(rune(c)) && (c < '0' || c > '9') {
			c = '_'
		}
		to = append(to, c)
	}
	return to
}
