package dataset

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// annotated describes n examples of which every third has objects.
func annotated(n, classes int) listed {
	infos := infosOf(n, classes)
	for i := range infos {
		if i%3 == 0 {
			infos[i].Annotation = Objects{{i % classes, imaging.Box{X: 256 * (i % 3), Y: 0, W: 512, H: 256}}, {classes - 1, imaging.Box{X: -128, Y: 1, W: 300, H: 700}}}
		}
	}
	return infos
}

// TestDigestCoversAnnotations: whatever changes an annotation changes the digest, and
// the digest without any is as it was before there were annotations.
func TestDigestCoversAnnotations(t *testing.T) {
	digest := func(change func(l listed)) string {
		infos := annotated(7, 3)
		change(infos)
		return newTestSet(t, letters(3), infos).Digest()
	}
	object := func(l listed) *Object { return &l[3].Annotation.(Objects)[0] }
	all := []string{
		digest(func(listed) {}),
		digest(func(l listed) { object(l).Label = 2 }),
		digest(func(l listed) { object(l).Box.X++ }),
		digest(func(l listed) { object(l).Box.Y-- }),
		digest(func(l listed) { object(l).Box.W++ }),
		digest(func(l listed) { object(l).Box.H++ }),
		digest(func(l listed) { l[3].Annotation = l[3].Annotation.(Objects)[:1] }),
		digest(func(l listed) { l[3].Annotation = Objects{} }),
		digest(func(l listed) { l[3].Annotation = nil }),
		digest(func(l listed) { l[4].Annotation, l[3].Annotation = l[3].Annotation, nil }),
	}
	slices.Sort(all)
	if different := len(slices.Compact(all)); different != len(all) {
		t.Errorf("%d different digests of %d datasets", different, len(all))
	}
	none := digest(func(l listed) {
		for i := range l {
			l[i].Annotation = nil
		}
	})
	if plain := newTestSet(t, letters(3), infosOf(7, 3)).Digest(); none != plain {
		t.Errorf("without annotations %s, want %s", none, plain)
	}
	if got := digest(func(listed) {}); got[:16] != "5af8f3c96b9a4f41" {
		t.Errorf("digest %s", got)
	}
}

func TestObjectsMoved(t *testing.T) {
	rule := imaging.Rule{Width: 10, Height: 10, Channels: 1, Mode: imaging.Crop}
	objects := Objects{
		{0, imaging.Box{X: 0, Y: 0, W: 5 * 256, H: 256}},          // cut off
		{1, imaging.Box{X: 4 * 256, Y: 0, W: 4 * 256, H: 256}},    // cut in part
		{2, imaging.Box{X: 6 * 256, Y: 512, W: 2 * 256, H: 1280}}, // inside
	}
	want := Objects{{1, imaging.Box{X: 0, Y: 0, W: 3 * 256, H: 256}}, {2, imaging.Box{X: 256, Y: 512, W: 512, H: 1280}}}
	if diff := cmp.Diff(Annotation(want), objects.Moved(rule.Motion(20, 10), 10, 10)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestObjectsAreRelabelled: joining and reordering classes changes the labels of
// objects as it does those of images.
func TestObjectsAreRelabelled(t *testing.T) {
	first, second := newTestSet(t, []string{"a", "b"}, annotated(6, 2)), newTestSet(t, []string{"b", "c", "a"}, annotated(9, 3))
	joined, err := Concat(first, second)
	if err != nil {
		t.Fatal(err)
	}
	remapped, err := Remap(joined, []string{"c", "b", "a"})
	if err != nil {
		t.Fatal(err)
	}
	name := func(d Dataset, i int) (names []string) {
		names = append(names, d.Classes()[d.Info(i).Label])
		if objects, is := d.Info(i).Annotation.(Objects); is {
			for _, object := range objects {
				names = append(names, d.Classes()[object.Label])
			}
		}
		return names
	}
	for i := range joined.Len() {
		own, at := Dataset(first), i
		if i >= first.Len() {
			own, at = second, i-first.Len()
		}
		want := name(own, at)
		if len(want) != 1 && at%3 != 0 || len(want) != 3 && at%3 == 0 {
			t.Fatalf("example %d is labelled %v", i, want)
		}
		for _, d := range []Dataset{joined, remapped} {
			if diff := cmp.Diff(want, name(d, i)); diff != "" {
				t.Errorf("labels of example %d: -want +got:\n%s", i, diff)
			}
		}
	}
}

func TestObjectsChecked(t *testing.T) {
	for want, objects := range map[string]Objects{
		"image 1 (example-1): object 0 has label 2: want 0 to 1": {{2, imaging.Box{W: 1, H: 1}}},
		"object 1 has the box {X:0 Y:0 W:0 H:5}":                 {{1, imaging.Box{W: 1, H: 1}}, {1, imaging.Box{H: 5}}},
		"all numbers within 33554432 (in 1/256 pixel)":           {{1, imaging.Box{X: -1 << 26, W: 1, H: 1}}},
	} {
		infos := infosOf(4, 2)
		infos[1].Annotation = objects
		wantError(t, checkExamples(letters(2), infos), want)
	}
}
