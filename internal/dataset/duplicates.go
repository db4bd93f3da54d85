package dataset

import (
	"context"
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Duplicates reports images of the validation and test parts that are, pixel for
// pixel, also in an earlier part (training, then validation): a result on them
// says little.
type Duplicates struct {
	Schema      int         `json:"schema"`
	Validation  int         `json:"validation"`  // images of the validation part that are in the training part
	Test        int         `json:"test"`        // images of the test part that are in one of the others
	Conflicting int         `json:"conflicting"` // how many of all these have another label there
	Pairs       []Duplicate `json:"pairs"`       // the first maxPairs
}

// Duplicate is an image and the first image of an earlier part that it equals.
type Duplicate struct {
	Part   string `json:"part"`
	Source string `json:"source"`
	Label  string `json:"label"`

	OfPart   string `json:"of_part"`
	OfSource string `json:"of_source"`
	OfLabel  string `json:"of_label"`
}

// maxPairs bounds the listed pairs; all are counted.
const maxPairs = 1000

// duplicatesForm is of a file of duplicates, whose sources are names of files.
var duplicatesForm = fileio.Form{MaxBytes: 16 << 20, Schemas: []int{1}}

// ReadDuplicates reads duplicates as they were found, and refuses counts that do not fit
// the pairs.
func ReadDuplicates(path string) (*Duplicates, error) {
	var f Duplicates
	if err := fileio.ReadJSON(path, &f, duplicatesForm); err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &f, nil
}

// check compares the counts with each other and with the pairs.
func (f *Duplicates) check() error {
	counts := map[string]int{}
	for _, p := range f.Pairs {
		counts[p.Part]++
		if p.Label != p.OfLabel {
			counts["conflicting"]++
		}
	}
	all, listed := f.Validation+f.Test, len(f.Pairs)
	wrong := f.Validation < 0 || f.Test < 0 || f.Conflicting < 0 || f.Conflicting > all || listed != min(all, maxPairs)
	validation, test := counts[PartValidation.String()], counts[PartTest.String()]
	wrong = wrong || validation > f.Validation || test > f.Test || counts["conflicting"] > f.Conflicting || validation+test != listed
	if wrong || all == listed && counts["conflicting"] != f.Conflicting {
		return fmt.Errorf("its counts (validation %d, test %d, conflicting %d) do not fit its %d pairs", f.Validation, f.Test, f.Conflicting, listed)
	}
	return nil
}

// FindDuplicates compares the parts of a split by the images' decoded pixels.
func FindDuplicates(ctx context.Context, d Dataset, s *Split) (*Duplicates, error) {
	all := slices.Concat(s.Train, s.Validation, s.Test)
	hashes, err := hashesOf(ctx, d, all)
	if err != nil {
		return nil, err
	}
	partOf := func(at int) Part {
		switch {
		case at < len(s.Train):
			return PartTrain
		case at < len(s.Train)+len(s.Validation):
			return PartValidation
		}
		return PartTest
	}
	seen, found := newHashSet(hashes), &Duplicates{Schema: 1, Pairs: []Duplicate{}}
	for at, i := range all {
		if first := seen.add(at); partOf(first) != partOf(at) {
			found.add(d, partOf(at), i, partOf(first), all[first])
		}
	}
	return found, nil
}

func (f *Duplicates) add(d Dataset, part Part, i int, ofPart Part, of int) {
	this, other := d.Info(i), d.Info(of)
	if part == PartTest {
		f.Test++
	} else {
		f.Validation++
	}
	if this.Label != other.Label {
		f.Conflicting++
	}
	if len(f.Pairs) < maxPairs {
		f.Pairs = append(f.Pairs, Duplicate{
			Part: part.String(), Source: d.Source(i), Label: d.Classes()[this.Label],
			OfPart: ofPart.String(), OfSource: d.Source(of), OfLabel: d.Classes()[other.Label],
		})
	}
}

// Check refuses pairs that there cannot be in a dataset of these classes.
func (f *Duplicates) Check(classes []string) error {
	for i, p := range f.Pairs {
		test := p.Part == PartTest.String() && (p.OfPart == PartTrain.String() || p.OfPart == PartValidation.String())
		validation := p.Part == PartValidation.String() && p.OfPart == PartTrain.String()
		switch {
		case !test && !validation:
			return fmt.Errorf("pair %d is of the parts %q and %q, want an image of a later part first", i, p.Part, p.OfPart)
		case !slices.Contains(classes, p.Label) || !slices.Contains(classes, p.OfLabel):
			return fmt.Errorf("pair %d has the labels %q and %q, which are not both classes of the dataset", i, p.Label, p.OfLabel)
		case p.Source == "" || p.OfSource == "":
			return fmt.Errorf("pair %d does not say which images it is of", i)
		}
	}
	return nil
}

// Shared returns those of the examples inB of b whose pixels are also those of
// one of the examples inA of a: what a model that was trained on inA must not
// be judged by.
func Shared(ctx context.Context, a Dataset, inA []int, b Dataset, inB []int) ([]int, error) {
	known, err := hashesOf(ctx, a, inA)
	if err != nil {
		return nil, err
	}
	hashes, err := hashesOf(ctx, b, inB)
	if err != nil {
		return nil, err
	}
	set := newHashSet(known)
	for at := range known {
		set.add(at)
	}
	var shared []int
	for at, i := range inB {
		if set.has(hashes[at]) {
			shared = append(shared, i)
		}
	}
	return shared, nil
}

func hashesOf(ctx context.Context, d Dataset, indexes []int) ([]pixelHash, error) {
	known := detail(d)
	hashes := make([]pixelHash, len(indexes))
	err := eachImage(ctx, len(indexes), func(at int) (err error) {
		hashes[at], err = known.pixelHash(indexes[at])
		return err
	})
	return hashes, err
}
