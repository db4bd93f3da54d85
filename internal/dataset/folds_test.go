package dataset

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// recordings describes clips frames of the given lengths, each a group of one class. The
// classes go round.
func recordings(classes int, lengths ...int) listed {
	var infos listed
	for clip, n := range lengths {
		for range n {
			infos = append(infos, Info{Label: clip % classes, Group: fmt.Sprintf("clip-%d", clip)})
		}
	}
	return infos
}

func foldsOf(t *testing.T, d Dataset, o FoldOptions) *Folds {
	t.Helper()
	f, err := MakeFolds(d, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFoldsAreStratified(t *testing.T) {
	d := described{classes: letters(2), infos: infosOf(103, 2)}
	f := foldsOf(t, d, FoldOptions{Folds: 5, Seed: 1, Ratios: DefaultRatios})
	var sizes [][]int
	for _, fold := range f.Folds {
		sizes = append(sizes, Counts(d, fold))
	}
	// 52 and 51: the folds that have one more of a class are not the same for both.
	if diff := cmp.Diff([][]int{{11, 10}, {11, 10}, {10, 11}, {10, 10}, {10, 10}}, sizes); diff != "" {
		t.Errorf("examples of each class in each fold (-want +got):\n%s", diff)
	}
	s, err := f.Split(d, 2)
	if err != nil {
		t.Fatal(err)
	}
	want := map[Part][]int{PartTrain: {31, 31}, PartValidation: {10, 10}, PartTest: {11, 10}}
	if diff := cmp.Diff(want, sizesOf(d, s)); diff != "" {
		t.Errorf("examples of each class in each part of fold 2 (-want +got):\n%s", diff)
	}
}

// TestFoldsOfClips draws clips, some of which are of an official part, and checks what folds
// promise: every example that takes part is judged once, clips stay together, and the split
// lists are ones that a run takes.
func TestFoldsOfClips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(3, 6).Draw(t, "folds") // halves need groups of about one size
		classes := rapid.IntRange(2, 4).Draw(t, "classes")
		lengths := rapid.SliceOfN(rapid.IntRange(1, 9), classes*k, classes*12).Draw(t, "lengths")
		infos := recordings(classes, lengths...)
		infos = append(infos, Info{Label: 1, Group: "kept", Part: PartTest}, Info{Label: 0, Group: "watched", Part: PartValidation})
		d := described{classes: letters(classes), infos: infos}
		o := FoldOptions{Folds: k, Seed: rapid.Uint64().Draw(t, "seed"), Ratios: DefaultRatios, IncludeTest: rapid.Bool().Draw(t, "include the test part")}
		f, err := MakeFolds(d, o)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := MakeFolds(d, o); again.Digest() != f.Digest() {
			t.Fatal("the same options gave other folds")
		}
		judged := slices.Sorted(slices.Values(slices.Concat(f.Folds...)))
		var all []int
		for i, info := range infos {
			if info.Part != PartTest || o.IncludeTest {
				all = append(all, i)
			}
		}
		if !slices.Equal(judged, all) {
			t.Fatalf("the folds judge %v, want each of %v once", judged, all)
		}
		for number := range k {
			s, err := f.Split(d, number+1)
			if err == nil {
				err = s.Check(d)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Sorted(slices.Values(slices.Concat(s.Train, s.Validation, s.Test))); !slices.Equal(got, all) {
				t.Fatalf("the parts of fold %d have %v, want %v", number+1, got, all)
			}
		}
	})
}

