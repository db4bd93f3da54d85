package rundata

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
)

// mostClasses is how many classes a table for people has.
const mostClasses = 20

// ClassTable says how many examples of each class the parts have, as lines of text that
// begin with indent, for somebody who wants to see whether labels are read as they are
// meant. Of many classes it has the first.
func (d *Data) ClassTable(indent string) string {
	classes := d.All.Classes()
	shown := classes[:min(len(classes), mostClasses)]
	width := 0
	for _, class := range shown {
		width = max(width, utf8.RuneCountInString(class))
	}
	var counts [3][]int
	for at, part := range dataset.Parts() {
		counts[at] = dataset.Counts(d.All, d.Split.Indexes(part))
	}
	var b strings.Builder
	for label, class := range shown {
		fmt.Fprintf(&b, "\n%s%s%s", indent, class, strings.Repeat(" ", width-utf8.RuneCountInString(class)))
		for at := range counts {
			fmt.Fprintf(&b, " %7s", config.Grouped(int64(counts[at][label])))
		}
	}
	if more := len(classes) - len(shown); more > 0 {
		fmt.Fprintf(&b, "\n%sand %d more", indent, more)
	}
	return b.String()
}
