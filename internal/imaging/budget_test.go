package imaging

import (
	"bytes"
	"encoding/binary"
	"image"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMemoryIsShared: large images wait for each other, small ones do not, one that takes more
// than there is takes all, and what an image takes when it is decoded counts until it is
// released.
func TestMemoryIsShared(t *testing.T) {
	m := newMemory(100 << 20)
	first := m.take(60 << 20)
	if small := m.take(largeImage - 1); small != nil || small.decoded(5) != nil {
		t.Error("a small image takes of the memory")
	}
	got := make(chan *taken)
	go func() { got <- m.take(500 << 20) }()
	waits := func() {
		t.Helper()
		select {
		case <-got:
			t.Fatal("more memory was given than there is")
		case <-time.After(20 * time.Millisecond):
		}
	}
	waits()
	release := first.decoded(10 << 20)
	waits()
	release()
	second := <-got
	if m.free.TryAcquire(1) {
		t.Error("the largest image does not take all")
	}
	release()
	release = second.decoded(30 << 20)
	if !m.free.TryAcquire(70<<20) || m.free.TryAcquire(1) {
		t.Error("an image that is decoded does not count by its own bytes")
	}
	m.free.Release(70 << 20)
	release()
	if m.take(100<<20).decoded(0) != nil {
		t.Error("there is something to release of a file that is damaged")
	}
}

// TestKeptImagesDoNotBlock: nobody waits for ever for images that are kept.
func TestKeptImagesDoNotBlock(t *testing.T) {
	m := newMemory(100 << 20)
	m.patience = time.Millisecond
	m.take(80 << 20).decoded(80 << 20) // and never released
	if got := m.take(50 << 20); got != nil {
		t.Error("more memory was given than there is")
	}
}

// TestLargeImagesAreReleased: a large image that was decoded counts until it is released, and
// one that cannot be decoded does not count.
func TestLargeImagesAreReleased(t *testing.T) {
	large := encodePNG(t, image.NewGray(image.Rect(0, 0, 4000, 4000)))
	free := func() bool {
		ok := budget.free.TryAcquire(memoryBudget)
		if ok {
			budget.free.Release(memoryBudget)
		}
		return ok
	}
	img, err := Decoder{}.decode(large)
	if err != nil || img.Held == nil || free() {
		t.Fatalf("a large image does not count (%v)", err)
	}
	img.Release()
	img.Release()
	if _, err := (Decoder{}).decode(large[:len(large)/2]); err == nil || !free() {
		t.Errorf("a damaged image counts (%v)", err)
	}
}

// TestHostileSizes refuses headers that claim more than is allowed, without taking the
// memory.
func TestHostileSizes(t *testing.T) {
	le16, le32 := binary.LittleEndian.AppendUint16, binary.LittleEndian.AppendUint32
	bitmap := func(width, height uint32) []byte {
		b := append([]byte("BM"), make([]byte, 8)...)
		b = le32(le32(b, 54), 40)
		b = le32(le32(b, width), height)
		b = le16(le16(b, 1), 24)
		return append(b, make([]byte, 24)...)
	}
	tags := func(fields ...uint32) []byte {
		b := le16([]byte("II*\x00\x08\x00\x00\x00"), uint16(len(fields)/2))
		for i := 0; i < len(fields); i += 2 {
			b = le32(le32(le16(le16(b, uint16(fields[i])), 4), 1), fields[i+1])
		}
		return le32(b, 0)
	}
	lossless := func(width, height uint32) []byte {
		b := le32([]byte("RIFF\x16\x00\x00\x00WEBPVP8L"), 10)
		return append(le32(append(b, 0x2f), width-1|(height-1)<<14), make([]byte, 5)...)
	}
	screen := le16(le16([]byte("GIF89a"), 65535), 65535)
	for _, test := range []struct {
		name string
		file []byte
		want string
	}{
		{"BMP", bitmap(60000, 60000), "want at most 200 million pixels"},
		{"BMP without its pixels", bitmap(10000, 10000), "cannot hold the 10000x10000 pixels it claims"},
		{"BMP of negative width", bitmap(1<<31, 5), "want 1 to 65535 pixels a side"},
		{"BMP of least height", bitmap(5, 1<<31), "want 1 to 65535 pixels a side"},
		{"TIFF", tags(tagWidth, 60000, tagHeight, 60000, tagPhotometric, 1), "want at most 200 million pixels"},
		{"TIFF of no size", tags(tagPhotometric, 1), "image size 0x0"},
		{"TIFF of huge tiles", tags(tagWidth, 9, tagHeight, 9, tagPhotometric, 1, tagTileWidth, 1<<31, tagTileHeight, 1<<31), "blocks of 2147483648x2147483648 pixels"},
		{"TIFF of wide tiles", tags(tagWidth, 1, tagHeight, 65535, tagBits, 8, tagPhotometric, 1, tagTileWidth, 65536, tagTileHeight, 1), "its blocks unpack to 4294 MB: want at most 1600"},
		{"TIFF of samples of no use", tags(tagWidth, 14000, tagHeight, 14000, tagBits, 16, tagPhotometric, 1, tagSamples, 16), "its blocks unpack to 6272 MB: want at most 1600"},
		{"TIFF of many samples", tags(tagWidth, 9, tagHeight, 9, tagBits, 8, tagPhotometric, 2, tagSamples, 1<<31), "samples a pixel: want 1 to 16"},
		{"WebP", lossless(16384, 16384), "want at most 200 million pixels"},
		{"GIF", append(screen, "\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x08\x00"...), "want at most 200 million pixels"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Decoder{}.Decode(bytes.NewReader(test.file))
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 4<<20 {
			t.Errorf("%s: %d MB of memory were taken", test.name, taken>>20)
		}
	}
}

// TestHostileMetadata reads files of very many chunks and segments beside their pixels, which
// must take no more memory, and so time, than a few of them.
func TestHostileMetadata(t *testing.T) {
	packed := deflated(t, make([]byte, maxMetadata))
	repeated := func(n int, name, head string, content []byte) []byte {
		return bytes.Repeat(chunkOf(name, append([]byte(head), content...)), n)
	}
	pixel := func(before ...[]byte) []byte { return rawPNG(t, 1, 1, 8, 0, []byte{0, 9}, before...) }
	segment := append([]byte("\xff\xe1\xea\x68Exif\x00\x00"), make([]byte, 60_000)...)
	photo := encodeJPEG(t, image.NewGray(image.Rect(0, 0, 9, 7)))
	for _, test := range []struct {
		name string
		file []byte
		most uint64 // bytes
	}{
		{"PNG of packed EXIF", pixel(repeated(60, "zTXt", "exif\x00\x00", packed)), 64 << 20},
		{"PNG of packed texts", pixel(repeated(60, "zTXt", "note\x00\x00", packed)), 2 << 20},
		{"PNG of packed profiles", pixel(repeated(60, "iCCP", "name\x00\x00", packed)), 64 << 20},
		{"PNG of empty chunks", pixel(repeated(100_000, "IDAT", "", nil)), 8 << 20},
		{"JPEG of EXIF segments", slices.Concat(photo[:2], bytes.Repeat(segment, 200), photo[2:]), 32 << 20},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Decoder{}.decode(test.file)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if taken := after.TotalAlloc - before.TotalAlloc; taken > test.most {
			t.Errorf("%s: %d MB of memory were taken, want at most %d", test.name, taken>>20, test.most>>20)
		}
	}
}

// TestManyFields reads a directory of as many fields as there can be, in a time that does not
// grow with their square.
func TestManyFields(t *testing.T) {
	block := []byte("II*\x00\x08\x00\x00\x00\xff\xff")
	for tag := range uint16(0xffff) {
		block = append(block, byte(tag), byte(tag>>8), 3, 0, 1, 0, 0, 0, 6, 0, 0, 0)
	}
	began := time.Now()
	d := readDirectory(block)
	if took := time.Since(began); took > time.Second/2 || len(d.entries) != 0xffff {
		t.Errorf("%d fields in %v", len(d.entries), took)
	}
}

// TestForeignFormats names the kinds of images that are recognised and not read.
func TestForeignFormats(t *testing.T) {
	for head, want := range map[string]string{
		"\x00\x00\x00\x1cftypavif":                         "AVIF file: not supported, convert it to PNG or JPEG",
		"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avif": "AVIF file: not supported, convert it to PNG or JPEG",
		"\x00\x00\x00\x14ftypmif1\x00\x00\x00\x00mif1avif": "HEIC file: not supported, convert it to PNG or JPEG", // behind the list of brands
		"\x00\x00\x00\x03ftypmif1":                         "HEIC file: not supported, convert it to PNG or JPEG",
		"<!DOCTYPE html><html>":                            "HTML page: not supported, perhaps its download failed: fetch the image again",
		"version https://git-lfs.github.com/spec/v1\noid":  "Git LFS pointer: not supported, fetch the image itself by git lfs pull",
		"\x00\x00\x00\x18ftypheic":                         "HEIC file: not supported, convert it to PNG or JPEG",
		"\x00\x00\x00\x18ftypmif1":                         "HEIC file: not supported, convert it to PNG or JPEG",
		"\xff\x0a\xfa":                                     "JPEG XL file: not supported, convert it to PNG or JPEG",
		"II+\x00\x08\x00":                                  "BigTIFF file: not supported, convert it to plain TIFF or PNG",
		"P6\n1 1\n255\nabc":                                "Netpbm file: not supported, convert it to PNG or JPEG",
		"8BPS\x00\x01":                                     "Photoshop file: not supported, convert it to PNG or JPEG",
		"RIFF\x1e\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00ANIM\x00\x00\x00\x00": "animated WebP file: not supported, save one frame of it as PNG or WebP",
	} {
		if _, err := (Decoder{}).Decode(strings.NewReader(head)); errorText(err) != want {
			t.Errorf("%q: %v, want %s", head, err, want)
		}
	}
}

// TestUnreadKinds changes golden files into kinds of their formats that are not read, or into
// damaged ones.
func TestUnreadKinds(t *testing.T) {
	tag := func(tag, value uint16) func([]byte) []byte {
		return func(b []byte) []byte {
			at := bytes.Index(b, binary.LittleEndian.AppendUint16(nil, tag))
			binary.LittleEndian.PutUint16(b[at+8:], value)
			return b
		}
	}
	put := func(at int, v byte) func([]byte) []byte {
		return func(b []byte) []byte { b[at] = v; return b }
	}
	kind := func(tag, kind uint16) func([]byte) []byte {
		return func(b []byte) []byte {
			at := bytes.Index(b, binary.LittleEndian.AppendUint16(nil, tag))
			binary.LittleEndian.PutUint16(b[at+2:], kind)
			return b
		}
	}
	otherSum := func(b []byte) []byte { // of the first strip
		d := readDirectory(b)
		b[d.numbers(tagStripOffsets)[0]+d.numbers(tagStripByteCounts)[0]-1] ^= 1
		return b
	}
	cut := func(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:len(b)-n] } }
	for _, test := range []struct {
		file   string
		change func([]byte) []byte
		want   string
	}{
		{"rgbx.tif", tag(tagCompression, 7), "TIFF file with JPEG compression: not supported, save it uncompressed, or convert it to PNG"},
		{"rgbx.tif", tag(tagPhotometric, 8), "TIFF file with L*a*b* colours: not supported, convert it to PNG or JPEG"},
		{"rgbx.tif", cut(10), "truncated TIFF file: its data end early"},
		{"white-is-zero8.tif", tag(tagBits, 16), "TIFF file of 16 bits in which 0 is white: not supported, which programs read in two ways"},
		{"white-is-zero8.tif", tag(tagBits, 12), "TIFF file with samples of 12 bits: not supported, convert it to samples of 8 or 16 bits"},
		{"colour-tiff_adobe_deflate.tif", cut(200), "TIFF file"},
		{"colour-tiff_adobe_deflate.tif", otherSum, "corrupt TIFF file: invalid checksum"},
		{"rgbx.tif", kind(tagPhotometric, 99), "corrupt TIFF file: its field 262 is damaged"},
		{"rgbx.tif", kind(tagPhotometric, 2), "corrupt TIFF file: its field 262 has 1 values of kind 2, which it cannot have"},
		{"rows24.bmp", put(28, 48), "BMP file of 48 bits a pixel: not supported, convert it to PNG or JPEG"},
		{"rows8.bmp", put(30, 1), "compressed BMP file: not supported, convert it to PNG or JPEG"},
		{"rows24.bmp", cut(10), "truncated BMP file: its data end early"},
		{"rows24.bmp", put(14, 41), "corrupt BMP file: a header of 41 bytes"},
		{"colour.gif", cut(20), "truncated GIF file: its data end early"},
		{"frame-on-canvas.gif", put(25, 0x77), "corrupt GIF file: unknown block type: 0x77"},
		{"lossy.webp", cut(20), "truncated WebP file: its data end early"},
		{"lossless.webp", cut(20), "truncated WebP file: its data end early"},
		{"lossy-alpha.webp", put(47, 0xff), "corrupt WebP file: "},
		{"lossy-alpha.webp", put(12, 'X'), `corrupt WebP file: its first chunk is "XP8X"`},
		{"lossy.webp", put(5, 99), "truncated WebP file: its data end early"},
		{"lossy.webp", put(20, 0x08), "corrupt WebP file: its frame is of an unknown version"},
		{"lossy-alpha.webp", put(24, 99), "corrupt WebP file: its picture has 13x9 pixels, and its canvas 100x9"},
	} {
		data := readGolden(t, test.file)
		if _, err := (Decoder{}).Decode(bytes.NewReader(test.change(data))); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.file, err, test.want)
		}
	}
}
