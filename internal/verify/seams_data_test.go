package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/predict"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// drawn is a dataset that a test draws.
type drawn struct {
	images  []imaging.Image
	infos   []dataset.Info
	offsets []int // of the frames; nil for single pictures
}

func (d *drawn) Len() int                           { return len(d.images) }
func (d *drawn) Info(i int) dataset.Info            { return d.infos[i] }
func (d *drawn) Source(i int) string                { return fmt.Sprintf("drawn/%d", i) }
func (d *drawn) Image(i int) (imaging.Image, error) { return d.images[i], nil }
func (d *drawn) Classes() []string                  { return []string{"one", "two"} }
func (d *drawn) FrameOffsets() []int                { return d.offsets }

func (d *drawn) Digest() string {
	h := sha256.New()
	for i, img := range d.images {
		h.Write([]byte{byte(d.infos[i].Label)})
		h.Write(img.Pix)
		if a := d.infos[i].Annotation; a != nil {
			h.Write(a.AppendBinary(nil))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Open implements dataset.Source.
func (d *drawn) Open(context.Context, string, dataset.Mode) (dataset.Dataset, error) { return d, nil }

func addDrawn(t *testing.T, d *drawn) {
	t.Helper()
	dataset.AddForTest(t, "drawn", config.Module[dataset.Source]{Doc: "drawn by a test", New: func(*config.Options) (dataset.Source, error) { return d, nil }})
}

// TestSeamNineChannels tells dots that move right from dots that move left, which no
// single picture shows: three frames in colour.
func TestSeamNineChannels(t *testing.T) {
	const side, channels = 8, 9
	d := &drawn{offsets: []int{-4, 0, 4}}
	for i := range 80 {
		img := imaging.New(side, side, channels)
		img.Frames = 3
		label := i % 2
		for frame := range 3 {
			x := 2 + (i/2)%4 + (frame-1)*(1-2*label)
			at := ((i/8)%side*side + x) * channels
			img.Pix[at+3*frame], img.Pix[at+3*frame+1], img.Pix[at+3*frame+2] = 255, uint8(100+i), 200
		}
		d.images, d.infos = append(d.images, img), append(d.infos, dataset.Info{Label: label})
	}
	addDrawn(t, d)
	c := carry(t, "dataset=drawn", "model=cnn", "augment=shift:pixels=1", "epochs=12", "batch-size=8", "visualizations=all")
	if in := c.record.Identity.Input; in.Channels != channels || !slices.Equal(in.Frames, d.offsets) || in.Colour() != true {
		t.Errorf("the input is %+v", in)
	}
	if got := c.testAccuracy(t); got < 0.9 {
		t.Errorf("test accuracy %v: want the movement seen", got)
	}
	if got := c.packaged(t, "config.pbtxt"); !strings.Contains(got, "dims: [ 8, 8, 9 ]") {
		t.Errorf("Triton is told of another size:\n%s", got)
	}
	c.checkModel(t, []string{`"frames":[-4,0,4]`}, "Image.BitmapPixelFormat")
}

// TestSeamDeepImages trains on a folder of images of 16 bits that differ within one step
// of 8 bits, which --levels spread over all.
func TestSeamDeepImages(t *testing.T) {
	const low, high = 0x1200, 0x12c0
	data := filepath.Join(t.TempDir(), "data")
	for i := range 60 {
		writeDeep(t, filepath.Join(data, []string{"cold", "warm"}[i%2], fmt.Sprintf("%02d.png", i)), uint16(low+20+100*(i%2)+i/4), i)
	}
	c := carry(t, "dataset=folder", "data-dir="+data, fmt.Sprintf("levels=%d,%d", low, high), "model=linear", "augment=flip", "epochs=6", "batch-size=6")
	if l := c.record.Identity.Input.Levels; l == nil || l.Low != low || l.High != high {
		t.Errorf("the levels are %+v", l)
	}
	if got := c.testAccuracy(t); got != 1 {
		t.Errorf("test accuracy %v: want the 16 bits seen", got)
	}
	p, err := predict.Open(t.Context(), logging.Discard(), runtest.MustResolve(t, "workers=1"), predict.Request{Model: c.pack, Inputs: []string{filepath.Join(data, "warm")}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for prediction, err := range p.All(t.Context()) {
		if err != nil || prediction.Error != "" || prediction.Label != "warm" {
			t.Fatalf("got %+v, error %v", prediction, err)
		}
	}
}

// writeDeep writes an image of 16 bits, 8x8 pixels around a value.
func writeDeep(t *testing.T, path string, value uint16, i int) {
	t.Helper()
	img := image.NewGray16(image.Rect(0, 0, 8, 8))
	for at := range 64 {
		img.SetGray16(at%8, at/8, color.Gray16{Y: value + uint16((at*7+i)%20)})
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
