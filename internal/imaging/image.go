// Package imaging holds images as the program sees them and brings files of any
// format, size and channel count to one form. All its arithmetic is on
// integers, so that every machine gets the same pixels.
package imaging

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
