package dataset

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/rng"
)

// Split assigns the examples of one dataset to three parts. It is made once,
// before any look at the data, and kept as a file.
type Split struct {
	Schema     int    `json:"schema"`
	Dataset    string `json:"dataset"` // the dataset's digest
	Seed       uint64 `json:"seed"`
	Ratios     Ratios `json:"ratios"`
	Group      string `json:"group"`                     // what makes a group, in the words of the dataset's option
	Fold       *Fold  `json:"fold,omitempty" schema:"2"` // of a list that judges one of several folds
	Train      []int  `json:"train"`                     // indexes of examples, ascending
	Validation []int  `json:"validation"`
	Test       []int  `json:"test"`
}

// SplitSchema is the version of the file format, FoldSchema that of the list of a fold.
const (
	SplitSchema = 1
	FoldSchema  = 2
)

// Indexes returns the list of one part.
func (s *Split) Indexes(part Part) []int {
	switch part {
	case PartTrain:
		return s.Train
	case PartValidation:
		return s.Validation
	case PartTest:
		return s.Test
	}
	return nil
}

// Parts are the three parts in their order.
func Parts() []Part { return []Part{PartTrain, PartValidation, PartTest} }

// MakeSplit divides d. Equal arguments give equal splits.
//
// Examples of an official test or validation part stay there. The rest goes to
// the parts that have none, in the proportion of their ratios: 60/20/20 becomes
// 75/25 between training and validation where the test part is given, and where
// both are given the rest is the training part. Each member of a [Concat] is
// divided by its own rule.
//
// The division is stratified: within one unit, every class gets the same
// proportions. It keeps groups whole; a group with examples of several classes
// counts as one of its most frequent class, the first of equals. Background counts with the
// class of the clip that it was taken from. The units of a
// class, in an order drawn from seed and then largest groups first, go one by
// one to the part that is furthest below its share, while every part is sure to
// get at least one.
//
// It is an error if the members of a group have different official parts, or if
// some part would lack a class. If lacking is true, the validation and the test part may:
// a class of few units then goes to the training part first. What can be divided
// otherwise is divided in the same way.
func MakeSplit(d Dataset, seed uint64, ratios Ratios, lacking bool) (*Split, error) {
	if err := ratios.check(); err != nil {
		return nil, fmt.Errorf("split ratios %s: %w", ratios, err)
	}
	key := detail(d).grouping()
	s := &Split{Schema: SplitSchema, Dataset: d.Digest(), Seed: seed, Ratios: ratios, Group: key}
	for number, member := range byMember(d) {
		if err := s.divide(d, member, uint32(number), lacking); err != nil {
			return nil, fmt.Errorf("cannot split the dataset: %w", err)
		}
	}
	for _, list := range [][]int{s.Train, s.Validation, s.Test} {
		slices.Sort(list)
	}
	parts := Parts()
	if lacking {
		parts = []Part{PartTrain}
	}
	if err := s.checkClasses(d, parts); err != nil {
		return nil, fmt.Errorf("cannot split the dataset: %w", err)
	}
	return s, nil
}

// byMember lists the examples of each member of a Concat.
func byMember(d Dataset) [][]int {
	var members [][]int
	for i := range d.Len() {
		member := d.Info(i).Member
		for len(members) <= member {
			members = append(members, nil)
		}
		members[member] = append(members[member], i)
	}
	return members
}

// unit is what goes to one part as a whole: a group, or an example without one.
type unit struct {
	examples []int
	label    int32 // of its stratum
	member   int32 // of a Concat; set where units of several are divided together
	part     Part  // PartValidation and PartTest are kept
	grouped  bool
}

// perPart is a number for each part.
type perPart [PartTest + 1]int

// divide distributes the examples of one member.
func (s *Split) divide(d Dataset, examples []int, member uint32, lacking bool) error {
	units, err := unitsOf(d, examples)
	if err != nil {
		return err
	}
	shares := s.shares(units)
	order := rng.NewKey(s.Seed, rng.SplitParts).Permutation(len(units), member)
	strata := make([][]*unit, len(d.Classes()))
	for _, at := range order {
		u := &units[at]
		if shares[u.part] == 0 { // kept
			s.add(u.part, u.examples)
			continue
		}
		strata[u.label] = append(strata[u.label], u)
	}
	for label, stratum := range strata {
		if err := s.distribute(stratum, shares, lacking); err != nil {
			return fmt.Errorf("class %q: %w", d.Classes()[label], err)
		}
	}
	return nil
}

func (s *Split) add(part Part, examples []int) {
	switch part {
	case PartTrain:
		s.Train = append(s.Train, examples...)
	case PartValidation:
		s.Validation = append(s.Validation, examples...)
	case PartTest:
		s.Test = append(s.Test, examples...)
	}
}

