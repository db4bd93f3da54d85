package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// WriteSplit writes s to path atomically, one line for each field.
func WriteSplit(path string, s *Split) error {
	b, err := s.encode()
	if err == nil && int64(len(b)) > splitForm.MaxBytes {
		err = fmt.Errorf("the list has %d bytes, which is more than the %d that are read again: use fewer examples", len(b), splitForm.MaxBytes)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return fileio.WriteBytes(path, b)
}

// splitForm is of split lists: some five million examples.
var splitForm = fileio.Form{MaxBytes: 48 << 20, Schemas: []int{SplitSchema, FoldSchema}}

// ReadSplit reads a file that WriteSplit wrote, or a hand-made one of the same
// form. Whether it fits a dataset is for [Split.Check] to say.
func ReadSplit(path string) (*Split, error) {
	var s Split
	if err := fileio.ReadJSON(path, &s, splitForm); err != nil {
		return nil, err
	}
	if err := s.checkForm(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &s, nil
}

// checkForm reports what is wrong with a split whatever its dataset.
func (s *Split) checkForm() error {
	if s.Schema != SplitSchema && s.Schema != FoldSchema {
		return fmt.Errorf("schema %d of a split list: this program reads schema %d and, of folds, %d", s.Schema, SplitSchema, FoldSchema)
	}
	if (s.Schema == FoldSchema) != (s.Fold != nil) {
		return fmt.Errorf("schema %d of a split list: the key fold is of schema %d, and always there", s.Schema, FoldSchema)
	}
	if f := s.Fold; f != nil && (f.Of < 2 || f.Of > MostFolds || f.Number < 1 || f.Number > f.Of) {
		return fmt.Errorf("fold %d of %d: there is no such fold", f.Number, f.Of)
	}
	if err := checkDigest(s.Dataset); err != nil {
		return err
	}
	if err := s.Ratios.check(); err != nil {
		return fmt.Errorf("ratios %s: %w", s.Ratios, err)
	}
	for _, part := range Parts() {
		if len(s.Indexes(part)) == 0 {
			return fmt.Errorf("the %s list is missing or empty", part)
		}
	}
	return nil
}

// CheckWithin is what [Split.Check] finds out where the dataset is not at hand, but its
// number of examples is known: examples that are listed twice, or that it does not have.
func (s *Split) CheckWithin(examples int) error {
	all := slices.Concat(s.Train, s.Validation, s.Test)
	slices.Sort(all)
	if first, last := all[0], all[len(all)-1]; first < 0 || last >= examples {
		return fmt.Errorf("indexes are %d to %d: the dataset has examples 0 to %d", first, last, examples-1)
	}
	for at, i := range all[1:] {
		if i == all[at] {
			return fmt.Errorf("example %d is listed twice", i)
		}
	}
	return nil
}

// Digest is the hexadecimal SHA-256 of the split's file.
func (s *Split) Digest() string {
	b, err := s.encode()
	if err != nil {
		panic(err) // numbers and strings always have a JSON form
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// encode is the file's content.
func (s *Split) encode() ([]byte, error) {
	fields := []jsonField{
		{"schema", s.Schema}, {"dataset", s.Dataset}, {"seed", s.Seed}, {"ratios", s.Ratios}, {"group", s.Group},
		{"train", s.Train}, {"validation", s.Validation}, {"test", s.Test},
	}
	if s.Fold != nil {
		fields = slices.Insert(fields, 5, jsonField{"fold", s.Fold})
	}
	return encodeFields(fields)
}

// Check reports a split that must not be used with d: made for other data,
// lists that overlap, repeat an example or leave the dataset, groups that
// straddle parts, official test or validation examples in another part.
func (s *Split) Check(d Dataset) error {
	if err := s.checkForm(); err != nil {
		return fmt.Errorf("split list: %w", err)
	}
	if s.Dataset != d.Digest() {
		return fmt.Errorf("split list: it was made for a dataset with digest %s, this one has %s: "+
			"the images, labels, groups, weights or their order have changed, or it belongs to another dataset", s.Dataset, d.Digest())
	}
	parts, err := s.assignments(d)
	if err == nil {
		err = s.checkAssignments(d, parts)
	}
	if err != nil {
		return fmt.Errorf("split list: %w", err)
	}
	return nil
}

// assignments returns the part of every example, PartNone for one in no list.
func (s *Split) assignments(d Dataset) ([]Part, error) {
	parts := make([]Part, d.Len())
	for _, part := range Parts() {
		for at, i := range s.Indexes(part) {
			if i < 0 || i >= d.Len() {
				return nil, fmt.Errorf("index %d at position %d of the %s list: the dataset has examples 0 to %d", i, at, part, d.Len()-1)
			}
			switch parts[i] {
			case PartNone:
				parts[i] = part
			case part:
				return nil, fmt.Errorf("example %d (%s) is twice in the %s list", i, d.Source(i), part)
			default:
				return nil, fmt.Errorf("example %d (%s) is in the %s list and in the %s list", i, d.Source(i), parts[i], part)
			}
		}
	}
	return parts, nil
}

// checkOfficial reports an example of an official part that is in the list of another part.
// In the list of a fold, the validation part is divided like the rest, and the test part is
// so too or in no list.
func (s *Split) checkOfficial(d Dataset, i int, part Part) error {
	switch official := d.Info(i).Part; {
	case official != PartTest && official != PartValidation, official == part && s.Fold == nil:
		return nil
	case s.Fold != nil && (official == PartValidation || s.Fold.IncludeTest):
		return nil
	case s.Fold != nil:
		return fmt.Errorf("example %d (%s) is of the official test part, which takes no part in these folds, but in the %s list", i, d.Source(i), part)
	default:
		return fmt.Errorf("example %d (%s) is of the official %s part, but in the %s list", i, d.Source(i), official, part)
	}
}

// checkAssignments reports straddling groups and moved official examples.
func (s *Split) checkAssignments(d Dataset, parts []Part) error {
	type group struct {
		member int
		name   string
	}
	first := map[group]int{}
	for i, part := range parts {
		if part == PartNone {
			continue
		}
		info := d.Info(i)
		if err := s.checkOfficial(d, i, part); err != nil {
			return err
		}
		if info.Group == "" {
			continue
		}
		at := group{info.Member, info.Group}
		if other, ok := first[at]; !ok {
			first[at] = i
		} else if parts[other] != part {
			return fmt.Errorf("group %q is in the %s list (%s) and in the %s list (%s): its images must stay together",
				info.Group, parts[other], d.Source(other), part, d.Source(i))
		}
	}
	return nil
}

// CheckUnseen reports examples among indexes that are in the training list: a
// model must not be judged by them.
func (s *Split) CheckUnseen(d Dataset, indexes []int) error {
	trained := make([]bool, d.Len())
	for _, i := range s.Train {
		trained[i] = true
	}
	count, first := 0, 0
	for _, i := range indexes {
		if trained[i] {
			if count == 0 {
				first = i
			}
			count++
		}
	}
	if count > 0 {
		return fmt.Errorf("%d of %d examples to evaluate on were used for training, the first is %d (%s): choose the validation or test part",
			count, len(indexes), first, d.Source(first))
	}
	return nil
}
