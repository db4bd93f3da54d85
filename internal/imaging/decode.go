package imaging

import (
	"fmt"
	"io"
	"os"
)

// Limits against files that are small but unpack to more than a machine holds.
const (
	maxFileBytes = 256 << 20
	maxPixels    = 200_000_000
	maxSide      = 65_535 // what JPEG and GIF can express
)

// DecoderRules names the rules by which files become pixels, as [Decoder.Decode] states
// them. It gets another number whenever a file that was read gives other pixels. Identities
// have it from version 3 of the reproducibility contract on.
const DecoderRules = "blocktrain-1"

// Alpha is what becomes of an image's transparency.
type Alpha string

// The rules for transparency.
const (
	AlphaDrop  Alpha = "drop"  // the colours are taken as they are, as by Pillow's convert
	AlphaBlack Alpha = "black" // composed over black
	AlphaWhite Alpha = "white" // composed over white
)

// Alphas are the rules for transparency by name, the default first.
func Alphas() []string { return []string{string(AlphaDrop), string(AlphaBlack), string(AlphaWhite)} }

// Decoder reads image files. The zero value gives 8 bits whatever a file has.
type Decoder struct {
	// Alpha is what becomes of transparency.
	Alpha Alpha
	// KeepDepth gives the 16 bits of PNG files that have them, as [Image.Wide]. Alpha
	// is composed over black in 16 bits then: round(c*a/65535). All other files are
	// read as without.
	KeepDepth bool
}

// DecodeFile reads the image file at path as [Decoder.Decode] does. An error begins
// with the path and says what is wrong with the file.
func (d Decoder) DecodeFile(path string) (Image, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return Image{}, err
	case !info.Mode().IsRegular(): // to open a pipe would wait for its other end
		return Image{}, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return Image{}, err
	}
	defer f.Close()
	img, err := d.Decode(f)
	if err != nil {
		return Image{}, fmt.Errorf("%s: %w", path, err)
	}
	return img, nil
}

// Decode reads one PNG, JPEG or GIF file, whose format shows in its first
// bytes. The image has 1 channel when the file is greyscale (a grey PNG with or
// without alpha, a one-component JPEG, a palette of greys alone), otherwise 3,
// and is made of the file's samples as follows.
//
//   - 16-bit samples become 8-bit ones, round(v/257), unless KeepDepth is set.
//   - Alpha is composed over black: round(c*a/255), 16-bit samples in one step
//     round(c*a/(65535*257)).
//   - CMYK, and YCCK through it, become RGB: round((255-c)*(255-k)/255) for red
//     from cyan, and so on.
//   - Colour profiles and gamma are not applied.
//   - An EXIF orientation (JPEG APP1, PNG eXIf) is applied, so that the image is
//     upright. An EXIF block that is malformed counts as none.
//   - Of an animation the first frame is taken, on a black canvas of the
//     animation's size.
//
// No rounding above meets a tie. Files of more than 256 MiB, 100 million pixels
// or 65,535 pixels a side are refused before they are unpacked.
func (d Decoder) Decode(r io.Reader) (Image, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err != nil {
		return Image{}, fmt.Errorf("cannot be read: %w", err)
	}
	if len(data) > maxFileBytes {
		return Image{}, fmt.Errorf("file of more than %d MiB: too large for an image", maxFileBytes>>20)
	}
	f, err := sniff(data)
	if err != nil {
		return Image{}, err
	}
	return f.read(data, d)
}

// read decodes a file of the format.
func (f format) read(data []byte, d Decoder) (Image, error) {
	file, err := f.parse(data)
	if err != nil {
		return Image{}, f.explain(err, len(data))
	}
	if err = checkSize(file.width, file.height); err != nil {
		return Image{}, fmt.Errorf("%s file: %w", f.name, err)
	}
	if f.densest > 0 && file.width*file.height/f.densest > len(data) {
		return Image{}, fmt.Errorf("truncated %s file: its %d bytes cannot hold the %dx%d pixels it claims",
			f.name, len(data), file.width, file.height)
	}
	defer budget.take(file.width * file.height * file.memory)()
	samples, err := file.decode(d)
	if err != nil {
		return Image{}, f.explain(err, len(data))
	}
	about := file.metadata()
	samples.Image = upright(samples.Image, about.orientation())
	img := samples.image()
	img.Profile = foreignProfile(about.profile)
	return img, nil
}
