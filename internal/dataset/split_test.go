package dataset

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// described is a dataset without pixels: enough to split.
type described struct {
	Dataset
	classes []string
	infos   listed
}

func (d described) Len() int            { return len(d.infos) }
func (d described) Info(i int) Info     { return d.infos[i] }
func (d described) Source(i int) string { return d.infos.Source(i) }
func (d described) Classes() []string   { return d.classes }
func (d described) Digest() string {
	return digestContent(d.classes, d.infos, make([]pixelHash, len(d.infos)))
}

// sizesOf counts the examples of each class in each part.
func sizesOf(d Dataset, s *Split) map[Part][]int {
	sizes := map[Part][]int{}
	for _, part := range Parts() {
		sizes[part] = Counts(d, s.Indexes(part))
	}
	return sizes
}

func TestSplitProportions(t *testing.T) {
	withPart := func(infos []Info, part Part, from, to int) []Info {
		for i := from; i < to; i++ {
			infos[i].Part = part
		}
		return infos
	}
	officialTest := withPart(withPart(infosOf(100, 2), PartTrain, 0, 80), PartTest, 80, 100)
	bothOfficial := withPart(withPart(infosOf(100, 2), PartTest, 80, 100), PartValidation, 60, 80)
	validationOnly := withPart(withPart(infosOf(100, 2), PartTrain, 0, 80), PartValidation, 80, 100)
	cases := []struct {
		name   string
		infos  []Info
		ratios Ratios
		want   map[Part][]int
	}{
		{"no official part", infosOf(100, 2), DefaultRatios,
			map[Part][]int{PartTrain: {30, 30}, PartValidation: {10, 10}, PartTest: {10, 10}}},
		{"other ratios", infosOf(100, 2), Ratios{8, 1, 1},
			map[Part][]int{PartTrain: {40, 40}, PartValidation: {5, 5}, PartTest: {5, 5}}},
		{"official test part: the rest 75/25", officialTest, DefaultRatios,
			map[Part][]int{PartTrain: {30, 30}, PartValidation: {10, 10}, PartTest: {10, 10}}},
		{"official test and validation parts", bothOfficial, DefaultRatios,
			map[Part][]int{PartTrain: {30, 30}, PartValidation: {10, 10}, PartTest: {10, 10}}},
		{"official validation part: the rest 75/25", validationOnly, DefaultRatios,
			map[Part][]int{PartTrain: {30, 30}, PartValidation: {10, 10}, PartTest: {10, 10}}},
		{"fewest possible", infosOf(6, 2), DefaultRatios,
			map[Part][]int{PartTrain: {1, 1}, PartValidation: {1, 1}, PartTest: {1, 1}}},
		{"rounding", infosOf(7, 1), DefaultRatios,
			map[Part][]int{PartTrain: {4}, PartValidation: {2}, PartTest: {1}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := described{classes: letters(c.infos[1].Label + 1), infos: c.infos}
			s, err := MakeSplit(d, 1, c.ratios, false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, sizesOf(d, s)); diff != "" {
				t.Errorf("examples of each class (-want +got):\n%s", diff)
			}
			for i, info := range c.infos {
				if info.Part > PartTrain && !slices.Contains(s.Indexes(info.Part), i) {
					t.Errorf("example %d of the official %s part is elsewhere", i, info.Part)
				}
			}
			if err := s.Check(d); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSplitDependsOnSeedAlone(t *testing.T) {
	d := described{classes: letters(3), infos: infosOf(60, 3)}
	split := func(seed uint64) *Split {
		s, err := MakeSplit(d, seed, DefaultRatios, false)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first, again := split(1), split(1)
	if first.Digest() != again.Digest() || cmp.Diff(split(1).Train, split(2).Train) == "" {
		t.Error("the lists do not depend on the seed alone")
	}
	// A change here changes the parts of every user's data.
	want := []int{1, 2, 4, 20, 39, 42, 43, 44, 45, 46, 50, 57}
	if diff := cmp.Diff(want, split(1).Test); diff != "" {
		t.Errorf("test part of seed 1 (-want +got):\n%s", diff)
	}
}

// TestSplitOfConcat: each member is split by its own rule, and as it is alone
// except for the order within.
func TestSplitOfConcat(t *testing.T) {
	first := described{classes: letters(2), infos: infosOf(50, 2)}
	secondInfos := infosOf(40, 2)
	for i := 30; i < 40; i++ {
		secondInfos[i].Part = PartTest
	}
	second := described{classes: []string{"b", "c"}, infos: secondInfos}
	d, err := Concat(first, second)
	if err != nil {
		t.Fatal(err)
	}
	s, err := MakeSplit(d, 7, DefaultRatios, false)
	if err != nil {
		t.Fatal(err)
	}
	want := map[Part][]int{
		PartTrain: {15, 15 + 11, 11}, PartValidation: {5, 5 + 4, 4}, PartTest: {5, 5 + 5, 5},
	}
	if diff := cmp.Diff(want, sizesOf(d, s)); diff != "" {
		t.Errorf("examples of each class (-want +got):\n%s", diff)
	}
	alone, err := MakeSplit(first, 7, DefaultRatios, false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(alone.Test, s.Test[:10]); diff != "" {
		t.Errorf("the first member is split another way than alone (-want +got):\n%s", diff)
	}
	if s.Group != "none,none" {
		t.Errorf("group key %q", s.Group)
	}
}

func TestSplitErrors(t *testing.T) {
	change := func(n, classes int, edit func(infos []Info)) described {
		d := described{classes: letters(classes), infos: infosOf(n, classes)}
		edit(d.infos)
		return d
	}
	cases := []struct {
		name  string
		d     Dataset
		parts []string
	}{
		{"too few", change(20, 2, func(infos []Info) {
			for i := range 18 {
				infos[i].Label = 0
			}
			infos[18].Label = 0
			infos[19].Label = 1
		}), []string{`class "b": 1 image is too few for the 3 parts train, validation, test`}},
		{"too few groups", change(20, 2, func(infos []Info) {
			for i := range infos {
				infos[i].Group = fmt.Sprintf("clip%d-%d", infos[i].Label, i%4/2)
			}
		}), []string{`class "a": 2 groups of images are too few for the 3 parts`}},
		{"too few beside an official test part", change(20, 2, func(infos []Info) {
			for i := range 19 {
				infos[i].Label = i / 18
				if i < 10 {
					infos[i].Part = PartTest
				}
			}
			infos[18].Label, infos[19].Label = 1, 0
		}), []string{`class "b": 1 image is too few for the 2 parts train, validation`}},
		{"class missing in the official test part", change(40, 2, func(infos []Info) {
			for i := range 20 {
				infos[i].Part, infos[i].Label = PartTest, 0
			}
		}), []string{`no image of class "b" in the test part`}},
		{"class only in the official test part", change(40, 2, func(infos []Info) {
			for i := range infos {
				infos[i].Label = 0
				if i < 10 {
					infos[i].Part, infos[i].Label = PartTest, i%2
				}
			}
		}), []string{`no image of class "b" in the train part`}},
		{"group across official parts", change(40, 2, func(infos []Info) {
			infos[0].Part, infos[0].Group = PartTest, "clip"
			infos[1].Part, infos[1].Group = PartTrain, "clip"
		}), []string{`group "clip" has images in the official parts test and train (example-0 and example-1)`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := MakeSplit(c.d, 1, DefaultRatios, false)
			wantError(t, err, append(c.parts, "cannot split the dataset")...)
		})
	}
	_, err := MakeSplit(cases[0].d, 1, Ratios{1, 0, 1}, false)
	wantError(t, err, "split ratios 1/0/1", "from 1 to 1000000")
}

// TestSplitOfGroups: groups of any sizes and mixed labels stay whole, every
// example is in one part, every part has every class that can be had, and no
// part is further from its share than the largest group.
func TestSplitOfGroups(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		classes := rapid.IntRange(1, 4).Draw(t, "classes")
		var infos []Info
		largest := make([]int, classes)
		for label := range classes {
			for g := range rapid.IntRange(3, 12).Draw(t, "groups") {
				size := rapid.IntRange(1, 9).Draw(t, "size")
				group := fmt.Sprintf("clip-%d-%d", label, g)
				if size == 1 {
					group = ""
				}
				largest[label] = max(largest[label], size)
				for range size {
					infos = append(infos, Info{Label: label, Group: group})
				}
			}
		}
		infos = rapid.Permutation(infos).Draw(t, "order")
		d := described{classes: letters(classes), infos: infos}
		ratios := Ratios{rapid.IntRange(1, 10).Draw(t, "train"), rapid.IntRange(1, 10).Draw(t, "validation"), rapid.IntRange(1, 10).Draw(t, "test")}
		s, err := MakeSplit(d, rapid.Uint64().Draw(t, "seed"), ratios, false)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Train)+len(s.Validation)+len(s.Test) != d.Len() {
			t.Fatal("not every example is in a part")
		}
		if err := s.Check(d); err != nil {
			t.Fatal(err)
		}
		checkShares(t, d, s, largest)
	})
}

// checkShares allows each part of each class a deviation from its share of two
// of the largest groups: one by rounding, one to leave no part empty.
func checkShares(t *rapid.T, d Dataset, s *Split, largest []int) {
	sizes, sum := sizesOf(d, s), s.Ratios[0]+s.Ratios[1]+s.Ratios[2]
	for label := range d.Classes() {
		total := 0
		for _, part := range Parts() {
			total += sizes[part][label]
		}
		for at, part := range Parts() {
			got, want := sizes[part][label]*sum, total*s.Ratios[at]
			if max(got-want, want-got) > 2*largest[label]*sum {
				t.Fatalf("class %d has %d of %d in the %s part, ratios %s", label, sizes[part][label], total, part, s.Ratios)
			}
		}
	}
}

func TestSplitOfGroupsWithMixedLabels(t *testing.T) {
	var all []Info
	for g := range 10 {
		for frame := range 10 {
			label := 0
			if frame >= 6+g%2 { // a is always the most frequent
				label = 1
			}
			all = append(all, Info{Label: label, Group: fmt.Sprintf("clip%d", g)})
		}
	}
	d := described{classes: letters(2), infos: all}
	s, err := MakeSplit(d, 1, DefaultRatios, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Train) != 60 || len(s.Validation) != 20 || len(s.Test) != 20 {
		t.Errorf("parts of %d, %d and %d, want 60, 20 and 20", len(s.Train), len(s.Validation), len(s.Test))
	}
	if err := s.Check(d); err != nil {
		t.Error(err)
	}
}

func TestParseRatios(t *testing.T) {
	for text, want := range map[string]Ratios{"60/20/20": {60, 20, 20}, " 8/1 / 1": {8, 1, 1}} {
		if got, err := ParseRatios(text); err != nil || got != want {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for text, part := range map[string]string{
		"": "want three numbers", "60/40": "want three numbers", "1/2/3/4": "want three numbers",
		"60/20/x": `"x" is not a whole number`, "100/0/0": "a run needs all three parts", "1/-1/1": "each number must be",
		"1/1/2000000": "each number must be", "0.6/0.2/0.2": `"0.6" is not a whole number`,
	} {
		_, err := ParseRatios(text)
		wantError(t, err, "split ratios", part)
	}
}
