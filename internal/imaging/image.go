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

// MaxChannels bounds the channels of an image, those of all its frames together.
const MaxChannels = 16

// Image is Height rows of Width pixels of Channels interleaved values: [H,W,C] in
// row-major order. It is one picture, or several frames of one recording, whose
// channels follow each other in every pixel: each frame has 1 channel (grey) or 3
// (red, green, blue), so that 3 channels are one frame in colour or three grey ones.
type Image struct {
	Width, Height, Channels int
	Pix                     []uint8
	Wide                    []uint16 // instead of Pix: values of 16 bits
	Frames                  int      // pictures in the image; 0 or 1 is a single one
	Levelled                bool     // made by a rule with levels, which must not be applied twice
	Cropped                 bool     // made by a rule with a crop fraction, likewise
	Profile                 string   // name of the colour profile of its file, other than sRGB, which is not applied
	Held                    func()   // what Release calls, for a large image that was decoded; else nil
}

// Release says that a decoded image is not used any longer, or that whoever keeps it counts its
// memory: others that wait to decode large images go on. It may be called again.
func (m Image) Release() {
	if m.Held != nil {
		m.Held()
	}
}

// New returns a black image of one frame.
func New(width, height, channels int) Image {
	return Image{Width: width, Height: height, Channels: channels, Pix: make([]uint8, width*height*channels)}
}

// Black returns a black image of 8 bits with the channels and frames of m in another
// size.
func (m Image) Black(width, height int) Image {
	black := New(width, height, m.Channels)
	black.Frames, black.Levelled, black.Cropped = m.Frames, m.Levelled, m.Cropped
	return black
}

// FrameCount is the number of pictures in the image.
func (m Image) FrameCount() int { return max(1, m.Frames) }

// Colour says whether the image's frames have red, green and blue.
func (m Image) Colour() bool { return m.Channels == 3*m.FrameCount() }

// Bytes is the memory that the pixels take.
func (m Image) Bytes() int { return len(m.Pix) + 2*len(m.Wide) }

// Row returns the bytes of row y, [W,C]. It shares memory with the image.
func (m Image) Row(y int) []uint8 {
	n := m.Width * m.Channels
	return m.Pix[y*n : (y+1)*n]
}

// SameShape reports whether both images have one width, height, channel count and
// number of frames.
func (m Image) SameShape(other Image) bool {
	return m.Width == other.Width && m.Height == other.Height && m.Channels == other.Channels && m.FrameCount() == other.FrameCount()
}

// Frame returns frame n, from 0 on, as an image of its own. It shares memory with the
// image where that has one frame.
func (m Image) Frame(n int) Image {
	frames := m.FrameCount()
	if frames == 1 {
		return m
	}
	each := m.Channels / frames
	one := Image{Width: m.Width, Height: m.Height, Channels: each, Levelled: m.Levelled, Cropped: m.Cropped}
	one.Pix = pick(m.Pix, m.Channels, n*each, each)
	one.Wide = pick(m.Wide, m.Channels, n*each, each)
	return one
}

// pick copies count values at first from every channels values.
func pick[T uint8 | uint16](pix []T, channels, first, count int) []T {
	var picked []T
	for at := first; at+count <= len(pix); at += channels {
		picked = append(picked, pix[at:at+count]...)
	}
	return picked
}

// Picture is the frame in the middle, which stands for the image where one is shown.
// [Rule.Picture] knows which frame is the present one.
func (m Image) Picture() Image { return m.Frame(m.FrameCount() / 2) }

// Digest is the hexadecimal form of [Image.Sum].
func (m Image) Digest() string {
	sum := m.Sum()
	return hex.EncodeToString(sum[:])
}