// unitsOf forms the units in the order of their first examples.
func unitsOf(d Dataset, examples []int) ([]unit, error) {
	units := make([]unit, 0, len(examples))
	groups := map[string]int{}
	for at, i := range examples {
		info := d.Info(i)
		part := info.Part
		if part == PartNone {
			part = PartTrain
		}
		number, known := groups[info.Group]
		if !known { // of its own where it has no group, or the first of its group
			units = append(units, unit{examples: examples[at : at+1 : at+1], label: int32(info.stratum()), part: part, grouped: info.Group != ""})
			if info.Group != "" {
				groups[info.Group] = len(units) - 1
			}
			continue
		}
		u := &units[number]
		if u.part != part {
			return nil, fmt.Errorf("group %q has images in the official parts %s and %s (%s and %s): choose another grouping or move them",
				info.Group, u.part, part, d.Source(u.examples[0]), d.Source(i))
		}
		u.examples = append(u.examples, i)
	}
	for at := range units {
		if u := &units[at]; len(u.examples) > 1 {
			u.label = int32(mostFrequent(d, u.examples))
		}
	}
	return units, nil
}

// mostFrequent is the stratum that most of the examples are of, the first of equals.
func mostFrequent(d Dataset, examples []int) int {
	best := 0
	counts := make([]int, len(d.Classes()))
	for _, i := range examples {
		info := d.Info(i)
		counts[info.stratum()]++
	}
	for label, count := range counts {
		if count > counts[best] {
			best = label
		}
	}
	return best
}

// shares are the ratios of the parts that are open for examples without a kept
// part, 0 for the others. The training part is always open.
func (s *Split) shares(units []unit) perPart {
	shares := perPart{PartTrain: s.Ratios[0], PartValidation: s.Ratios[1], PartTest: s.Ratios[2]}
	for at := range units {
		if part := units[at].part; part != PartTrain {
			shares[part] = 0
		}
	}
	return shares
}

// distribute gives the units of one class to the open parts, some of which may be lacking
// it.
func (s *Split) distribute(stratum []*unit, shares perPart, lacking bool) error {
	slices.SortStableFunc(stratum, func(a, b *unit) int { return cmp.Compare(len(b.examples), len(a.examples)) })
	var open []Part
	sum, total := 0, 0
	for _, part := range Parts() {
		if shares[part] > 0 {
			open = append(open, part)
			sum += shares[part]
		}
	}
	for _, u := range stratum {
		total += len(u.examples)
	}
	few := len(stratum) < len(open)
	if few && len(stratum) > 0 && !lacking {
		return tooFew(stratum, open)
	}
	given := perPart{}
	for at, u := range stratum {
		part := choose(open, &given, len(stratum)-at, func(part Part) int { return shares[part]*total - sum*given[part] })
		if few && at == 0 {
			part = PartTrain
		}
		given[part] += len(u.examples)
		s.add(part, u.examples)
	}
	return nil
}

// choose returns the open part with the greatest deficit, the first of equals.
// Parts that are still empty come first once only as many units are left.
func choose(open []Part, given *perPart, left int, deficit func(Part) int) Part {
	var empty []Part
	for _, part := range open {
		if given[part] == 0 {
			empty = append(empty, part)
		}
	}
	if len(empty) > 0 && left <= len(empty) {
		open = empty
	}
	return slices.MaxFunc(open, func(a, b Part) int { return cmp.Compare(deficit(a), deficit(b)) })
}

func tooFew(stratum []*unit, open []Part) error {
	grouped := slices.ContainsFunc(stratum, func(u *unit) bool { return u.grouped })
	what := "images are"
	switch one := len(stratum) == 1; {
	case one && grouped:
		what = "group of images is"
	case grouped:
		what = "groups of images are"
	case one:
		what = "image is"
	}
	return fmt.Errorf("%d %s too few for the %d parts %s: add some, leave the class out, or give --allow-missing-class, with which validation and test part may lack it",
		len(stratum), what, len(open), joinParts(open))
}

func joinParts(parts []Part) string {
	var names []string
	for _, part := range parts {
		names = append(names, part.String())
	}
	return strings.Join(names, ", ")
}

// CheckClasses reports a validation or test part in which a class has no example.
func (s *Split) CheckClasses(d Dataset) error {
	return s.checkClasses(d, []Part{PartValidation, PartTest})
}

// checkClasses reports the first of the parts in which a class has no example.
func (s *Split) checkClasses(d Dataset, parts []Part) error {
	for _, part := range parts {
		if empty := absent(Counts(d, s.Indexes(part)), d.Classes()); len(empty) > 0 {
			return fmt.Errorf("no image of class %s in the %s part: %s", strings.Join(empty, ", "), part, s.adviceOnAbsent(part))
		}
	}
	return nil
}

// adviceOnAbsent says what to do about a part that lacks a class: without groups,
// the data has the parts already.
func (s *Split) adviceOnAbsent(part Part) string {
	advice := []string{"add some", "leave the class out of the other parts"}
	if s.Grouped() {
		advice[1] = "change the grouping"
	}
	if part == PartTrain {
		return strings.Join(advice, ", or ")
	}
	return strings.Join(advice, ", ") + ", or give --allow-missing-class: then nothing is known of the class there"
}
