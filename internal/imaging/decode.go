package imaging

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
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
	// KeepDepth gives the 16 bits of PNG and TIFF files that have them, as [Image.Wide].
	// Alpha, unless it is dropped, is composed in 16 bits then: round(c*a/65535). All other
	// files are read as without.
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
	data, err := readFile(path, info.Size())
	if err != nil {
		return Image{}, err
	}
	defer fileBuffers.Put(data)
	img, err := d.decode(data.Bytes())
	if err != nil {
		return Image{}, fmt.Errorf("%s: %w", path, err)
	}
	return img, nil
}

// fileBuffers are what files were read into, since training reads the files again and again.
// What is decoded shares no memory with them.
var fileBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// readFile reads the file at path, which has about size bytes, into a buffer that the caller
// gives back.
func readFile(path string, size int64) (*bytes.Buffer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := fileBuffers.Get().(*bytes.Buffer)
	data.Reset()
	data.Grow(int(min(size, maxFileBytes)) + bytes.MinRead)
	if _, err := data.ReadFrom(io.LimitReader(f, maxFileBytes+1)); err != nil {
		return nil, err
	}
	return data, nil
}

// Decode reads one PNG, JPEG, GIF, WebP, BMP or TIFF file, whose format shows in its first
// bytes. The image has 1 channel when the file is greyscale (a grey PNG or TIFF with or
// without alpha, a one-component JPEG, a palette of greys alone), otherwise 3. Its bytes are
// those of Pillow's Image.open, ImageOps.exif_transpose and convert("RGB") or ("L"), but for
// the exceptions:
//
//   - JPEG files are decoded as by libjpeg-turbo's defaults (package jpeg), lossy WebP files
//     as by libwebp's.
//   - 16-bit samples v become v>>8, unless KeepDepth is set. Pillow clips those of grey
//     files to 255: an exception.
//   - Alpha is dropped, and so is the transparency of a palette or of one colour. With
//     AlphaBlack each colour c becomes round(c*a/255) instead, with AlphaWhite
//     round(c*a/255) + 255 - a; of 16-bit samples their 8 bits are composed. Colours
//     that a TIFF file stores with alpha composed already are divided by it: min(255,
//     255*c/a) rounded down, unless alpha is composed.
//   - CMYK, and YCCK through it, become RGB: round((255-c)*(255-k)/255) for red from cyan,
//     and so on. JPEG files store the complements, whatever programs they are of.
//   - Colour profiles and gamma are not applied. [Image.Profile] names a profile.
//   - The orientation is applied, so that the image is upright: that of EXIF (JPEG APP1, PNG
//     eXIf and ImageMagick's profiles, WebP, TIFF), otherwise that of XMP. An EXIF block is
//     read as far as it is well formed.
//   - Of a GIF animation the first frame is taken, on a canvas of its transparent colour,
//     or of the first one in its palette. Animated WebP files are refused: an exception.
//
// No rounding to nearest meets a tie. Files of more than 256 MiB, 200 million pixels or
// 65,535 pixels a side are refused before they are unpacked. Large images that are decoded
// at the same time wait for each other rather than taking more than a gigabyte.
func (d Decoder) Decode(r io.Reader) (Image, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err != nil {
		return Image{}, fmt.Errorf("cannot be read: %w", err)
	}
	return d.decode(data)
}

// decode decodes a file that is in memory.
func (d Decoder) decode(data []byte) (Image, error) {
	if len(data) > maxFileBytes {
		return Image{}, fmt.Errorf("file of more than %d MiB: too large for an image", maxFileBytes>>20)
	}
	f, err := sniff(data)
	if err != nil {
		return Image{}, err
	}
	return f.read(data, d)
}

// Pixels is how many pixels the image file in data claims to have. It unpacks nothing. An
// error is one that Decode has too.
func Pixels(data []byte) (int, error) {
	f, err := sniff(data)
	if err != nil {
		return 0, err
	}
	header, err := f.parse(data)
	if err != nil {
		return 0, f.explain(err, len(data))
	}
	return header.width * header.height, nil
}

// read decodes a file of the format.
func (f format) read(data []byte, d Decoder) (img Image, err error) {
	header, err := f.parse(data)
	if err != nil {
		return Image{}, f.explain(err, len(data))
	}
	if err = checkSize(header.width, header.height); err != nil {
		return Image{}, fmt.Errorf("%s file: %w", f.name, err)
	}
	if f.densest > 0 && header.width*header.height/f.densest > len(data) {
		return Image{}, fmt.Errorf("truncated %s file: its %d bytes cannot hold the %dx%d pixels it claims",
			f.name, len(data), header.width, header.height)
	}
	held := budget.take(header.width * header.height * header.memory)
	defer func() { img.Held = held.decoded(len(img.Pix) + 2*len(img.Wide)) }()
	pixels, err := header.decode(d)
	if err != nil {
		return Image{}, f.explain(err, len(data))
	}
	about := header.metadata()
	pixels.Image = upright(pixels.Image, about.orientation())
	img = pixels.image()
	img.Profile = foreignProfile(about.profile)
	return img, nil
}
