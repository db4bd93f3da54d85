package dataset

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// twoSets are datasets of classes a, b, c and c, d, a.
func twoSets(t testing.TB) (first, second Dataset) {
	t.Helper()
	infos := infosOf(9, 3)
	for i := range infos {
		infos[i].Part = PartTest
	}
	return newTestSet(t, []string{"a", "b", "c"}, infosOf(6, 3)), newTestSet(t, []string{"c", "d", "a"}, infos)
}

func TestConcatUnitesClassesByName(t *testing.T) {
	first, second := twoSets(t)
	d, err := Concat(first, second)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, d.Classes()); diff != "" {
		t.Errorf("classes (-want +got):\n%s", diff)
	}
	want := []int{0, 1, 2, 0, 1, 2, 2, 3, 0, 2, 3, 0, 2, 3, 0}
	if diff := cmp.Diff(want, labelsOf(d)); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if got := d.Info(7); got.Member != 1 || d.Source(7) != "example-1" || got.Part != PartTest {
		t.Errorf("example 7 is %+v", got)
	}
	img, err := d.Image(7)
	other, _ := second.Image(1)
	if err != nil || !bytes.Equal(img.Pix, other.Pix) {
		t.Errorf("image 7 is not image 1 of the second dataset: %v", err)
	}
}

func TestConcatOfConcat(t *testing.T) {
	first, second := twoSets(t)
	third := newTestSet(t, letters(2), infosOf(5, 2))
	joined, err := Concat(first, second)
	if err != nil {
		t.Fatal(err)
	}
	nested, err := Concat(joined, third)
	if err != nil {
		t.Fatal(err)
	}
	flat, err := Concat(first, second, third)
	if err != nil {
		t.Fatal(err)
	}
	sameContent(t, nested, flat)
	if nested.Info(15).Member != 2 {
		t.Errorf("the third dataset is member %d", nested.Info(15).Member)
	}
}

func TestConcatErrors(t *testing.T) {
	first, second := twoSets(t)
	if one, err := Concat(first); err != nil || one != first {
		t.Errorf("one dataset alone: %v, %v", one, err)
	}
	_, err := Concat()
	wantError(t, err, "at least one")
	_, err = Concat(first, second, first)
	wantError(t, err, "datasets 1 and 3 have the same content")
}

func TestConcatWithAnEmptyMember(t *testing.T) {
	first, second := twoSets(t)
	d, err := Concat(picked{second, nil}, first)
	if err != nil {
		t.Fatal(err)
	}
	if d.Len() != 6 || d.Info(0).Member != 1 || d.Source(5) != "example-5" {
		t.Errorf("%d examples from %+v to %+v", d.Len(), d.Info(0), d.Info(5))
	}
}