func TestFoldsRefused(t *testing.T) {
	mixed := recordings(1, slices.Repeat([]int{4}, 10)...)
	for clip := range 5 {
		mixed[4*clip].Label = 1
	}
	straddling := append(recordings(2, 3, 3, 3, 3, 3, 3, 3, 3), Info{Label: 0, Group: "clip-0", Part: PartTest})
	for name, c := range map[string]struct {
		infos listed
		folds int
		want  string
	}{
		"one fold":                {infosOf(100, 2), 1, "1 folds: want 2 to 1000"},
		"few clips":               {recordings(2, 5, 5, 5, 5, 5, 5, 5), 5, `fold 3 of 5 has no image of class "b", which has 3 groups: want at least 5 for 5 folds, fewer --folds`},
		"few images":              {infosOf(8, 2), 5, `has no image of class "b", which has 4 images: want at least 5`},
		"halves":                  {recordings(2, 1, 1, 1, 1, 1, 1), 2, `the validation part beside fold 1 of 2 has no image of class "a", which has 3 groups: want at least 4 for 2 folds`},
		"a class in others' clip": {mixed, 5, `which has 5 groups: they are of very different sizes, or most of their images are of other classes`},
		"straddling":              {straddling, 2, `group "clip-0" has images in the official parts`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := MakeFolds(described{classes: letters(2), infos: c.infos}, FoldOptions{Folds: c.folds, Seed: 1, Ratios: DefaultRatios})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

func TestFoldsMayLackAClass(t *testing.T) {
	d := described{classes: letters(2), infos: recordings(2, 5, 5, 5, 5, 5, 5, 5)}
	foldsOf(t, d, FoldOptions{Folds: 5, Seed: 1, Ratios: DefaultRatios, Lacking: true})
}

// TestFoldLeavesOfficialTestOut checks that a list of a fold cannot use the official test part.
func TestFoldLeavesOfficialTestOut(t *testing.T) {
	infos := infosOf(40, 2)
	infos[7].Part = PartTest
	d := described{classes: letters(2), infos: infos}
	f := foldsOf(t, d, FoldOptions{Folds: 4, Seed: 1, Ratios: DefaultRatios})
	s, err := f.Split(d, 1)
	if err != nil {
		t.Fatal(err)
	}
	s.Test = append(s.Test, 7)
	if err := s.Check(d); err == nil || !strings.Contains(err.Error(), "takes no part in these folds") {
		t.Errorf("error %v, want the official test part refused", err)
	}
}

func TestFoldsFile(t *testing.T) {
	d := described{classes: letters(2), infos: recordings(2, 1, 2, 3, 1, 2, 3, 1, 2, 3)}
	f := foldsOf(t, d, FoldOptions{Folds: 4, Seed: 7, Ratios: Ratios{70, 30, 1}})
	path := filepath.Join(t.TempDir(), "folds.json")
	if err := WriteFolds(path, f); err != nil {
		t.Fatal(err)
	}
	read, err := ReadFolds(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, read); diff != "" {
		t.Errorf("read something else (-want +got):\n%s", diff)
	}
	s, err := read.Split(d, 3)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "split.json")
	if err := WriteSplit(path, s); err != nil {
		t.Fatal(err)
	}
	again, err := ReadSplit(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, again); diff != "" || again.Digest() != s.Digest() {
		t.Errorf("read another list of fold 3 (-want +got):\n%s", diff)
	}
	// What folds are by these settings is part of the reproducibility contract.
	const digest = "88a3b8e5d9d3d143fc8e4c03dd2879e0e37e7a2d674c394be4e5cf6c7d82647f"
	if got := f.Digest(); got != digest {
		t.Errorf("the folds have digest %s, want %s", got, digest)
	}
}

func TestGroupNumbers(t *testing.T) {
	infos := listed{{Group: "b"}, {}, {Group: "a"}, {Group: "b"}, {}, {Group: "b", Member: 1}}
	d := described{classes: letters(1), infos: infos}
	if got, want := GroupNumbers(d, []int{0, 1, 2, 3, 4, 5}), []int{0, 1, 2, 0, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("groups %v, want %v", got, want)
	}
	if got, want := GroupNumbers(d, []int{1, 4}), []int{0, 1}; !slices.Equal(got, want) {
		t.Errorf("groups %v, want %v", got, want)
	}
	if got := GroupNumbers(described{infos: infosOf(9, 1)}, []int{1, 4}); got != nil {
		t.Errorf("groups %v of data without any, want none", got)
	}
}

// TestFoldsKeepScenesWhole checks that clips of one scene are in one fold, though official
// parts that take no part in folds divide them.
func TestFoldsKeepScenesWhole(t *testing.T) {
	dir := t.TempDir()
	var list []drawnClip
	for scene := range 8 {
		class := []string{"bird", "drone"}[scene%2]
		for at, part := range []string{"train", "val", "test"} {
			list = append(list, drawnClip{path: fmt.Sprintf("%s/%s/%d", part, class, scene), scene: 5*scene + 1, frames: 9, shift: at})
		}
	}
	writeClips(t, dir, list...)
	d := mustOpenClips(t, dir, "group=scene,scene-threshold=0.9,stride=4")
	for _, include := range []bool{false, true} {
		f := foldsOf(t, d, FoldOptions{Folds: 4, Seed: 1, Ratios: DefaultRatios, IncludeTest: include})
		of := map[string]int{}
		for fold, indexes := range f.Folds {
			for _, i := range indexes {
				scene := d.Info(i).Place.Clip.Scene
				if other, seen := of[scene]; seen && other != fold {
					t.Errorf("with the test part %v: scene %s is in the folds %d and %d", include, scene, other, fold)
				}
				of[scene] = fold
			}
		}
		if len(of) != 8 {
			t.Errorf("there are %d scenes, want 8", len(of))
		}
		for number := range f.Folds {
			split, err := f.Split(d, number+1)
			if err == nil {
				err = split.Check(d)
			}
			if err != nil {
				t.Error(err)
			}
		}
	}
}

func TestDivideList(t *testing.T) {
	dir := t.TempDir()
	var list []drawnClip
	for i := range 9 {
		list = append(list, drawnClip{path: fmt.Sprintf("train/%s/%d", []string{"bird", "drone"}[i%2], i), scene: i, frames: 13, shift: i % 3})
	}
	list = append(list, drawnClip{path: "test/bird/t", scene: 20, frames: 8}, drawnClip{path: "test/drone/t", scene: 21, frames: 8})
	writeClips(t, dir, list...)
	d := mustOpenClips(t, dir, "minimum=6")
	var all []int
	for i := range d.Len() {
		if d.Info(i).Part != PartTest {
			all = append(all, i)
		}
	}
	folds, err := DivideList(d, all, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	where := map[string]int{}
	for k, fold := range folds {
		counts := Counts(d, fold)
		if min(counts[0], counts[1]) == 0 {
			t.Errorf("fold %d lacks a class: %v", k, counts)
		}
		for _, i := range fold {
			if before, seen := where[d.Info(i).Group]; seen && before != k {
				t.Errorf("%s is in two folds", d.Source(i))
			}
			where[d.Info(i).Group] = k
		}
	}
	if got := slices.Sorted(slices.Values(slices.Concat(folds...))); !slices.Equal(got, all) {
		t.Errorf("the folds hold %v, want %v", got, all)
	}
	again, err := DivideList(d, all, 3, 1)
	if err != nil || !reflect.DeepEqual(again, folds) {
		t.Errorf("a second division is %v, %v", again, err)
	}
	if groups, err := ClipGroups(d, all); err != nil || !slices.Equal(groups, []int{5, 4}) {
		t.Errorf("groups %v, %v", groups, err)
	}
}
