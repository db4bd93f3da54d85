package dataset

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

func TestFindDuplicates(t *testing.T) {
	// Examples 6, 7 and 8 show what 0 shows, 9 what 3 shows; 10 has the bytes of
	// 1 in another shape.
	d, err := newSet(t.Context(), letters(2), infosOf(12, 2), noGrouping, func(i int, _ []uint8) (imaging.Image, error) {
		switch i {
		case 6, 7, 8:
			i = 0
		case 9:
			i = 3
		case 10:
			img := testImage(6, 5, 1, 1)
			img.Width, img.Height = 5, 6
			return img, nil
		}
		return testImage(6, 5, 1, i), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &Split{Train: []int{0, 1, 2, 8}, Validation: []int{3, 4, 7}, Test: []int{5, 6, 9, 10, 11}}
	got, err := FindDuplicates(t.Context(), d, s)
	if err != nil {
		t.Fatal(err)
	}
	want := &Duplicates{Schema: 1, Validation: 1, Test: 2, Conflicting: 1, Pairs: []Duplicate{
		{"validation", "example-7", "b", "train", "example-0", "a"},
		{"test", "example-6", "a", "train", "example-0", "a"},
		{"test", "example-9", "b", "validation", "example-3", "b"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}

	turned := picked{d, []int{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}}
	shared, err := Shared(t.Context(), d, []int{0, 3}, turned, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, i := range shared {
		found = append(found, turned.Source(i))
	}
	slices.Sort(found)
	if diff := cmp.Diff([]string{"example-0", "example-3", "example-6", "example-7", "example-8", "example-9"}, found); diff != "" {
		t.Errorf("shared (-want +got):\n%s", diff)
	}
}