func TestRemap(t *testing.T) {
	d, _ := twoSets(t)
	same, err := Remap(d, []string{"a", "b", "c"})
	if err != nil || same != d {
		t.Errorf("equal classes: %v, %v", same, err)
	}
	other, err := Remap(d, []string{"c", "a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1, 2, 0, 1, 2, 0}, labelsOf(other)); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"c", "a", "b"}, other.Classes()); diff != "" {
		t.Errorf("classes (-want +got):\n%s", diff)
	}
	_, err = Remap(d, []string{"a", "b", "d"})
	wantError(t, err, "does not have the model's classes", `it lacks "d"`, `it also has "c"`)
}

// elsewhere are examples whose sources have other names.
type elsewhere struct{ examples }

func (elsewhere) Source(int) string { return "elsewhere" }

// TestDigestsTellDatasetsApart: whatever changes what a dataset says changes its
// digest.
func TestDigestsTellDatasetsApart(t *testing.T) {
	base := infosOf(6, 3)
	with := func(change func(info *Info)) examples {
		changed := slices.Clone(base)
		change(&changed[5])
		return changed
	}
	d := newTestSet(t, letters(3), base)
	remapped, err := Remap(d, []string{"b", "a", "c"})
	if err != nil {
		t.Fatal(err)
	}
	first, second := twoSets(t)
	joined, err := Concat(first, second)
	if err != nil {
		t.Fatal(err)
	}
	pixels, err := newSet(t.Context(), letters(3), base, noGrouping, func(i int, _ []uint8) (imaging.Image, error) {
		return testImage(5, 6, 1, i), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]Dataset{
		"base":    d,
		"label":   newTestSet(t, letters(3), with(func(i *Info) { i.Label = 0 })),
		"group":   newTestSet(t, letters(3), with(func(i *Info) { i.Group = "g" })),
		"part":    newTestSet(t, letters(3), with(func(i *Info) { i.Part = PartTest })),
		"classes": newTestSet(t, []string{"a", "b", "d"}, base),
		"shape":   pixels,
		"remap":   remapped,
		"concat":  joined,
	}
	names := map[string]string{}
	for name, one := range all {
		if other, ok := names[one.Digest()]; ok {
			t.Errorf("%s and %s have one digest", name, other)
		}
		names[one.Digest()] = name
	}
	if renamed := newTestSet(t, letters(3), elsewhere{base}); renamed.Digest() != d.Digest() {
		t.Error("the digest depends on the names of files")
	}
}

// TestDigestIsStable pins the digest's definition: a change makes every split
// list and record in existence useless.
func TestDigestIsStable(t *testing.T) {
	d := newTestSet(t, letters(3), infosOf(6, 3))
	if got := d.Digest(); got != "b3d781a9175e66467d60a38d0aafb0247b682fbad2c98d0eac1e3a5a5a68f0ad" {
		t.Errorf("digest %s", got)
	}
}

func TestShuffledAndWeighted(t *testing.T) {
	infos := infosOf(1000, 2)
	for i := range infos {
		if i%10 != 0 {
			infos[i].Label = 1 // nine of ten
		}
	}
	d := newTestSet(t, letters(2), infos)
	rapid.Check(t, func(t *rapid.T) {
		indexes := rapid.SliceOfNDistinct(rapid.IntRange(0, 999), 200, 400, rapid.ID).Draw(t, "indexes")
		seed := rapid.Uint64().Draw(t, "seed")
		order := Shuffled(indexes, seed, 3)
		if slices.Equal(order, Shuffled(indexes, seed, 4)) || !slices.Equal(order, Shuffled(indexes, seed, 3)) {
			t.Fatal("the order does not depend on seed and epoch alone")
		}
		slices.Sort(order)
		slices.Sort(indexes)
		if !slices.Equal(order, indexes) {
			t.Fatal("a shuffled list has other members")
		}
		draws := Weighted(d, indexes, seed, 3)
		for _, i := range draws {
			if _, ok := slices.BinarySearch(indexes, i); !ok {
				t.Fatalf("example %d was drawn, which is not among the given", i)
			}
		}
		counts := Counts(d, draws)
		if Counts(d, indexes)[0] > 0 && min(counts[0], counts[1]) < len(draws)/3 {
			t.Fatalf("classes were drawn %v times of %d", counts, len(draws))
		}
	})
}

func TestShares(t *testing.T) {
	for _, test := range []struct {
		counts []int
		n      int
		want   []int
	}{
		{[]int{50, 30, 20}, 10, []int{5, 3, 2}},
		{[]int{5, 5, 5}, 4, []int{2, 1, 1}},       // equal remainders
		{[]int{97, 2, 1}, 10, []int{10, 0, 0}},    // 9.7, 0.2, 0.1
		{[]int{60, 25, 15}, 7, []int{4, 2, 1}},    // 4.2, 1.75, 1.05
		{[]int{0, 3, 0, 4}, 5, []int{0, 2, 0, 3}}, // 2.14, 2.86
		{[]int{1, 1}, 1, []int{1, 0}},
	} {
		if got := shares(test.counts, test.n); !slices.Equal(got, test.want) {
			t.Errorf("%d of %v: %v, want %v", test.n, test.counts, got, test.want)
		}
	}
}

func TestStratified(t *testing.T) {
	infos := infosOf(1000, 2)
	for i := range infos {
		if i%10 != 0 {
			infos[i].Label = 1 // nine of ten
		}
	}
	d := newTestSet(t, letters(2), infos)
	indexes := sequence(1000)
	kept := Stratified(d, indexes, 50, 7)
	if got := Counts(d, kept); got[0] != 5 || got[1] != 45 {
		t.Errorf("of the classes %v were taken, want 5 and 45", got)
	}
	at := -1
	order := Shuffled(indexes, 7, 0)
	for _, i := range kept { // the first of each class, in the order of the shuffle
		next := slices.Index(order, i)
		for _, left := range order[max(at, 0):next] {
			if d.Info(left).Label == d.Info(i).Label && !slices.Contains(kept, left) {
				t.Fatalf("%d was taken before %d", i, left)
			}
		}
		if next <= at {
			t.Fatalf("%d comes before its turn", i)
		}
		at = next
	}
	if got := Stratified(d, indexes[:30], 30, 7); !slices.Equal(got, indexes[:30]) {
		t.Errorf("all of a list are %v", got)
	}
	if slices.Equal(kept, Stratified(d, indexes, 50, 8)) {
		t.Error("the seed does not count")
	}
}

// TestWithin: data may have some of a model's classes, and others that a map gives the
// model's names.
func TestWithin(t *testing.T) {
	d := newTestSet(t, []string{"auto", "cat", "van"}, infosOf(6, 3))
	if _, err := Within(d, []string{"car", "cat", "dog"}, nil); err == nil || !strings.Contains(err.Error(), `the data has classes that the model does not have ("auto", "van")`) {
		t.Errorf("error is %v", err)
	}
	m := &ClassMap{Names: []RenamedClass{{"auto", "car", 1}, {"van", "car", 2}}, file: "map.csv"}
	mapped, err := Within(d, []string{"dog", "cat", "car"}, m)
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.Len() {
		if got, want := mapped.Info(i).Label, []int{2, 1, 2}[d.Info(i).Label]; got != want {
			t.Errorf("example %d has label %d, want %d", i, got, want)
		}
	}
	if diff := cmp.Diff([]string{`"dog"`}, Absent(mapped, []int{0, 1, 2, 3, 4, 5})); diff != "" {
		t.Error(diff)
	}
	again, err := Within(d, []string{"dog", "cat", "car"}, &ClassMap{Names: []RenamedClass{{"auto", "car", 1}, {"van", "cat", 2}}})
	if err != nil || again.Digest() == mapped.Digest() || mapped.Digest() == d.Digest() {
		t.Errorf("another map gives the same digest (%v)", err)
	}
	if same, err := Within(d, d.Classes(), nil); err != nil || same != Dataset(d) {
		t.Errorf("equal classes give another dataset (%v)", err)
	}
}

// TestAbsentClasses: of many classes without an example, the first are named.
func TestAbsentClasses(t *testing.T) {
	err := checkExamples(letters(20), infosOf(3, 1))
	wantError(t, err, `no image of class "b", "c", "d"`, `"k", and 9 more: add images`)
	err = checkExamples(letters(3), infosOf(3, 1))
	wantError(t, err, `no image of class "b", "c": add images`)
}

func TestCheckClasses(t *testing.T) {
	cases := []struct {
		classes []string
		part    string
	}{
		{nil, "there are no classes"},
		{[]string{"a", "b", "a"}, `class "a" appears twice`},
		{[]string{"a", ""}, `class 1, "": a name must not be empty`},
		{[]string{"a", "b\n"}, "nor begin or end with a space"},
		{[]string{"a", "b\tc"}, "control characters"},
		{[]string{"a", "\xff"}, "UTF-8"},
		{[]string{"a", "b:c"}, "colon"},
	}
	for _, c := range cases {
		wantError(t, checkClasses(c.classes), c.part)
	}
	if err := errors.Join(checkClasses([]string{"a"}), CheckClassCount([]string{"a"}, 1), CheckClassCount([]string{"a", "b"}, 2)); err != nil {
		t.Error(err) // one class is enough to measure on
	}
	wantError(t, CheckClassCount([]string{"a"}, 2), `1 class ["a"]: a classifier needs at least two classes`)
	for _, source := range publishedIDX() {
		if err := checkClasses(source.classes); err != nil {
			t.Errorf("%s: %v", source.name, err)
		}
	}
}
