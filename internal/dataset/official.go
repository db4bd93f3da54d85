package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// OfficialParts are the parts, of validation and test part, that come with a dataset. No
// split takes their examples anywhere else.
func OfficialParts(d Dataset) []Part {
	var official []Part
	for _, part := range []Part{PartValidation, PartTest} {
		if len(Official(d, part)) > 0 {
			official = append(official, part)
		}
	}
	return official
}

// ParseOfficial reads the names of official parts, which are "validation" and "test", each
// once at most and in this order.
func ParseOfficial(names []string) ([]Part, error) {
	var official []Part
	for _, part := range []Part{PartValidation, PartTest} {
		if slices.Contains(names, part.String()) {
			official = append(official, part)
		}
	}
	if !slices.Equal(PartNames(official), names) {
		return nil, fmt.Errorf("it is %.40q, want validation, test or both, in this order", names)
	}
	return official, nil
}

// Used are the ratios by which datasets with the given official parts are divided: those
// of r, with 0 for a part that comes with every one of them.
func (r Ratios) Used(official [][]Part) Ratios {
	for at, part := range Parts() {
		if lacks := func(parts []Part) bool { return !slices.Contains(parts, part) }; len(official) > 0 && !slices.ContainsFunc(official, lacks) {
			r[at] = 0
		}
	}
	return r
}

// SplitWords says how a dataset of that name, with those official parts, was divided.
func (r Ratios) SplitWords(name string, official []Part) string {
	if len(official) == 0 {
		return fmt.Sprintf("%s has no official parts: it was divided into %s", name, r.openWords(nil))
	}
	kept := "part was"
	if len(official) > 1 {
		kept = "parts were"
	}
	return fmt.Sprintf("Of %s, the official %s %s kept; the rest %s", name, ListOf(official), kept, r.restWords(official))
}

// ListedWords says how a dataset of that name, with those official parts, was divided by a
// split list.
func ListedWords(name string, official []Part) string {
	if len(official) == 0 {
		return name + " has no official parts: a split list divides it"
	}
	return fmt.Sprintf("Of %s, the official parts (%s) were kept; a split list divides the rest", name, ListOf(official))
}

// OfficialWords says what folds do with the official parts of a dataset of that name.
func (f *Fold) OfficialWords(name string, official []Part) string {
	if slices.Contains(official, PartTest) && !f.IncludeTest {
		return fmt.Sprintf("Of %s, the official test part takes no part in the folds; the rest was divided into %d", name, f.Of)
	}
	return fmt.Sprintf("Of %s, the official parts (%s) were divided into %d folds with the rest", name, ListOf(official), f.Of)
}

func (r Ratios) restWords(official []Part) string {
	if len(official) == len(Parts())-1 {
		return "is the training part"
	}
	return "was divided into " + r.openWords(official)
}

// openWords names the parts that are not official, with what each of them got.
func (r Ratios) openWords(official []Part) string {
	var open []Part
	var shares []string
	sum := 0
	for at, part := range Parts() {
		if !slices.Contains(official, part) {
			open, sum = append(open, part), sum+r[at]
		}
	}
	for at, part := range Parts() {
		if slices.Contains(open, part) {
			shares = append(shares, strconv.FormatFloat(100*float64(r[at])/float64(max(sum, 1)), 'g', 3, 64))
		}
	}
	return fmt.Sprintf("%s part, %s %%", ListOf(open), joinWords(shares))
}

// ListOf names parts as in a sentence: "validation and test".
func ListOf(parts []Part) string {
	var names []string
	for _, part := range parts {
		names = append(names, part.Noun())
	}
	return joinWords(names)
}

// joinWords lists words as in a sentence: "a, b and c".
func joinWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
