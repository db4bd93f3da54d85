package dataset

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Sequences are images whose file names count up, as those of the frames of
// recordings do.
type Sequences struct {
	Count  int    // of sequences
	Images int    // in all of them
	First  string // source of an image of the first
	Option string // that keeps each of them in one part, as in "group=prefix:_"
}

// What is taken for frames. Numbering that has one counter for each class, as most
// datasets of single images have, is not.
const (
	longSequence = 30 // images in a sequence, at least
	manyInClass  = 3  // sequences in some class, at least: one for each part
)

// FindSequences looks whether most of the images of d are in sequences that its
// split may divide, nil if not: where groups stay together already, or the data is
// no files or has all of its parts.
func FindSequences(d Dataset) *Sequences {
	if detail(d).grouping() != noGrouping {
		return nil
	}
	counters, order := countersOf(d)
	found, inClass := &Sequences{}, map[int]int{}
	for _, key := range order {
		c := counters[key]
		if !c.areFrames() {
			continue
		}
		if found.Count == 0 {
			found.First, found.Option = d.Source(c.first), key.option()
		}
		found.Count++
		found.Images += len(c.values)
		inClass[key.label]++
	}
	for _, n := range inClass {
		if n >= manyInClass && 2*found.Images > d.Len() {
			return found
		}
	}
	return nil
}

// sequenceKey is what the names of a sequence have in common.
type sequenceKey struct {
	label             int
	folder            string
	prefix, separator string // before the counter; empty where the name is the counter alone
}

// option is the grouping that keeps sequences like this one together.
func (k sequenceKey) option() string {
	if k.separator == "" {
		return "group=" + byFolder
	}
	return "group=" + byPrefix + k.separator
}

// counters are the numbers in the names of a sequence.
type counters struct {
	first  int // index of an example
	values []int
}

// cutCounter takes a name with a counter apart: clip7_0042, clip7-frame42, 0042. It is the
// expression ^(?:(.+)([_.-]))?[A-Za-z]*([0-9]{1,9})$ in a tenth of the time.
func cutCounter(name string) (prefix, separator string, value int, is bool) {
	letters := strings.TrimRight(name, "0123456789")
	digits := name[len(letters):]
	if len(digits) < 1 || len(digits) > 9 {
		return "", "", 0, false
	}
	value, _ = strconv.Atoi(digits) // nine digits are a number
	before := strings.TrimRight(letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
	if before == "" {
		return "", "", value, true
	}
	at := len(before) - 1
	prefix, separator = before[:at], before[at:]
	return prefix, separator, value, prefix != "" && strings.Contains("_.-", separator) && !strings.Contains(prefix, "\n")
}

// countersOf finds the counters of the images that the split may put anywhere, in
// the order of their first examples.
func countersOf(d Dataset) (map[sequenceKey]*counters, []sequenceKey) {
	all, order, kept := map[sequenceKey]*counters{}, []sequenceKey(nil), map[Part]bool{}
	for i := range d.Len() {
		info, source := d.Info(i), d.Source(i)
		kept[info.Part] = true
		if info.Part == PartValidation || info.Part == PartTest || !imaging.IsFileName(source) {
			continue
		}
		base := path.Base(source)
		prefix, separator, value, is := cutCounter(base[:len(base)-len(path.Ext(base))])
		if !is {
			continue
		}
		key := sequenceKey{info.Label, path.Dir(source), prefix, separator}
		c := all[key]
		if c == nil {
			c = &counters{first: i}
			all[key], order = c, append(order, key)
		}
		c.values = append(c.values, value)
	}
	if kept[PartValidation] && kept[PartTest] {
		return nil, nil
	}
	return all, order
}

// areFrames says whether the numbers go up by one and the same step, all but one in
// ten, for that long.
func (c *counters) areFrames() bool {
	if len(c.values) < longSequence {
		return false
	}
	slices.Sort(c.values)
	steps, most := map[int]int{}, 0
	for i, value := range c.values[1:] {
		step := value - c.values[i]
		steps[step]++
		if step > 0 {
			most = max(most, steps[step])
		}
	}
	return 10*most >= 9*(len(c.values)-1)
}
