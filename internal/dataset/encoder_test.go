package dataset

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// TestMixedOneHotBits: rows of ones and zeros mix to the very bits of 1, less the
// share, plus the share where the other label is.
func TestMixedOneHotBits(t *testing.T) {
	const classes = 3
	row := func(label int) []float32 {
		dst := []float32{7, 7, 7}
		if err := OneHot(classes).Encode(dst, Example{Info: Info{Label: label}}); err != nil {
			t.Fatal(err)
		}
		return dst
	}
	for n := range 257 {
		share := float32(n) / 256
		for label := range classes {
			for other := range classes {
				want := make([]float32, classes)
				want[label] = 1
				want[label] -= share
				want[other] += share
				got := make([]float32, classes)
				mixTargets(got, row(label), row(other), n, 256)
				for c := range want {
					if math.Float32bits(got[c]) != math.Float32bits(want[c]) {
						t.Fatalf("share %v of %d for %d: %v, want %v", share, other, label, got, want)
					}
				}
			}
		}
	}
}

// picky refuses one label.
type picky struct {
	Encoder
	label int
}

func (p picky) Encode(dst []float32, e Example) error {
	if e.Info.Label == p.label {
		return errors.New("no target for it")
	}
	return p.Encoder.Encode(dst, e)
}

func TestEncoderErrorsNameTheExample(t *testing.T) {
	d := newTestSet(t, letters(3), infosOf(9, 3))
	rule := imaging.Rule{Width: 6, Height: 5, Channels: 1, Mode: imaging.Stretch}
	for want, encoder := range map[string]Encoder{
		"example 2 (example-2): no target for it":                                   picky{OneHot(3), 2},
		"example 2 (example-2): label 2: want 0 to 1, for the target has 2 classes": OneHot(2),
	} {
		l := &Loader{Dataset: d, Rule: rule, Encoder: encoder, Workers: 3}
		var last error
		for _, err := range l.Batches(t.Context(), sequence(9), 0, 0, 4) {
			last = err
		}
		wantError(t, last, want)
	}
}

// grid is a target of [h,w,c] with a place: for each cell of 2x2 pixels the labels of
// the objects whose middle lies in it, and last the light of the cell.
type grid struct{ rows, columns, classes int }

func (g grid) Size() int { return g.rows * g.columns * (g.classes + 1) }

func (g grid) Encode(dst []float32, e Example) error {
	clear(dst)
	depth := g.classes + 1
	for y := range e.Image.Height {
		for x, v := range e.Image.Row(y) {
			dst[(y/2*g.columns+x/2)*depth+g.classes] += float32(v) / 255
		}
	}
	for _, object := range e.Info.Annotation.(Objects) {
		x, y := (object.Box.X+object.Box.W/2)/512, (object.Box.Y+object.Box.H/2)/512
		dst[(y*g.columns+x)*depth+object.Label] = 1
	}
	return nil
}

