package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/rng"
)

// Folds divides the examples of a dataset for cross-validation: each is in one fold, and is
// judged once, by a model that was trained without that fold. An official test part takes no
// part unless IncludeTest is set.
type Folds struct {
	Schema      int     `json:"schema"`
	Dataset     string  `json:"dataset"` // the dataset's digest
	Seed        uint64  `json:"seed"`
	Ratios      Ratios  `json:"ratios"` // of which the first two divide what is not judged
	Group       string  `json:"group"`  // as in a Split
	IncludeTest bool    `json:"include_test"`
	Folds       [][]int `json:"folds"` // indexes of examples, ascending
}

// FoldsSchema is the version of the file format.
const FoldsSchema = 1

// FoldOptions say how folds are made.
type FoldOptions struct {
	Folds       int // from 2 on
	Seed        uint64
	Ratios      Ratios
	IncludeTest bool // the official test part is divided like the rest
	Lacking     bool // a fold, and the validation part beside it, may lack a class
}

// Fold says which fold of how many a split list judges.
type Fold struct {
	Number      int  `json:"number"` // from 1
	Of          int  `json:"of"`
	IncludeTest bool `json:"include_test"`
}

// FoldWords says which fold it is.
func FoldWords(f *Fold) string {
	return fmt.Sprintf("fold %d of %d of a cross-validation", f.Number, f.Of)
}

// MostFolds bounds the number of folds.
const MostFolds = 1000

// MakeFolds divides d. Equal arguments give equal folds.
//
// The units are those of [MakeSplit]: groups, and examples without one. An official
// validation part is divided like the rest, and a scene of clips that lies in it and in the
// training part is one group. The units of each class and member of a [Concat],
// in the order drawn from the seed and then largest first, go one by one to the fold that has
// the fewest examples of that class and member, of equal ones to that with the fewest of the
// class, then of all, then to the first. So each fold gets a class that has as many units as
// there are folds.
//
// It is an error if a part of one of the splits would lack a class, unless o.Lacking lets the
// folds and the validation parts do so.
func MakeFolds(d Dataset, o FoldOptions) (*Folds, error) {
	if o.Folds < 2 || o.Folds > MostFolds {
		return nil, fmt.Errorf("%d folds: want 2 to %d", o.Folds, MostFolds)
	}
	if err := o.Ratios.check(); err != nil {
		return nil, fmt.Errorf("split ratios %s: %w", o.Ratios, err)
	}
	f := &Folds{
		Schema: FoldsSchema, Dataset: d.Digest(), Seed: o.Seed, Ratios: o.Ratios, Group: detail(d).grouping(),
		IncludeTest: o.IncludeTest, Folds: make([][]int, o.Folds),
	}
	if err := f.divide(d); err != nil {
		return nil, fmt.Errorf("cannot make folds of the dataset: %w", err)
	}
	for _, fold := range f.Folds {
		slices.Sort(fold)
	}
	if err := f.checkClasses(d, o.Lacking); err != nil {
		return nil, fmt.Errorf("cannot make folds of the dataset: %w", err)
	}
	return f, nil
}

// unofficial is a dataset without official parts, but for the test part where it takes no
// part in folds.
type unofficial struct {
	Dataset
	test bool // has no part either
}

func (u unofficial) Info(i int) Info {
	info := u.Dataset.Info(i)
	if info.Part == PartValidation || u.test {
		info.Part = PartNone
		if p := info.Place; p != nil && info.Group == p.Clip.sceneGroup() { // which ends at its part
			info.Group = p.Clip.Scene
		}
	}
	return info
}

// units are the units of all members, those of an official test part left out, each member's
// in the order drawn from the seed for a use of that number.
func (f *Folds) units(d Dataset, use int) ([]*unit, error) {
	var all []*unit
	for member, examples := range byMember(d) {
		units, err := unitsOf(unofficial{d, f.IncludeTest}, examples)
		if err != nil {
			return nil, err
		}
		order := rng.NewKey(f.Seed, rng.SplitParts).Permutation(len(units), uint32(use)<<16|uint32(member))
		for _, at := range order {
			if u := &units[at]; u.part != PartTest {
				u.member = int32(member)
				all = append(all, u)
			}
		}
	}
	return all, nil
}