// Sum is the SHA-256 of width, height and channels, each as four little-endian bytes,
// followed by the pixels. Of several frames, or 16 bits, it is that of width, height,
// channels, frames and bits, and then the values, little-endian.
func (m Image) Sum() [sha256.Size]byte {
	h := sha256.New()
	numbers := []int{m.Width, m.Height, m.Channels}
	if m.Wide != nil {
		numbers = append(numbers, m.FrameCount(), 16)
	} else if m.FrameCount() > 1 {
		numbers = append(numbers, m.FrameCount(), 8)
	}
	var b []byte
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	for _, v := range m.Wide {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	h.Write(b)
	h.Write(m.Pix)
	return [sha256.Size]byte(h.Sum(nil))
}

// ToImage copies the pixels of [Image.Picture] into an *image.Gray or an opaque
// *image.NRGBA, those of 16 bits into an *image.Gray16 or *image.NRGBA64.
func (m Image) ToImage() image.Image {
	m = m.Picture()
	bounds := image.Rect(0, 0, m.Width, m.Height)
	if m.Wide != nil {
		return m.toWideImage(bounds)
	}
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

func (m Image) toWideImage(bounds image.Rectangle) image.Image {
	if m.Channels == 1 {
		grey := image.NewGray16(bounds)
		for i, v := range m.Wide {
			binary.BigEndian.PutUint16(grey.Pix[2*i:], v)
		}
		return grey
	}
	colour := image.NewNRGBA64(bounds)
	for i, v := range m.Wide {
		binary.BigEndian.PutUint16(colour.Pix[i/3*8+i%3*2:], v)
	}
	for i := 6; i < len(colour.Pix); i += 8 {
		binary.BigEndian.PutUint16(colour.Pix[i:], 0xffff)
	}
	return colour
}

// WritePNG encodes the image, of several frames [Image.Picture], as a grey or RGB PNG
// file of 8 bits, or of 16 where that is what it has.
func (m Image) WritePNG(w io.Writer) error {
	if err := m.check(); err != nil {
		return err
	}
	return png.Encode(w, m.ToImage())
}

// check reports an image whose fields contradict each other.
func (m Image) check() error {
	if err := checkSize(m.Width, m.Height); err != nil {
		return err
	}
	if err := checkChannels(m.Channels, m.FrameCount()); err != nil {
		return err
	}
	want := m.Width * m.Height * m.Channels
	switch {
	case m.Wide != nil && m.Pix != nil:
		return fmt.Errorf("image of %dx%dx%d has values of 8 and of 16 bits: want one of them", m.Width, m.Height, m.Channels)
	case m.Wide != nil && len(m.Wide) != want:
		return fmt.Errorf("image of %dx%dx%d has %d values of 16 bits, want %d", m.Width, m.Height, m.Channels, len(m.Wide), want)
	case m.Wide == nil && len(m.Pix) != want:
		return fmt.Errorf("image of %dx%dx%d has %d bytes, want %d", m.Width, m.Height, m.Channels, len(m.Pix), want)
	}
	return nil
}

func checkSize(width, height int) error {
	if width < 1 || height < 1 || width > maxSide || height > maxSide {
		return fmt.Errorf("image size %dx%d: want 1 to %d pixels a side", width, height, maxSide)
	}
	if width*height > maxPixels {
		return fmt.Errorf("image size %dx%d: want at most %d million pixels", width, height, maxPixels/1_000_000)
	}
	return nil
}

// checkChannels reports a number of channels that so many frames cannot have.
func checkChannels(channels, frames int) error {
	switch {
	case frames > MaxChannels:
		return fmt.Errorf("%d frames: want at most %d, which is the limit of channels", frames, MaxChannels)
	case (channels == frames || channels == 3*frames) && channels <= MaxChannels:
		return nil
	case frames == 1 && channels <= MaxChannels:
		return fmt.Errorf("%d channels: want 1 (grey) or 3 (colour)", channels)
	}
	want := fmt.Sprintf("%d (grey)", frames)
	if 3*frames <= MaxChannels {
		want += fmt.Sprintf(" or %d (colour)", 3*frames)
	}
	if channels > MaxChannels {
		want += fmt.Sprintf(", and never more than %d", MaxChannels)
	}
	noun := "frames"
	if frames == 1 {
		noun = "frame"
	}
	return fmt.Errorf("%d channels for %d %s: want %s", channels, frames, noun, want)
}

// place copies img onto a black canvas of the given size with its top left
// corner at (left, top); it must fit.
func place(img Image, width, height, left, top int) Image {
	canvas := img.Black(width, height)
	for y := range img.Height {
		copy(canvas.Row(top + y)[left*img.Channels:], img.Row(y))
	}
	return canvas
}

// cut copies the part of img with the given size whose top left corner is at
// (left, top); it must lie inside.
func cut(img Image, width, height, left, top int) Image {
	part := img.Black(width, height)
	for y := range height {
		copy(part.Row(y), img.Row(top + y)[left*img.Channels:])
	}
	return part
}