// lit are black images of 12x8 pixels with two bright squares of 2x2 each, on even
// places, which are their objects. They are seen in half that size.
func lit(t testing.TB) Dataset {
	t.Helper()
	infos := infosOf(30, 2)
	for i := range infos {
		a := imaging.Box{X: 1024 * (i % 3), Y: 1024 * (i / 3 % 2), W: 1024, H: 1024}
		b := imaging.Box{X: 1024 * ((i + 1) % 3), Y: 1024 * ((i + 1) / 3 % 2), W: 1024, H: 1024}
		infos[i].Annotation = Objects{{i % 2, a}, {1 - i%2, b}}
	}
	d, err := newSet(t.Context(), letters(2), infos, noGrouping, func(i int, _ []uint8) (imaging.Image, error) {
		img := imaging.New(12, 8, 1)
		for _, object := range infos[i].Annotation.(Objects) {
			for y := object.Box.Y / 256; y < (object.Box.Y+object.Box.H)/256; y++ {
				for x := object.Box.X / 256; x < (object.Box.X+object.Box.W)/256; x++ {
					img.Row(y)[x] = 255
				}
			}
		}
		return img, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestTargetsMoveWithTheImage: where the loader resizes, flips and shifts, each cell of
// the target has an object if and only if it is lit.
func TestTargetsMoveWithTheImage(t *testing.T) {
	d := lit(t)
	rule := imaging.Rule{Width: 6, Height: 4, Channels: 1, Mode: imaging.Stretch}
	fitted, err := fitOne(t, d, rule)
	if err != nil || fitted == d {
		t.Fatalf("not fitted: %v", err)
	}
	encoder := grid{2, 3, 2}
	for _, list := range []string{"none", "flip:p=0.5", "flip:p=0.5:direction=vertical", "flip:p=0.5,flip:p=0.5:direction=vertical"} {
		l := &Loader{Dataset: fitted, Rule: rule, Encoder: encoder, Augment: mustParse(t, list), Workers: 2}
		moved := false
		for _, batch := range collect(t, l, sequence(30), 1, 0, 7) {
			for at, i := range batch.Indexes {
				row := batch.Targets[at*encoder.Size() : (at+1)*encoder.Size()]
				plain := make([]float32, encoder.Size())
				e := Example{Info: d.Info(i), Image: imaging.Image{Width: 6, Height: 4, Channels: 1, Pix: batch.Images[at*24 : (at+1)*24]}}
				e.Info.Annotation = e.Info.Annotation.Moved(rule.Motion(12, 8), 6, 4)
				if err := encoder.Encode(plain, e); err != nil {
					t.Fatal(err)
				}
				moved = moved || !slices.Equal(plain, row)
				for cell := range 6 {
					objects, light := row[3*cell]+row[3*cell+1], row[3*cell+2]
					if (objects > 0) != (light > 1) {
						t.Errorf("%s, example %d: cell %d has objects %v and the light %v", list, i, cell, row[3*cell:3*cell+2], light)
					}
				}
			}
		}
		if moved != (list != "none") {
			t.Errorf("%s: moved %v", list, moved)
		}
		l.Dataset = picked{d, sequence(30)} // which has to decode for the size that an image had
		unfitted := collect(t, l, sequence(30), 1, 0, 7)
		l.Dataset = fitted
		if diff := cmp.Diff(collect(t, l, sequence(30), 1, 0, 7), unfitted); diff != "" {
			t.Errorf("%s: targets differ where images were not brought to size before:\n%s", list, diff)
		}
	}
}

// TestTargetsMixLinearly covers targets that are not of ones and zeros alone.
func TestTargetsMixLinearly(t *testing.T) {
	d := lit(t)
	encoder := grid{2, 3, 2}
	rule := imaging.Rule{Width: 6, Height: 4, Channels: 1, Mode: imaging.Stretch}
	plain := collect(t, &Loader{Dataset: d, Rule: rule, Encoder: encoder}, sequence(2), 0, 0, 2)[0]
	mixed := collect(t, &Loader{Dataset: d, Rule: rule, Encoder: encoder, Augment: mustParse(t, "mixup:alpha=4")}, sequence(2), 0, 0, 2)[0]
	size := encoder.Size()
	share := 1 - mixed.Targets[0] // example 0 has an object of label 0 in cell 0, and 1 has none there
	if plain.Targets[0] != 1 || plain.Targets[size] != 0 || share <= 0 || share >= 1 {
		t.Fatalf("share %v of %v and %v", share, plain.Targets[:size], plain.Targets[size:])
	}
	for c := range size {
		if want := plain.Targets[c]*(1-share) + plain.Targets[size+c]*share; math.Abs(float64(mixed.Targets[c]-want)) > 1e-6 {
			t.Errorf("value %d is %v, want %v", c, mixed.Targets[c], want)
		}
	}
}
