package dataset

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// TestForeseen: what was foreseen is made while the data is opened. The files are removed
// then, so that nothing can be decoded again, and all that is asked for must be as it is
// without foresight.
func TestForeseen(t *testing.T) {
	for name, c := range map[string]struct {
		settings imaging.Rule // 0: as the image
		rule     imaging.Rule // of the input
	}{
		"channels of the data": {
			imaging.Rule{Width: 4, Height: 3, Mode: imaging.Crop, Filter: imaging.PillowBicubic, CropFraction: 8750},
			imaging.Rule{Width: 4, Height: 3, Channels: 3, Mode: imaging.Crop, Filter: imaging.PillowBicubic, CropFraction: 8750},
		},
		"grey": {
			imaging.Rule{Width: 4, Height: 3, Channels: 1, Mode: imaging.Stretch, Filter: imaging.PillowBilinear},
			imaging.Rule{Width: 4, Height: 3, Channels: 1, Mode: imaging.Stretch, Filter: imaging.PillowBilinear},
		},
	} {
		t.Run(name, func(t *testing.T) {
			foreseen := func() *Foreseen {
				return &Foreseen{
					Memory:   1 << 20,
					Measured: func(img imaging.Image) imaging.Rule { return filledIn(c.settings, img) },
					Forms: func(img imaging.Image) []Form {
						rule := filledIn(c.settings, img)
						return []Form{{Rule: rule}, {Rule: rule, Reduced: 5}}
					},
				}
			}
			forms := []Form{{Rule: c.rule}, {Rule: c.rule, Reduced: 5, Of: []int{1, 3, 8}}}
			wantForeseen(t, foreseen, c.rule, forms)
		})
	}
}

// filledIn is a rule whose size and channels are those of an image where it has none.
func filledIn(rule imaging.Rule, img imaging.Image) imaging.Rule {
	if rule.Width == 0 {
		rule.Width, rule.Height = img.Width, img.Height
	}
	if rule.Channels == 0 {
		rule.Channels = img.Channels
	}
	return rule
}

// writeForeseen writes two folders of images of some sizes, grey and in colour, and a damaged
// one.
func writeForeseen(t *testing.T) (dirs []string) {
	t.Helper()
	for n := range 2 {
		dir := t.TempDir()
		for i := range 6 {
			img := testImage(12+i, 30-n, 1+2*(i%2), n+i)
			writePNG(t, filepath.Join(dir, letters(2)[i%2], fmt.Sprint(i)+".png"), img)
		}
		writeFile(t, filepath.Join(dir, letters(2)[0], "0-damaged.png"), []byte("\x89PNG\r\n\x1a\nand so on"))
		dirs = append(dirs, dir)
	}
	return dirs
}

func openForeseen(t *testing.T, dirs []string, mode Mode, f *Foreseen) Dataset {
	t.Helper()
	var opened []Dataset
	for _, dir := range dirs {
		source, _, err := MakeDataset("folder", "")
		if err != nil {
			t.Fatal(err)
		}
		d, err := source.(Filed).WithFiles(FileOptions{SkipCorrupt: true, Foreseen: f}).Open(t.Context(), dir, mode)
		if err != nil {
			t.Fatal(err)
		}
		opened = append(opened, d)
	}
	joined, err := Concat(opened...)
	if err != nil {
		t.Fatal(err)
	}
	return joined
}

// wantForeseen compares statistics and forms with those of datasets without foresight.
func wantForeseen(t *testing.T, foreseen func() *Foreseen, rule imaging.Rule, forms []Form) {
	t.Helper()
	dirs, measured := writeForeseen(t), []int{0, 2, 5, 7, 10}
	plain := openForeseen(t, dirs, ModeDisk, nil)
	wanted, err := Measure(t.Context(), plain, measured, rule)
	if err != nil {
		t.Fatal(err)
	}
	var made [2][]imaging.Image
	for at, form := range forms {
		for i := range plain.Len() {
			img, err := plain.Image(i)
			if err == nil {
				img, err = form.make(img)
			}
			if err != nil {
				t.Fatal(err)
			}
			made[at] = append(made[at], img)
		}
	}
	onDisk, inRAM := openForeseen(t, dirs, ModeDisk, foreseen()), openForeseen(t, dirs, ModeRAM, foreseen())
	for _, dir := range dirs {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []Dataset{onDisk, inRAM} {
		if d.Digest() != plain.Digest() {
			t.Error("foresight changes the digest")
		}
		if got, err := Measure(t.Context(), d, measured, rule); err != nil || !cmp.Equal(got, wanted) {
			t.Errorf("statistics are %+v, want %+v (error %v)", got, wanted, err)
		}
	}
	other := rule
	other.Width++
	if _, err := Measure(t.Context(), onDisk, measured, other); err == nil {
		t.Error("what was measured by one rule is used for another")
	}
	fitted, err := Fit(t.Context(), inRAM, 1<<20, forms...)
	if err != nil {
		t.Fatal(err)
	}
	for at, form := range forms {
		for i := range plain.Len() {
			if form.Of != nil && i != 1 && i != 3 && i != 8 {
				continue
			}
			img, err := fitted[at].Image(i)
			if err == nil {
				img, err = form.make(img)
			}
			if want := made[at][i]; err != nil || !img.SameShape(want) || !bytes.Equal(img.Pix, want.Pix) {
				t.Errorf("form %d of example %d is %v, want %v (error %v)", at, i, img, want, err)
			}
		}
	}
}

// TestForeseenWrongly: what does not fit, has no room or was not foreseen is decoded again.
func TestForeseenWrongly(t *testing.T) {
	dirs := writeForeseen(t)
	rule := imaging.Rule{Width: 12, Height: 30, Channels: 1, Mode: imaging.Stretch} // the size of one image
	asTheyAre := func(img imaging.Image) imaging.Rule { return filledIn(imaging.Rule{Mode: imaging.Stretch}, img) }
	small := func(img imaging.Image) []Form {
		return []Form{{Rule: imaging.Rule{Width: 3, Height: 3, Channels: 1, Mode: imaging.Stretch}}}
	}
	plain := openForeseen(t, dirs, ModeRAM, nil)
	all := make([]int, plain.Len())
	for i := range all {
		all[i] = i
	}
	want, err := Measure(t.Context(), plain, all, rule)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]*Foreseen{
		"sizes of their own": {Measured: asTheyAre},
		"another form":       {Forms: small, Memory: 1 << 20},
		"no room":            {Forms: small, Memory: 20},
	} {
		for _, mode := range []Mode{ModeDisk, ModeRAM} {
			d := openForeseen(t, dirs, mode, f)
			fitted, err := Fit(t.Context(), d, 1<<20, Form{Rule: rule})
			if err != nil {
				t.Fatal(err)
			}
			for _, measured := range []Dataset{d, fitted[0]} {
				if got, err := Measure(t.Context(), measured, all, rule); err != nil || !cmp.Equal(got, want) {
					t.Errorf("%s, %s: statistics are %+v, want %+v (error %v)", name, mode, got, want, err)
				}
			}
		}
	}
}
