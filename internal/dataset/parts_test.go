package dataset

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

const allOfParts = "random-resized-crop:min=0.2,color-jitter,trivial-augment:translate=3,flip,cutmix:p=0.8"

// TestPartsAreReproducible: with a first stage, too, the bytes do not depend on the number of
// workers, on where and in which size pixels are kept, or on where an epoch was interrupted.
func TestPartsAreReproducible(t *testing.T) {
	dir := t.TempDir()
	for i := range 45 {
		img := testImage(20+i%9, 30-i%13, 1+2*(i%2), i)
		writePNG(t, filepath.Join(dir, letters(3)[i%3], string(rune('A'+i))+".png"), img)
	}
	onDisk, err := openFolder(t, dir, "", ModeDisk)
	if err != nil {
		t.Fatal(err)
	}
	inRAM := mustOpenFolder(t, dir, "")
	order := Shuffled(sequence(45), 1, 2)[:40]
	rule := imaging.Rule{Width: 14, Height: 12, Channels: 3, Mode: imaging.Letterbox, Filter: imaging.PillowBilinear}
	fitted, err := Fit(t.Context(), inRAM, 1<<20, Form{Rule: rule}, Form{Rule: rule, Reduced: 16, Of: order})
	if err != nil {
		t.Fatal(err)
	}
	if fitted[1] == inRAM {
		t.Fatal("nothing is kept in the size of the first stage")
	}
	loader := func(d Dataset, workers int) *Loader {
		return &Loader{Dataset: d, Rule: rule, Encoder: OneHot(3), Augment: mustParse(t, allOfParts), Seed: 5, KeepSize: 16, Workers: workers}
	}
	want := collect(t, loader(onDisk, 1), order, 2, 0, 8)
	for _, workers := range []int{1, 2, 5} {
		for name, d := range map[string]Dataset{"disk": onDisk, "RAM": fitted[1], "decoded": inRAM} {
			if diff := cmp.Diff(want, collect(t, loader(d, workers), order, 2, 0, 8)); diff != "" {
				t.Fatalf("%s, %d workers: other batches:\n%s", name, workers, diff)
			}
		}
	}
	for number := range want {
		if diff := cmp.Diff(want[number:], collect(t, loader(fitted[1], 2), order, 2, 8*number, 8)); diff != "" {
			t.Fatalf("an epoch continued at batch %d is another:\n%s", number, diff)
		}
	}
	if cmp.Diff(want, collect(t, loader(onDisk, 2), order, 3, 0, 8)) == "" {
		t.Error("parts do not depend on the epoch")
	}
	if other := loader(onDisk, 2); cmp.Diff(want, collect(t, func() *Loader { other.KeepSize = 13; return other }(), order, 2, 0, 8)) == "" {
		t.Error("the size that is kept changes nothing")
	}
	for i, image := range order[:5] { // what judges the network sees the whole
		plain, err := loadImage(detail(onDisk), image, rule, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := loadImage(detail(fitted[0]), image, rule, nil); err != nil || cmp.Diff(plain.Pix, got.Pix) != "" {
			t.Errorf("image %d by the rule is another (error %v)", i, err)
		}
	}
	refused := loader(onDisk, 1)
	refused.KeepSize = 0
	for _, err := range refused.Batches(t.Context(), order, 0, 0, 8) {
		wantError(t, err, "0 pixels before a part of them is taken: want at least 1")
	}
}

// boxes writes the box of an example's object and that of its light, in 1/256 pixel.
type boxes struct{}

func (boxes) Size() int { return 9 }

func (boxes) Encode(dst []float32, e Example) error {
	clear(dst)
	objects, _ := e.Info.Annotation.(Objects)
	if len(objects) == 0 {
		return nil
	}
	b, img := objects[0].Box, e.Image
	left, top, right, bottom := img.Width, img.Height, 0, 0
	for i, v := range img.Pix {
		if v > 127 {
			x, y := i%img.Width, i/img.Width
			left, top, right, bottom = min(left, x), min(top, y), max(right, x+1), max(bottom, y+1)
		}
	}
	for i, v := range []int{1, b.X, b.Y, b.X + b.W, b.Y + b.H, 256 * left, 256 * top, 256 * right, 256 * bottom} {
		dst[i] = float32(v)
	}
	return nil
}

// TestObjectsMoveWithParts: where a part of an image is taken, boxes are where their light is.
func TestObjectsMoveWithParts(t *testing.T) {
	infos := infosOf(60, 2)
	for i := range infos {
		infos[i].Annotation = Objects{{0, imaging.Box{X: 256 * (20 + i), Y: 256 * (15 + i/2), W: 256 * 24, H: 256 * 20}}}
	}
	d, err := newSet(t.Context(), letters(2), infos, noGrouping, func(i int, _ []uint8) (imaging.Image, error) {
		img := imaging.New(120, 90, 1)
		b := infos[i].Annotation.(Objects)[0].Box
		for y := b.Y / 256; y < (b.Y+b.H)/256; y++ {
			for x := b.X / 256; x < (b.X+b.W)/256; x++ {
				img.Row(y)[x] = 255
			}
		}
		return img, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rule := imaging.Rule{Width: 60, Height: 40, Channels: 1, Mode: imaging.Stretch, Filter: imaging.PillowBilinear}
	l := &Loader{Dataset: d, Rule: rule, Encoder: boxes{}, Augment: mustParse(t, "random-resized-crop:min=0.4,flip"), KeepSize: 60, Workers: 2}
	seen := 0
	for _, batch := range collect(t, l, sequence(60), 0, 0, 60) {
		for at := range batch.N {
			row := batch.Targets[9*at : 9*at+9]
			if row[0] == 0 || row[7] == 0 {
				continue // cut off
			}
			seen++
			for i := range 4 {
				if off := row[1+i] - row[5+i]; off < -300 || off > 300 {
					t.Errorf("example %d: the box is %v, the light %v", at, row[1:5], row[5:])
					break
				}
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d of 60 boxes are seen", seen)
	}
}

// TestCutmixTargets: each target has the share of the pixels.
func TestCutmixTargets(t *testing.T) {
	const n, pixels = 64, 6 * 5
	classes := make([]string, n) // one for each example, so that targets say who was mixed
	for i := range classes {
		classes[i] = fmt.Sprint("c", i)
	}
	d := newTestSet(t, classes, infosOf(n, n))
	level := mapped{d, func(img imaging.Image, i int) (imaging.Image, error) {
		img = img.Black(6, 5)
		for at := range img.Pix {
			img.Pix[at] = uint8(i + 1)
		}
		return img, nil
	}}
	l := &Loader{
		Dataset: level, Rule: imaging.Rule{Width: 6, Height: 5, Channels: 1, Mode: imaging.Stretch},
		Encoder: OneHot(n), Augment: mustParse(t, "cutmix"), Workers: 2,
	}
	mixed := 0
	for _, batch := range collect(t, l, sequence(n), 0, 0, 21) {
		for at := range batch.N {
			counts := make([]float32, n)
			for _, v := range batch.Images[at*pixels : (at+1)*pixels] {
				counts[v-1]++
			}
			for c := range counts {
				if got, want := batch.Targets[at*n+c], counts[c]/pixels; got != want {
					t.Errorf("example %d has the share %v of class %d, want %v", batch.Indexes[at], got, c, want)
				}
			}
			if own := counts[batch.Indexes[at]]; own < pixels {
				mixed++
			}
		}
	}
	if mixed < n/2 {
		t.Errorf("only %d of %d are mixed", mixed, n)
	}
}

// TestFitRefusesTooMuch counts the memory of all forms before it decodes.
func TestFitRefusesTooMuch(t *testing.T) {
	d := newTestSet(t, letters(2), infosOf(10, 2)) // of 6x5x1
	small := imaging.Rule{Width: 3, Height: 3, Channels: 1, Mode: imaging.Stretch}
	forms := []Form{{Rule: small}, {Rule: small, Reduced: 4, Of: []int{1, 2, 3}}}
	need := int64(10*9 + 3*5*4)
	if _, err := Fit(t.Context(), d, need, forms...); err != nil {
		t.Error(err)
	}
	_, err := Fit(t.Context(), d, need-1, forms...)
	var tooMuch *MemoryError
	if !errors.As(err, &tooMuch) || tooMuch.Need != need || tooMuch.Budget != need-1 || !strings.Contains(err.Error(), "MB of memory") {
		t.Errorf("error %v, want %d bytes needed", err, need)
	}
	if same, err := Fit(t.Context(), d, 300, Form{Rule: imaging.Rule{Width: 9, Height: 9, Channels: 1, Mode: imaging.Stretch}}); err != nil || same[0] != Dataset(d) {
		t.Errorf("a dataset that serves as it is (error %v)", err)
	}
}
