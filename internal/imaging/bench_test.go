package imaging

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// BenchmarkDecode decodes a picture of 400x533 in each format, and for comparison by the
// standard library or golang.org/x/image, with the conversion to the bytes of an RGB image that
// each of them needs.
func BenchmarkDecode(b *testing.B) {
	picture := image.NewNRGBA(image.Rect(0, 0, 400, 533))
	for i := range picture.Pix {
		x, y := i/4%400, i/1600
		picture.Pix[i] = uint8(x*(i%4+1)/3 + y/2 + (x*y)>>6&15)
		if i%4 == 3 {
			picture.Pix[i] = 255
		}
	}
	var asJPEG, asGIF, asBMP, asTIFF bytes.Buffer
	paletted := image.NewPaletted(picture.Rect, grid())
	draw.Draw(paletted, picture.Rect, picture, image.Point{}, draw.Src)
	for _, err := range []error{
		jpeg.Encode(&asJPEG, picture, &jpeg.Options{Quality: 90}), gif.Encode(&asGIF, paletted, nil),
		bmp.Encode(&asBMP, picture), tiff.Encode(&asTIFF, picture, &tiff.Options{Compression: tiff.Deflate, Predictor: true}),
	} {
		if err != nil {
			b.Fatal(err)
		}
	}
	asPNG := encodePNG(b, picture)
	for _, c := range []struct {
		name  string
		file  []byte
		other func([]byte) (image.Image, error)
	}{
		{"JPEG", asJPEG.Bytes(), decoderOf(jpeg.Decode)},
		{"PNG", asPNG, decoderOf(png.Decode)},
		{"GIF", asGIF.Bytes(), decoderOf(gif.Decode)},
		{"WebP", webpOf(b, asPNG, "-q", "90"), decoderOf(webp.Decode)},
		{"WebP-lossless", webpOf(b, asPNG, "-lossless"), decoderOf(webp.Decode)},
		{"BMP", asBMP.Bytes(), decoderOf(bmp.Decode)},
		{"TIFF", asTIFF.Bytes(), decoderOf(tiff.Decode)},
	} {
		if c.file == nil {
			continue
		}
		b.Run(c.name+"/own", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := (Decoder{}).decode(c.file); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/library", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m, err := c.other(c.file)
				if err != nil {
					b.Fatal(err)
				}
				rgba := image.NewRGBA(m.Bounds())
				draw.Draw(rgba, rgba.Rect, m, image.Point{}, draw.Src)
				dst := make([]uint8, 400*533*3)
				dropFourthRow(dst, rgba.Pix)
			}
		})
	}
}

func grid() (p color.Palette) {
	for i := range 216 {
		p = append(p, color.RGBA{uint8(i % 6 * 51), uint8(i / 6 % 6 * 51), uint8(i / 36 * 51), 255})
	}
	return p
}

func decoderOf(decode func(io.Reader) (image.Image, error)) func([]byte) (image.Image, error) {
	return func(data []byte) (image.Image, error) { return decode(bytes.NewReader(data)) }
}

// webpOf has cwebp encode a PNG file; nil where it is not installed.
func webpOf(b *testing.B, file []byte, args ...string) []byte {
	dir := b.TempDir()
	in, out := filepath.Join(dir, "in.png"), filepath.Join(dir, "out.webp")
	if err := os.WriteFile(in, file, 0o600); err != nil {
		b.Fatal(err)
	}
	if exec.Command("cwebp", append(args, "-quiet", in, "-o", out)...).Run() != nil {
		return nil
	}
	data, err := os.ReadFile(out)
	if err != nil {
		b.Fatal(err)
	}
	return data
}
