package dataset

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// writeWide writes a folder of 16-bit images of two classes, with one file of 8 bits.
func writeWide(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range []string{"a/0.png", "a/1.png", "a/2.png", "b/0.png", "b/1.png"} {
		img := imaging.Image{Width: 6, Height: 5, Channels: 1}
		for at := range 30 {
			img.Wide = append(img.Wide, uint16(1000+at*7+i%3*19))
		}
		writePNG(t, dir+"/"+name, img)
	}
	writePNG(t, dir+"/b/8bit.png", testImage(6, 5, 1, 3))
	return dir
}

func openWide(t testing.TB, dir string, mode Mode) Dataset {
	t.Helper()
	opened, err := Open(t.Context(), []Request{{"folder", "", dir}}, OpenOptions{Mode: mode, Decoder: imaging.Decoder{KeepDepth: true}})
	if err != nil {
		t.Fatal(err)
	}
	return opened.All
}

func TestFolderKeepsDepth(t *testing.T) {
	dir := writeWide(t)
	narrow := mustOpenFolder(t, dir, "")
	inRAM, onDisk := openWide(t, dir, ModeRAM), openWide(t, dir, ModeDisk)
	if inRAM.Digest() != onDisk.Digest() || inRAM.Digest() == narrow.Digest() {
		t.Errorf("digests %s in RAM, %s on disk, %s of 8 bits", inRAM.Digest(), onDisk.Digest(), narrow.Digest())
	}
	for i := range onDisk.Len() {
		a, errA := inRAM.Image(i)
		b, errB := onDisk.Image(i)
		if errA != nil || errB != nil || !slices.Equal(a.Wide, b.Wide) || (a.Wide == nil) != (i == 5) || !slices.Equal(a.Pix, b.Pix) {
			t.Errorf("image %d: %v and %v, %v, %v", i, a, b, errA, errB)
		}
		if hash, err := detail(inRAM).pixelHash(i); err != nil || hash != hashPixels(a) {
			t.Errorf("image %d has another hash, %v", i, err)
		}
	}
	sizes, err := MeasureSizes(t.Context(), inRAM)
	want := Sizes{Width: 6, Height: 5, Frequent: 6, Pixels: 30, Channels: 1, Frames: 1, Wide: true, Uniform: true, Range: "6x5x1"}
	if diff := cmp.Diff(want, sizes); diff != "" || err != nil {
		t.Errorf("sizes (-want +got):\n%s, %v", diff, err)
	}
	if kept := inRAM.(*set).kept.count(); kept != 6 {
		t.Errorf("%d images are kept in memory, want 6", kept)
	}
}

// TestWideImagesThroughARule: levels give the same bytes from memory, from disk and
// brought to size before, and statistics and duplicates work.
func TestWideImagesThroughARule(t *testing.T) {
	dir := writeWide(t)
	d := openWide(t, dir, ModeRAM)
	rule := imaging.Rule{Width: 3, Height: 4, Channels: 1, Mode: imaging.Stretch, Levels: &imaging.Levels{Low: 1000, High: 1250}}
	fitted, err := fitOne(t, d, rule)
	if err != nil || fitted == d {
		t.Fatalf("not fitted: %v", err)
	}
	batches := func(d Dataset) []Batch { return collect(t, &Loader{Dataset: d, Rule: rule}, sequence(6), 0, 0, 4) }
	want := batches(openWide(t, dir, ModeDisk))
	for name, other := range map[string]Dataset{"in RAM": d, "fitted": fitted} {
		if diff := cmp.Diff(want, batches(other)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
	a, errA := Measure(t.Context(), d, sequence(5), rule)
	b, errB := Measure(t.Context(), fitted, sequence(5), rule)
	if diff := cmp.Diff(a, b); diff != "" || errA != nil || errB != nil || a.Mean[0] < 60 || a.Mean[0] > 220 {
		t.Errorf("statistics %v, %v:\n%s%v%v", a, b, diff, errA, errB)
	}
	// a/0 and b/0 are one image.
	found, err := FindDuplicates(t.Context(), d, &Split{Train: []int{0, 1, 2}, Validation: []int{3}, Test: []int{4, 5}})
	if err != nil || found.Validation != 1 || found.Test != 1 {
		t.Errorf("duplicates %+v, %v", found, err)
	}
	rule.Levels = nil
	for _, err := range (&Loader{Dataset: d, Rule: rule}).Batches(t.Context(), sequence(6), 0, 0, 4) {
		wantError(t, err, "example 0 (a/0.png)", "--levels LOW,HIGH")
	}
}

// TestFrames: several frames go through digest, sizes, statistics, loader and
// augmentation.
func TestFrames(t *testing.T) {
	stacked := func(frames int) Dataset {
		d, err := newSet(t.Context(), letters(2), infosOf(8, 2), noGrouping, func(i int, _ []uint8) (imaging.Image, error) {
			img := testImage(6, 5, 9, i)
			img.Frames = frames
			return img, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	grey, colour := stacked(9), stacked(3)
	if grey.Digest() == colour.Digest() {
		t.Error("nine grey frames are three in colour")
	}
	for _, c := range []struct {
		d                        Dataset
		frames, channels, inputs int
	}{{grey, 9, 1, 9}, {colour, 3, 3, 9}, {colour, 3, 3, 3}} {
		sizes, err := MeasureSizes(t.Context(), c.d)
		if err != nil || sizes.Frames != c.frames || sizes.Channels != c.channels || !sizes.Uniform {
			t.Errorf("sizes %+v, %v", sizes, err)
		}
		rule := imaging.Rule{Width: 4, Height: 4, Channels: c.inputs, Mode: imaging.Letterbox, Frames: sequence(c.frames)}
		statistics, err := Measure(t.Context(), c.d, sequence(8), rule)
		if err != nil || len(statistics.Mean) != c.inputs {
			t.Errorf("statistics %v, %v", statistics, err)
		}
		fitted, err := fitOne(t, c.d, rule)
		if err != nil || fitted == c.d {
			t.Errorf("not fitted: %v", err)
		}
		l := func(d Dataset) *Loader {
			return &Loader{Dataset: d, Rule: rule, Augment: mustParse(t, "flip,rotate,contrast,noise,mixup"), Workers: 2}
		}
		a, b := collect(t, l(c.d), sequence(8), 0, 0, 8), collect(t, l(fitted), sequence(8), 0, 0, 8)
		if diff := cmp.Diff(a, b); diff != "" || len(a[0].Images) != 8*4*4*c.inputs {
			t.Errorf("batches of %d bytes:\n%s", len(a[0].Images), diff)
		}
	}
}