func (f *Folds) divide(d Dataset) error {
	units, err := f.units(d, 0)
	if err != nil {
		return err
	}
	deal(units, f.Folds)
	return nil
}

// DivideList divides the examples of a list into folds as [MakeFolds] divides a dataset, by
// their groups alone, whatever official part they belong to. Equal arguments give equal
// folds, each in ascending order. A fold may lack a class, and be empty.
func DivideList(d Dataset, list []int, folds int, seed uint64) ([][]int, error) {
	units, err := listUnits(d, list)
	if err != nil {
		return nil, err
	}
	order := rng.NewKey(seed, rng.SplitParts).Permutation(len(units), 0)
	drawn := make([]*unit, len(units))
	for at, from := range order {
		drawn[at] = units[from]
	}
	divided := make([][]int, folds)
	deal(drawn, divided)
	for _, fold := range divided {
		slices.Sort(fold)
	}
	return divided, nil
}

// listUnits are the units of the examples of a list, those of the members in their order.
func listUnits(d Dataset, list []int) ([]*unit, error) {
	var members [][]int
	for _, i := range slices.Sorted(slices.Values(list)) {
		member := d.Info(i).Member
		for len(members) <= member {
			members = append(members, nil)
		}
		members[member] = append(members[member], i)
	}
	var all []*unit
	for member, examples := range members {
		units, err := unitsOf(unofficial{d, true}, examples)
		if err != nil {
			return nil, err
		}
		for at := range units {
			units[at].member = int32(member)
			all = append(all, &units[at])
		}
	}
	return all, nil
}

// ClipGroups counts for each class the groups that the clips of a list form.
func ClipGroups(d Dataset, list []int) ([]int, error) {
	units, err := listUnits(d, list)
	if err != nil {
		return nil, err
	}
	counts := make([]int, len(d.Classes()))
	for _, u := range units {
		if d.Info(u.examples[0]).Place != nil {
			counts[u.label]++
		}
	}
	return counts, nil
}

// deal sorts units and gives them to folds, as [MakeFolds] says.
func deal(units []*unit, folds [][]int) {
	slices.SortStableFunc(units, func(a, b *unit) int {
		return cmp.Or(cmp.Compare(a.label, b.label), cmp.Compare(a.member, b.member), cmp.Compare(len(b.examples), len(a.examples)))
	})
	given := make([]foldSizes, len(folds))
	for at, u := range units {
		for k := range given {
			given[k].begin(at > 0 && units[at-1].label == u.label, at > 0 && units[at-1].member == u.member)
		}
		least := slices.Index(given, slices.MinFunc(given, foldSizes.compare))
		given[least].add(len(u.examples))
		folds[least] = append(folds[least], u.examples...)
	}
}

// foldSizes count the examples that a fold was given.
type foldSizes struct{ stratum, class, all int }

// begin begins to count anew where a unit is not of the class, or not of the member, of the
// one before.
func (s *foldSizes) begin(sameClass, sameMember bool) {
	if !sameClass {
		s.class = 0
	}
	if !sameClass || !sameMember {
		s.stratum = 0
	}
}

func (s *foldSizes) add(examples int) {
	s.stratum, s.class, s.all = s.stratum+examples, s.class+examples, s.all+examples
}

func (s foldSizes) compare(other foldSizes) int {
	return cmp.Or(cmp.Compare(s.stratum, other.stratum), cmp.Compare(s.class, other.class), cmp.Compare(s.all, other.all))
}

