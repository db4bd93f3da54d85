package tables

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/weights"
)

// Fit is what comes out when a table meets the tensors of a file.
type Fit struct {
	Table   Table
	Loaded  []Pair     // in the order of the network
	Missing []Entry    // of the table that the file lacks
	Wrong   []Mismatch // of another shape than the table has
	Extra   []string   // names of the file that the table lacks, in the file's order
	Classes int        // of the file's head; 0: it has none
}

// Pair is a tensor of the file and its entry.
type Pair struct {
	Entry  Entry
	Tensor weights.Tensor
}

// Mismatch is a tensor of another shape than the table has.
type Mismatch struct {
	Entry Entry
	Shape []int // in the file
}

// Fit compares the tensors with the table.
func (t Table) Fit(tensors []weights.Tensor) Fit {
	f := Fit{Table: t}
	there := make(map[string]weights.Tensor, len(tensors))
	for _, tensor := range tensors {
		there[tensor.Name] = tensor
	}
	known := make(map[string]bool, len(t.Entries))
	for _, e := range t.Entries {
		known[e.Published] = true
		tensor, found := there[e.Published]
		switch {
		case !found:
			f.Missing = append(f.Missing, e)
		case !e.takes(tensor.Shape):
			f.Wrong = append(f.Wrong, Mismatch{e, tensor.Shape})
		default:
			f.Loaded = append(f.Loaded, Pair{e, tensor})
		}
	}
	for _, tensor := range tensors {
		if !known[tensor.Name] {
			f.Extra = append(f.Extra, tensor.Name)
		}
	}
	f.settleHead()
	return f
}

// takes says whether a tensor's shape is that of the entry, or of a head with another
// number of classes.
func (e Entry) takes(shape []int) bool {
	if e.Head && len(shape) == len(e.Shape) && shape[0] > 0 {
		return slices.Equal(shape[1:], e.Shape[1:])
	}
	return slices.Equal(shape, e.Shape)
}

// settleHead finds the number of classes. A head whose parts do not agree is none.
func (f *Fit) settleHead() {
	var classes []int
	parts := 0
	for _, e := range f.Table.Entries {
		if e.Head {
			parts++
		}
	}
	for _, p := range f.Loaded {
		if p.Entry.Head {
			classes = append(classes, p.Tensor.Shape[0])
		}
	}
	if len(classes) == parts && parts > 0 && slices.Max(classes) == slices.Min(classes) {
		f.Classes = classes[0]
		return
	}
	for _, p := range f.Loaded {
		if p.Entry.Head {
			f.Wrong = append(f.Wrong, Mismatch{p.Entry, p.Tensor.Shape})
		}
	}
	f.Loaded = slices.DeleteFunc(f.Loaded, func(p Pair) bool { return p.Entry.Head })
}

// Complete says whether the file has everything below the head, and nothing that belongs
// to the same parts of a network without being in this one: ResNet-101 has all names of
// ResNet-50.
func (f Fit) Complete() bool {
	missing := slices.ContainsFunc(f.Missing, func(e Entry) bool { return !e.Head })
	wrong := slices.ContainsFunc(f.Wrong, func(m Mismatch) bool { return !m.Entry.Head })
	return !missing && !wrong && len(f.strangers()) == 0
}

// strangers are the extra names whose first part is that of a tensor below the head.
func (f Fit) strangers() []string {
	parts := map[string]bool{}
	for _, e := range f.Table.Entries {
		if !e.Head {
			parts[firstPart(e.Published)] = true
		}
	}
	var found []string
	for _, name := range f.Extra {
		if parts[firstPart(name)] {
			found = append(found, name)
		}
	}
	return found
}

func firstPart(name string) string {
	part, _, _ := strings.Cut(name, ".")
	return part
}

// Tensors are the file's tensors under our names and in our order of dimensions, in the
// order of the network; without the head where head is false.
func (f Fit) Tensors(head bool) []weights.Tensor {
	var ours []weights.Tensor
	for _, p := range f.Loaded {
		if head || !p.Entry.Head {
			ours = append(ours, p.Entry.convert(p.Tensor))
		}
	}
	return ours
}

// Digest is [weights.Digest] of the tensors under our names, with the head. It is the same
// for the same weights in files of different families.
func (f Fit) Digest() string { return weights.Digest(f.Tensors(true)) }

// ErrNoTable is wrapped by the errors about files that fit no table.
var ErrNoTable = errors.New("the file fits no known table of names")

// Choose finds the table of a network that the tensors fit; network is empty for any. Where
// none fits, the error is an ErrNoTable and names what the nearest one lacks.
func Choose(network string, tensors []weights.Tensor) (Fit, error) {
	all := All()
	if network != "" {
		if all = Of(network); len(all) == 0 {
			return Fit{}, fmt.Errorf("there is no table of names for %q, but for %s", network, strings.Join(Networks(), ", "))
		}
	}
	best := all[0].Fit(tensors)
	for _, t := range all {
		f := t.Fit(tensors)
		if f.Complete() {
			return f, nil
		}
		if len(f.Loaded) > len(best.Loaded) {
			best = f
		}
	}
	if network != "" {
		if other, err := Choose("", tensors); err == nil {
			return Fit{}, fmt.Errorf("%w of %s: it holds %s (names of %s)", ErrNoTable, network, other.Table.Network, other.Table.Family)
		}
	}
	return Fit{}, fmt.Errorf("%w%s", ErrNoTable, best.misfit())
}

// misfit says what the file has in place of the table's tensors.
func (f Fit) misfit() string {
	var b strings.Builder
	fmt.Fprintf(&b, ": of the %d tensors of %s (names of %s), which is the nearest, it has %d", len(f.Table.Entries), f.Table.Network, f.Table.Family, len(f.Loaded))
	list(&b, f.Wrong, "have other shapes", func(m Mismatch) string {
		return fmt.Sprintf("%s has shape %v, expected %v", m.Entry.Published, m.Shape, m.Entry.Shape)
	})
	list(&b, f.Missing, "are missing", func(e Entry) string {
		if near := nearest(e.Published, f.Extra); near != "" {
			return fmt.Sprintf("%s is missing; the nearest name in the file is %.100q", e.Published, near)
		}
		return e.Published + " is missing"
	})
	list(&b, f.strangers(), "are of another network", func(name string) string {
		return fmt.Sprintf("%.100q is of another network", name)
	})
	return b.String()
}

// list writes a line for each of the first few, and how many more there are.
func list[T any](b *strings.Builder, all []T, what string, line func(T) string) {
	for _, one := range all[:min(len(all), some)] {
		b.WriteString("\n  " + line(one))
	}
	if len(all) > some {
		fmt.Fprintf(b, "\n  and %d more %s", len(all)-some, what)
	}
}

// some is how many tensors an error names.
const some = 5

// maxCompared bounds the work of finding near names.
const maxCompared = 4096

// nearest is the name that takes the fewest changes of letters; the first among equals.
func nearest(name string, among []string) string {
	best, least := "", 0
	for _, other := range among[:min(len(among), maxCompared)] {
		if len(other) > 4*len(name) {
			continue
		}
		if d := distance(name, other); best == "" || d < least {
			best, least = other, d
		}
	}
	return best
}

// distance is Levenshtein's: how many letters are to be put in, taken out or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
