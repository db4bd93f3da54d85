// Package imaging holds images as the program sees them and brings files of any
// format, size and channel count to one form. All its arithmetic is on
// integers, so that every machine gets the same pixels.
package imaging

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image"
	"image/png"
	"io"
)

// Image is Height rows of Width pixels of Channels interleaved bytes:
// [H,W,C] in row-major order. Channels is 1 (grey) or 3 (red, green, blue).
type Image struct {
	Width, Height, Channels int
	Pix                     []uint8
}

// New returns a black image.
func New(width, height, channels int) Image {
	return Image{width, height, channels, make([]uint8, width*height*channels)}
}

// Row returns the bytes of row y, [W,C]. It shares memory with the image.
func (m Image) Row(y int) []uint8 {
	n := m.Width * m.Channels
	return m.Pix[y*n : (y+1)*n]
}

// SameShape reports whether both images have one width, height and channel
// count.
func (m Image) SameShape(other Image) bool {
	return m.Width == other.Width && m.Height == other.Height && m.Channels == other.Channels
}

// Digest is the hexadecimal SHA-256 of width, height and channels, each as four
// little-endian bytes, followed by the pixels.
func (m Image) Digest() string {
	h := sha256.New()
	var shape []byte
	for _, n := range []int{m.Width, m.Height, m.Channels} {
		shape = binary.LittleEndian.AppendUint32(shape, uint32(n))
	}
	h.Write(shape)
	h.Write(m.Pix)
	return hex.EncodeToString(h.Sum(nil))
}

// ToImage copies the pixels into an *image.Gray or an opaque *image.NRGBA.
func (m Image) ToImage() image.Image {
	bounds := image.Rect(0, 0, m.Width, m.Height)
	if m.Channels == 1 {
		grey := image.NewGray(bounds)
		copy(grey.Pix, m.Pix)
		return grey
	}
	colour := image.NewNRGBA(bounds)
	for i := range m.Width * m.Height {
		copy(colour.Pix[4*i:], m.Pix[3*i:3*i+3])
		colour.Pix[4*i+3] = 0xff
	}
	return colour
}

// WritePNG encodes the image as an 8-bit grey or RGB PNG file.
func (m Image) WritePNG(w io.Writer) error {
	if err := m.check(); err != nil {
		return err
	}
	return png.Encode(w, m.ToImage())
}

// check reports an image whose fields contradict each other.
func (m Image) check() error {
	if err := checkShape(m.Width, m.Height, m.Channels); err != nil {
		return err
	}
	if want := m.Width * m.Height * m.Channels; len(m.Pix) != want {
		return fmt.Errorf("image of %dx%dx%d has %d bytes, want %d", m.Width, m.Height, m.Channels, len(m.Pix), want)
	}
	return nil
}

func checkShape(width, height, channels int) error {
	if width < 1 || height < 1 || width > maxSide || height > maxSide {
		return fmt.Errorf("image size %dx%d: want 1 to %d pixels a side", width, height, maxSide)
	}
	if width*height > maxPixels {
		return fmt.Errorf("image size %dx%d: want at most %d million pixels", width, height, maxPixels/1_000_000)
	}
	if channels != 1 && channels != 3 {
		return channelsError(channels)
	}
	return nil
}

func channelsError(n int) error { return fmt.Errorf("%d channels: want 1 (grey) or 3 (colour)", n) }

// place copies img onto a black canvas of the given size with its top left
// corner at (left, top); it must fit.
func place(img Image, width, height, left, top int) Image {
	canvas := New(width, height, img.Channels)
	for y := range img.Height {
		copy(canvas.Row(top + y)[left*img.Channels:], img.Row(y))
	}
	return canvas
}

// cut copies the part of img with the given size whose top left corner is at
// (left, top); it must lie inside.
func cut(img Image, width, height, left, top int) Image {
	part := New(width, height, img.Channels)
	for y := range height {
		copy(part.Row(y), img.Row(top + y)[left*img.Channels:])
	}
	return part
}
