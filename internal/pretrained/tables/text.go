package tables

import (
	"fmt"
	"strings"
)

// Anew are our names of the tensors that the file does not give: those of the head, where
// head is false or the file has none that fits.
func (f Fit) Anew(head bool) []string {
	given := map[string]bool{}
	for _, p := range f.Loaded {
		given[p.Entry.Ours] = head || !p.Entry.Head
	}
	var anew []string
	for _, e := range f.Table.Entries {
		if !given[e.Ours] {
			anew = append(anew, e.Ours)
		}
	}
	return anew
}

// Text says what of the file a network takes: what is loaded, what is drawn anew, and what
// the file holds besides. head says whether the file's head is taken.
func (f Fit) Text(head bool) string {
	var b strings.Builder
	anew := f.Anew(head)
	fmt.Fprintf(&b, "loaded: %d of %d tensors of %s, names of %s\n", len(f.Table.Entries)-len(anew), len(f.Table.Entries), f.Table.Network, f.Table.Family)
	if len(anew) > 0 {
		fmt.Fprintf(&b, "drawn anew: %s\n", strings.Join(anew, ", "))
	}
	if !head && f.Classes > 0 {
		fmt.Fprintf(&b, "not taken: the file's head, of %d classes\n", f.Classes)
	}
	for _, m := range f.Wrong {
		if m.Entry.takes(m.Shape) {
			fmt.Fprintf(&b, "not taken: %s, since the file's head is not whole\n", m.Entry.Published)
			continue
		}
		fmt.Fprintf(&b, "not taken: %s, of shape %v, expected %v\n", m.Entry.Published, m.Shape, m.Entry.Shape)
	}
	if len(f.Extra) > 0 {
		var names []string
		for _, name := range f.Extra[:min(len(f.Extra), some)] {
			names = append(names, fmt.Sprintf("%.100q", name))
		}
		fmt.Fprintf(&b, "not in the network: %d tensors, such as %s\n", len(f.Extra), strings.Join(names, ", "))
	}
	return b.String()
}
