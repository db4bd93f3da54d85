package imaging

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/imaging/jpeg"
)

// Limits against files that are small but unpack to more than a machine holds.
const (
	maxFileBytes = 256 << 20
	maxPixels    = 100_000_000
	maxSide      = 65_535 // what JPEG and GIF can express
	// maxPixelsPerByte is above what deflate can do with one-bit pixels
	// (8 * 1032), the densest of all the formats. A header that claims more
	// cannot be followed by its pixels.
	maxPixelsPerByte = 10_000
)

// format is a file format that can be read.
type format struct {
	name   string
	magics []string
	config func(data []byte) (image.Config, error)
	decode func(data []byte, keepDepth bool) (samples, error)
	exif   func(data []byte) []byte // the TIFF block with the orientation, or nil
}

var formats = []format{
	{"PNG", []string{pngMagic}, configBy(png.DecodeConfig), decodePNG, pngExif},
	{"JPEG", []string{"\xff\xd8\xff"}, configJPEG, decodeJPEG, jpegExif},
	{"GIF", []string{"GIF87a", "GIF89a"}, configBy(gif.DecodeConfig), decodeGIF, func([]byte) []byte { return nil }},
}

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

// IsFileName says whether a file is an image by the end of its name.
func IsFileName(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png", ".jpg", ".jpeg", ".gif":
		return true
	}
	return false
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
	return f.read(data, d.KeepDepth)
}

// sniff finds the format of a file by its first bytes.
func sniff(data []byte) (format, error) {
	if len(data) == 0 {
		return format{}, errors.New("empty file: want a PNG, JPEG or GIF file")
	}
	for _, f := range formats {
		for _, magic := range f.magics {
			if bytes.HasPrefix(data, []byte(magic)) {
				return f, nil
			}
		}
	}
	if name := foreignFormat(data); name != "" {
		return format{}, fmt.Errorf("%s file: not supported, convert it to PNG or JPEG", name)
	}
	return format{}, fmt.Errorf("not a PNG, JPEG or GIF file: starts with %q", data[:min(8, len(data))])
}

// foreignFormat names common formats that are not supported.
func foreignFormat(data []byte) string {
	is := func(at int, magic string) bool {
		return len(data) >= at+len(magic) && string(data[at:at+len(magic)]) == magic
	}
	switch {
	case is(0, "RIFF") && is(8, "WEBP"):
		return "WebP"
	case is(0, "II*\x00"), is(0, "MM\x00*"):
		return "TIFF"
	case is(0, "BM"):
		return "BMP"
	case is(4, "ftypheic"), is(4, "ftypheix"), is(4, "ftypmif1"):
		return "HEIF"
	case is(4, "ftypavif"):
		return "AVIF"
	}
	return ""
}

func (f format) read(data []byte, keepDepth bool) (Image, error) {
	config, err := f.config(data)
	if err != nil {
		return Image{}, f.explain(err, len(data))
	}
	if err = checkSize(config.Width, config.Height); err != nil {
		return Image{}, fmt.Errorf("%s file: %w", f.name, err)
	}
	if config.Width*config.Height/maxPixelsPerByte > len(data) {
		return Image{}, fmt.Errorf("truncated %s file: its %d bytes cannot hold the %dx%d pixels it claims",
			f.name, len(data), config.Width, config.Height)
	}
	samples, err := f.decode(data, keepDepth)
	if err != nil {
		return Image{}, f.explain(err, len(data))
	}
	samples.Image = upright(samples.Image, orientation(f.exif(data)))
	return samples.image(), nil
}

// configBy reads the header with a decoder that takes a reader.
func configBy(read func(io.Reader) (image.Config, error)) func([]byte) (image.Config, error) {
	return func(data []byte) (image.Config, error) { return read(bytes.NewReader(data)) }
}

func decodePNG(data []byte, keepDepth bool) (samples, error) {
	src, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return samples{}, err
	}
	s, err := convert(src, keepDepth)
	if pngIsGrey(data) {
		s = s.firstChannel()
	}
	return s, err
}

// decodeGIF places the first frame on a black canvas of the animation's size.
func decodeGIF(data []byte, keepDepth bool) (samples, error) {
	config, err := gif.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return samples{}, err
	}
	src, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return samples{}, err
	}
	s, err := convert(src, keepDepth)
	if err == nil && (s.Width != config.Width || s.Height != config.Height) {
		at := src.Bounds().Min
		s.Image = place(s.Image, config.Width, config.Height, at.X, at.Y)
	}
	return s, err
}

// explain turns a decoder's error into a reason that a user can act on.
func (f format) explain(err error, size int) error {
	var (
		badPNG          png.FormatError
		unsupportedPNG  png.UnsupportedError
		badJPEG         *jpeg.DamagedError
		unsupportedJPEG *jpeg.UnsupportedError
	)
	switch {
	case errors.As(err, &badJPEG), errors.As(err, &unsupportedJPEG):
		return err
	case endsEarly(err):
		return fmt.Errorf("truncated %s file: its data end early, it has %d bytes", f.name, size)
	case errors.As(err, &unsupportedPNG):
		return fmt.Errorf("%w: save the file again as a plain PNG or JPEG", err)
	case errors.As(err, &badPNG):
		return fmt.Errorf("corrupt PNG file: %s", string(badPNG))
	}
	return fmt.Errorf("corrupt %s file: %s", f.name, strings.TrimPrefix(err.Error(), strings.ToLower(f.name)+": "))
}

// endsEarly recognises that the data ran out, which most places in the decoders
// say by text alone.
func endsEarly(err error) bool {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	for _, text := range []string{"EOF", "not enough image data", "not enough pixel data"} {
		if strings.HasSuffix(err.Error(), text) {
			return true
		}
	}
	return false
}