// Split is the split list that judges the fold of that number, from 1: it is the test part.
// Of the other folds, a share becomes the validation part by which the epoch is chosen, in
// the proportion of the first two ratios, stratified by class as in [MakeSplit]; the rest is
// trained on. d is the dataset that the folds were made of.
func (f *Folds) Split(d Dataset, number int) (*Split, error) {
	if number < 1 || number > len(f.Folds) {
		return nil, fmt.Errorf("fold %d: there are %d", number, len(f.Folds))
	}
	units, err := f.units(d, number)
	if err != nil {
		return nil, err
	}
	fold := f.Folds[number-1]
	s := &Split{
		Schema: FoldSchema, Dataset: f.Dataset, Seed: f.Seed, Ratios: f.Ratios, Group: f.Group,
		Fold: &Fold{number, len(f.Folds), f.IncludeTest}, Test: slices.Clone(fold),
	}
	strata := make([][]*unit, len(d.Classes()))
	for _, u := range units {
		if _, judged := slices.BinarySearch(fold, u.examples[0]); !judged {
			strata[u.label] = append(strata[u.label], u)
		}
	}
	shares := perPart{PartTrain: f.Ratios[0], PartValidation: f.Ratios[1]}
	for _, stratum := range strata {
		if err := s.distribute(stratum, shares, true); err != nil {
			return nil, err
		}
	}
	slices.Sort(s.Train)
	slices.Sort(s.Validation)
	return s, nil
}

// checkClasses refuses folds of which a part lacks a class.
func (f *Folds) checkClasses(d Dataset, lacking bool) error {
	for number := 1; number <= len(f.Folds); number++ {
		s, err := f.Split(d, number)
		if err != nil {
			return err
		}
		for _, part := range Parts() {
			list := s.Indexes(part)
			if len(list) == 0 {
				return fmt.Errorf("the %s part of fold %d of %d has no image: want fewer --folds or more images", part.Noun(), number, len(f.Folds))
			}
			absent := slices.Index(Counts(d, list), 0)
			if absent >= 0 && (part == PartTrain || !lacking) {
				return f.lacks(d, s, part, absent)
			}
		}
	}
	return nil
}

// lacks is the error of a split in which a part lacks a class.
func (f *Folds) lacks(d Dataset, s *Split, part Part, label int) error {
	units, err := f.units(d, 0)
	if err != nil {
		return err
	}
	has := 0
	for _, u := range units {
		if slices.ContainsFunc(u.examples, func(i int) bool { return d.Info(i).Label == label }) {
			has++
		}
	}
	where := fmt.Sprintf("fold %d of %d", s.Fold.Number, s.Fold.Of)
	if part != PartTest {
		where = fmt.Sprintf("the %s part beside %s", part.Noun(), where)
	}
	unit := "image"
	if Grouped(d) {
		unit = "group"
	}
	want := s.Fold.Of
	if want == 2 { // whose halves each must have one to train and one to validate with
		want = 4
	}
	if has >= want {
		return fmt.Errorf("%s has no image of class %q, which has %d %ss: they are of very different sizes, or most of their images are of other classes; want more groups of the class, another grouping or another number of --folds",
			where, d.Classes()[label], has, unit)
	}
	return fmt.Errorf("%s has no image of class %q, which has %d %s%s: want at least %d for %d folds, fewer --folds, or --allow-missing-class where only a fold or a validation part lacks it",
		where, d.Classes()[label], has, unit, plural(has), want, s.Fold.Of)
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// checkForm reports what is wrong with folds whatever their dataset.
func (f *Folds) checkForm() error {
	if err := checkDigest(f.Dataset); err != nil {
		return err
	}
	if err := f.Ratios.check(); err != nil {
		return fmt.Errorf("ratios %s: %w", f.Ratios, err)
	}
	if len(f.Folds) < 2 || len(f.Folds) > MostFolds {
		return fmt.Errorf("there are %d folds, want 2 to %d", len(f.Folds), MostFolds)
	}
	for k, fold := range f.Folds {
		if len(fold) == 0 {
			return fmt.Errorf("fold %d is empty", k+1)
		}
	}
	all := slices.Concat(f.Folds...)
	slices.Sort(all)
	if all[0] < 0 || len(slices.Compact(all)) != len(slices.Concat(f.Folds...)) {
		return errors.New("an index is negative or comes twice")
	}
	return nil
}
