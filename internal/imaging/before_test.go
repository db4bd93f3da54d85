package imaging

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

func TestDecodedOtherwise(t *testing.T) {
	bounds := image.Rect(0, 0, 2, 2)
	asPNG := func(m image.Image) []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	var asJPEG, asGIF bytes.Buffer
	if err := jpeg.Encode(&asJPEG, image.NewGray(bounds), nil); err != nil {
		t.Fatal(err)
	}
	palette := color.Palette{color.NRGBA{1, 2, 3, 255}, color.NRGBA{4, 5, 6, 255}}
	if err := gif.Encode(&asGIF, image.NewPaletted(bounds, palette), nil); err != nil {
		t.Fatal(err)
	}
	opaque := image.NewNRGBA(bounds)
	for i := range opaque.Pix {
		opaque.Pix[i] = 255
	}
	for _, test := range []struct {
		name      string
		data      []byte
		keepDepth bool
		want      string
	}{
		{"grey", asPNG(image.NewGray(bounds)), false, ""},
		{"colour", asPNG(opaque), false, ""},
		{"palette", asPNG(image.NewPaletted(bounds, palette)), false, ""},
		{"palette with transparency", asPNG(image.NewPaletted(bounds, append(palette, color.NRGBA{7, 8, 9, 0}))), false, ""},
		{"alpha", asPNG(image.NewNRGBA(bounds)), false, ""},
		{"16 bits", asPNG(image.NewGray16(bounds)), false, "a PNG file of 16 bits"},
		{"16 bits that stay", asPNG(image.NewGray16(bounds)), true, ""},
		{"JPEG", asJPEG.Bytes(), false, "a JPEG file"},
		{"GIF", asGIF.Bytes(), false, "a GIF file"},
		{"BMP", []byte("BM"), false, "a BMP file"},
		{"another", []byte("text"), false, "a file that is no PNG, JPEG or GIF"},
		{"upright", withPNGExif(asPNG(image.NewGray(bounds)), exif(binary.BigEndian, 1)), false, ""},
		{"turned", withPNGExif(asPNG(image.NewGray(bounds)), exif(binary.BigEndian, 6)), false, "a PNG file with an orientation"},
		{"cut off", []byte(pngMagic), false, ""},
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, test.data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := DecodedOtherwise(path, test.keepDepth); err != nil || got != test.want {
			t.Errorf("%s: %q, %v, want %q", test.name, got, err, test.want)
		}
	}
}
