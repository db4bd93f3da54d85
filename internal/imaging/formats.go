package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image/png"
	"io"
	"strings"

	"github.com/blocktrain/blocktrain/internal/imaging/jpeg"
)

// Formats are the formats that are read, for messages.
const Formats = "PNG, JPEG, GIF, WebP, BMP or TIFF"

// format is a file format that can be read.
type format struct {
	name   string
	magics []string // of which a file begins with one
	// densest is how many pixels a byte of a file can hold at most: a header that claims more
	// cannot be followed by its pixels. 0: any number.
	densest int
	parse   func(data []byte) (file, error)
}

// file is an encoded image whose header has been read.
type file struct {
	width, height int // as stored, in pixels
	// memory is how many bytes a pixel takes while it is decoded, in planes and result.
	memory   int
	decode   func(d Decoder) (samples, error)
	metadata func() metadata
}

// formats are tried in their order. The numbers of pixels a byte are above 8*1032 for
// deflate with pixels of one bit, 4096*8/12 for LZW, and 512 for a bit a block of JPEG. What
// TIFF's fax coding, and lossless WebP, can do has no bound.
var formats = []format{
	{"PNG", []string{pngMagic}, 10_000, parsePNG},
	{"JPEG", []string{"\xff\xd8\xff"}, 10_000, parseJPEG},
	{"GIF", []string{"GIF87a", "GIF89a"}, 10_000, parseGIF},
	{"WebP", []string{"RIFF????WEBP"}, 0, parseWebP},
	{"BMP", []string{"BM"}, 10_000, parseBMP},
	{"TIFF", []string{"II*\x00", "MM\x00*", "II\x00*", "MM*\x00"}, 0, parseTIFF},
}

// sniff finds the format of a file by its first bytes.
func sniff(data []byte) (format, error) {
	if len(data) == 0 {
		return format{}, errors.New("empty file: want a " + Formats + " file")
	}
	for _, f := range formats {
		for _, magic := range f.magics {
			if begins(data, magic) {
				return f, nil
			}
		}
	}
	if hasBrand(data, "avif") || hasBrand(data, "avis") {
		return format{}, &unreadError{"AVIF file", toPNG}
	}
	for _, f := range foreignFormats {
		for _, magic := range f.magics {
			if begins(data, magic) {
				return format{}, &unreadError{f.kind, f.advice}
			}
		}
	}
	return format{}, fmt.Errorf("not a %s file: starts with %q", Formats, data[:min(8, len(data))])
}

// hasBrand says whether a file of ISO's base media format (ISO/IEC 14496-12, 4.3) lists a brand.
// HEIC files and some of AVIF have the same first one.
func hasBrand(data []byte, brand string) bool {
	if !begins(data, "????ftyp") {
		return false
	}
	box := data[8:max(8, min(uint64(binary.BigEndian.Uint32(data)), uint64(len(data))))]
	for ; len(box) >= 4; box = box[4:] {
		if string(box[:4]) == brand {
			return true
		}
	}
	return false
}

// begins says whether data begins with magic, in which ? is any byte.
func begins(data []byte, magic string) bool {
	if len(data) < len(magic) {
		return false
	}
	for i := range magic {
		if magic[i] != '?' && magic[i] != data[i] {
			return false
		}
	}
	return true
}

// unreadError is a valid file of a kind that is not read.
type unreadError struct{ kind, advice string }

func (e *unreadError) Error() string { return e.kind + ": not supported, " + e.advice }

// What to do with files that are not read.
const (
	toPNG    = "convert it to PNG or JPEG"
	toFrame  = "save one frame of it as PNG or WebP"
	toRender = "render it to PNG in the size that is wanted"
)

// foreignFormats are kinds of images that are recognised and not read.
var foreignFormats = []struct {
	kind, advice string
	magics       []string
}{
	{"HEIC file", toPNG, []string{"????ftyphei", "????ftyphev", "????ftypmif1", "????ftypmsf1"}},
	{"JPEG XL file", toPNG, []string{"\xff\x0a", "\x00\x00\x00\x0cJXL \r\n\x87\n"}},
	{"JPEG 2000 file", toPNG, []string{"\x00\x00\x00\x0cjP  ", "\xff\x4f\xff\x51"}},
	{"BigTIFF file", "convert it to plain TIFF or PNG", []string{"II+\x00", "MM\x00+"}},
	{"JPEG XR file", toPNG, []string{"II\xbc"}},
	{"Canon raw file", toPNG, []string{"????ftypcrx"}},
	{"Photoshop file", toPNG, []string{"8BPS"}},
	{"GIMP file", toPNG, []string{"gimp xcf"}},
	{"DDS file", toPNG, []string{"DDS "}},
	{"OpenEXR file", toPNG, []string{"v/1\x01"}},
	{"Radiance file", toPNG, []string{"#?RADIANCE"}},
	{"QOI file", toPNG, []string{"qoif"}},
	{"Netpbm file", toPNG, []string{"P1\n", "P2\n", "P3\n", "P4\n", "P5\n", "P6\n", "P7\n", "P5 ", "P6 "}},
	{"icon file", toPNG, []string{"\x00\x00\x01\x00", "icns"}},
	{"TGA file or cursor", toPNG, []string{"\x00\x00\x02\x00"}},
	{"FITS file", toPNG, []string{"SIMPLE  ="}},
	{"MNG file", toFrame, []string{"\x8aMNG"}},
	{"SVG file", toRender, []string{"<svg"}},
	{"XML file, perhaps SVG", toRender, []string{"<?xml"}},
	{"HTML page", "perhaps its download failed: fetch the image again", []string{"<!DOCTYPE html", "<!doctype html", "<html"}},
	{"Git LFS pointer", "fetch the image itself by git lfs pull", []string{"version https://git-lfs"}},
	{"PDF file", toRender, []string{"%PDF-"}},
}

// explain turns a decoder's error into a reason that a user can act on.
func (f format) explain(err error, size int) error {
	var (
		badPNG         png.FormatError
		unsupportedPNG png.UnsupportedError
		badJPEG        *jpeg.DamagedError
		otherJPEG      *jpeg.UnsupportedError
		unread         *unreadError
	)
	switch {
	case errors.As(err, &badJPEG), errors.As(err, &otherJPEG), errors.As(err, &unread):
		return err
	case endsEarly(err):
		return fmt.Errorf("truncated %s file: its data end early, it has %d bytes", f.name, size)
	case errors.As(err, &unsupportedPNG):
		return fmt.Errorf("%w: save the file again as a plain PNG or JPEG", err)
	case errors.As(err, &badPNG):
		return fmt.Errorf("corrupt PNG file: %s", string(badPNG))
	}
	text := err.Error()
	for _, prefix := range []string{"vp8: ", "vp8l: ", "webp: ", "lzw: ", "zlib: ", "ccitt: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return fmt.Errorf("corrupt %s file: %s", f.name, text)
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

// until0 cuts data at its first zero byte.
func until0(data []byte) (before, after []byte) {
	before, after, _ = bytes.Cut(data, []byte{0})
	return before, after
}
