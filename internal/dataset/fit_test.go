package dataset

import (
	"bytes"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// TestFit checks that images are kept as the network sees them and no longer as they
// were, with the same bits whether or not they were brought to size before.
func TestFit(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"} {
		writePNG(t, dir+"/"+name, testImage(40+len(name), 30, 3, int(name[4])))
	}
	disk, err := openFolder(t, dir, "", ModeDisk)
	if err != nil {
		t.Fatal(err)
	}
	folder := mustOpenFolder(t, dir, "")
	drawn, err := (&digitsSource{count: 20, testCount: 10}).Open(t.Context(), "", ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	joined, err := Concat(folder, drawn)
	if err != nil {
		t.Fatal(err)
	}
	rule := imaging.Rule{Width: 9, Height: 7, Channels: 1, Mode: imaging.Letterbox}
	fitted, err := fitOne(t, joined, rule)
	if err != nil {
		t.Fatal(err)
	}
	if fitted.Digest() != joined.Digest() || fitted.Len() != joined.Len() || detail(fitted).grouping() != detail(joined).grouping() {
		t.Error("the fitted dataset is another one")
	}
	cropped := imaging.Rule{Width: 7, Height: 7, Channels: 1, Mode: imaging.Crop, Filter: imaging.PillowBicubic, CropFraction: 8750}
	fittedCropped, err := fitOne(t, joined, cropped)
	if err != nil {
		t.Fatal(err)
	}
	for i := range disk.Len() {
		want, err := loadImage(detail(disk), i, cropped, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := loadImage(detail(fittedCropped), i, cropped, nil); err != nil || !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("image %d, cropped, is %v, want %v (error %v)", i, got.Pix, want.Pix, err)
		}
	}
	for i := range disk.Len() {
		if folder.(*set).kept.images[i] != nil || drawn.(*set).kept.images[i] != nil {
			t.Errorf("image %d is still kept in full size", i)
		}
		want, err := loadImage(detail(disk), i, rule, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := loadImage(detail(fitted), i, rule, nil)
		if err != nil || !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("image %d is %v, want %v (error %v)", i, got.Pix, want.Pix, err)
		}
		whole, err := joined.Image(i)
		if err != nil || whole.Height != 30 {
			t.Errorf("image %d of the original is %dx%d, error %v", i, whole.Width, whole.Height, err)
		}
	}
	larger := imaging.Rule{Width: 100, Height: 100, Channels: 3, Mode: imaging.Stretch}
	whole := mustOpenFolder(t, dir, "")
	if same, err := fitOne(t, whole, larger); err != nil || same != whole {
		t.Errorf("images are kept in a larger size than they have (error %v)", err)
	}
	whole.(*set).kept.images[2], whole.(*set).kept.budget = nil, 1 // as if there had been no room
	if other, err := fitOne(t, whole, larger); err != nil || other == whole {
		t.Errorf("what had no room at first is not kept (error %v)", err)
	}
}

// TestFitServed checks that images are not kept twice where one form can be made of the other,
// with the same bits.
func TestFitServed(t *testing.T) {
	dir := t.TempDir()
	for at, name := range []string{"cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"} {
		writePNG(t, dir+"/"+name, testImage(90+7*at, 80, 3, at))
	}
	disk, err := openFolder(t, dir, "", ModeDisk)
	if err != nil {
		t.Fatal(err)
	}
	rule := imaging.Rule{Width: 21, Height: 21, Channels: 3, Mode: imaging.Crop, Filter: imaging.PillowBicubic, CropFraction: 8750}
	forms := []Form{{Rule: rule}, {Rule: rule, Reduced: 24, Of: []int{0, 2}}}
	foreseen := &Foreseen{Forms: func(imaging.Image) []Form { return forms }, Memory: 1 << 20}
	for _, early := range []*Foreseen{nil, foreseen} {
		made, _, err := MakeDataset("folder", "")
		if err != nil {
			t.Fatal(err)
		}
		source, err := made.(Filed).WithFiles(FileOptions{Classes: 2, Foreseen: early}).Open(t.Context(), dir, ModeRAM)
		if err != nil {
			t.Fatal(err)
		}
		need, err := FitBytes(source, forms...)
		if err != nil {
			t.Fatal(err)
		}
		// Of 90x80 and 104x80 pixels, and of two that are used in one form alone.
		if want := int64(3 * (27*24 + 31*24 + 2*21*21)); need != want {
			t.Errorf("%d bytes are needed, want %d", need, want)
		}
		fitted, err := Fit(t.Context(), source, need, forms...)
		if err != nil {
			t.Fatal(err)
		}
		if plain, reduced := fitted[0].(ram).kept, fitted[1].(ram).kept; plain.count() != 2 || reduced.count() != 2 {
			t.Errorf("%d and %d images are kept, want 2 and 2", plain.count(), reduced.count())
		}
		for i := range disk.Len() {
			want, err := loadImage(detail(disk), i, rule, nil)
			if err != nil {
				t.Fatal(err)
			}
			for at := range 2 { // the first must leave what is kept as it was
				got, err := loadImage(detail(fitted[0]), i, rule, nil)
				if err != nil || !bytes.Equal(got.Pix, want.Pix) {
					t.Errorf("image %d, for the time %d, is %v, want %v (error %v)", i, at, got.Pix, want.Pix, err)
				}
				got.Release()
			}
		}
	}
}
