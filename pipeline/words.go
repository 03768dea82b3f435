package pipeline

import (
	"hash/maphash"
	"strings"
)

// words keeps texts once each, and numbers them: what is known of many streams names the same leaders, rules and reasons. Number
// 0 is the empty text. A text stays for as long as it is held.
type words struct {
	roll roll[word]
	seed maphash.Seed
}

type word struct {
	text string
	held int
}

func newWords() *words {
	w := &words{seed: maphash.MakeSeed()}
	w.roll.hash = func(it *word) uint64 { return maphash.String(w.seed, it.text) }
	w.roll.add(word{held: 1})
	return w
}

// text is what a number stands for.
func (w *words) text(n uint32) string { return w.roll.item(n).text }

// hold returns a text's number, and keeps the text until that is let go of. Like is a number that the text had before, perhaps.
func (w *words) hold(text string, like uint32) uint32 {
	switch {
	case text == "":
		return 0
	case w.roll.at(like).text == text:
		w.roll.item(like).held++
		return like
	}
	n, found := w.roll.find(maphash.String(w.seed, text), func(it *word) bool { return it.text == text })
	if !found {
		n = w.roll.add(word{text: strings.Clone(text)})
	}
	w.roll.item(n).held++
	return n
}

// release lets go of what was held.
func (w *words) release(numbers []uint32) {
	for _, n := range numbers {
		if n == 0 {
			continue
		}
		if it := w.roll.item(n); it.held > 1 {
			it.held--
		} else {
			w.roll.remove(n)
		}
	}
}
