package imaging

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Endings counts files that are left out, by the ends of their names. The zero value has
// none.
type Endings struct{ counts map[string]int }

// Add counts a file.
func (e *Endings) Add(path string) {
	if e.counts == nil {
		e.counts = map[string]int{}
	}
	e.counts[strings.ToLower(filepath.Ext(path))]++
}

// Total is the number of files.
func (e *Endings) Total() int {
	total := 0
	for _, n := range e.counts {
		total += n
	}
	return total
}

// String lists the endings, those of most files first, and of each the number of files:
// ".bmp (12), .txt (3)".
func (e *Endings) String() string {
	const most, longest = 5, 20
	endings := slices.SortedFunc(maps.Keys(e.counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(e.counts[b], e.counts[a]), strings.Compare(a, b))
	})
	var words []string
	for i, ending := range endings {
		if i == most {
			words = append(words, fmt.Sprintf("and %d other endings", len(endings)-most))
			break
		}
		word := ending
		switch {
		case word == "":
			word = "no ending"
		case len(word) > longest:
			word = strings.ToValidUTF8(word[:longest], "") + "…"
		}
		words = append(words, fmt.Sprintf("%s (%d)", word, e.counts[ending]))
	}
	return strings.Join(words, ", ")
}
