package imaging

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	ownjpeg "github.com/blocktrain/blocktrain/internal/imaging/jpeg"
)

func encodePNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeGIF(t testing.TB, g *gif.GIF) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func chunkOf(name string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func deflated(t testing.TB, data []byte) []byte {
	t.Helper()
	var body bytes.Buffer
	z := zlib.NewWriter(&body)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return body.Bytes()
}

// rawPNG writes a PNG of any colour type; each row begins with its filter byte.
func rawPNG(t testing.TB, width, height int, depth, colourType byte, rows []byte, extra ...[]byte) []byte {
	t.Helper()
	header := binary.BigEndian.AppendUint32(nil, uint32(width))
	header = binary.BigEndian.AppendUint32(header, uint32(height))
	header = append(header, depth, colourType, 0, 0, 0)
	file := append([]byte(pngMagic), chunkOf("IHDR", header)...)
	for _, chunk := range extra {
		file = append(file, chunk...)
	}
	file = append(file, chunkOf("IDAT", deflated(t, rows))...)
	return append(file, chunkOf("IEND", nil)...)
}

func set(m interface {
	image.Image
	Set(x, y int, c color.Color)
}, colours ...color.Color,
) image.Image {
	for i, c := range colours {
		m.Set(i%m.Bounds().Dx(), i/m.Bounds().Dx(), c)
	}
	return m
}

// frame is a 2x1 GIF frame at (1, 1) of a larger canvas.
func frame(palette ...color.Color) *gif.GIF {
	m := image.NewPaletted(image.Rect(1, 1, 3, 2), palette)
	m.Pix = []uint8{1, 2}
	return &gif.GIF{Image: []*image.Paletted{m}, Delay: []int{0}, Config: image.Config{Width: 3, Height: 2}}
}

func TestDecodeSamples(t *testing.T) {
	two := image.Rect(0, 0, 2, 1)
	rgb := func(v ...uint8) []uint8 { return v }
	tests := []struct {
		name string
		file []byte
		want Image
	}{
		{"grey", encodePNG(t, set(image.NewGray(two), color.Gray{7}, color.Gray{255})), imageOf(2, 1, 1, rgb(7, 255))},
		{
			"grey 16 bit",
			encodePNG(t, set(image.NewGray16(image.Rect(0, 0, 4, 1)), color.Gray16{128}, color.Gray16{129}, color.Gray16{0xfeff}, color.Gray16{0xffff})),
			imageOf(4, 1, 1, rgb(0, 0, 254, 255)),
		},
		{"grey 1 bit", rawPNG(t, 2, 1, 1, 0, []byte{0, 0x40}), imageOf(2, 1, 1, rgb(0, 255))},
		{"grey with alpha", rawPNG(t, 2, 1, 8, 4, []byte{0, 200, 128, 77, 255}), imageOf(2, 1, 1, rgb(200, 77))},
		{
			"grey with a transparent value",
			rawPNG(t, 2, 1, 8, 0, []byte{0, 200, 77}, chunkOf("tRNS", []byte{0, 200})), imageOf(2, 1, 1, rgb(200, 77)),
		},
		{
			"colour", encodePNG(t, set(image.NewRGBA(two), color.RGBA{1, 2, 3, 255}, color.RGBA{9, 9, 9, 255})),
			imageOf(2, 1, 3, rgb(1, 2, 3, 9, 9, 9)),
		},
		{
			"alpha", encodePNG(t, set(image.NewNRGBA(two), color.NRGBA{255, 100, 3, 128}, color.NRGBA{9, 9, 9, 0})),
			imageOf(2, 1, 3, rgb(255, 100, 3, 9, 9, 9)),
		},
		{
			"16 bit", rawPNG(t, 1, 1, 16, 2, []byte{0, 0, 128, 0, 129, 0xff, 0xff}),
			imageOf(1, 1, 3, rgb(0, 0, 255)),
		},
		{
			"16 bit alpha", rawPNG(t, 1, 1, 16, 6, []byte{0, 0xff, 0xff, 0x80, 0, 0, 0, 0x80, 0}),
			imageOf(1, 1, 3, rgb(255, 128, 0)),
		},
		{
			"palette", encodePNG(t, set(image.NewPaletted(two, color.Palette{color.NRGBA{200, 100, 50, 128}, color.Black}))),
			imageOf(2, 1, 3, rgb(200, 100, 50, 200, 100, 50)),
		},
		{
			"palette of greys", encodePNG(t, set(image.NewPaletted(two, color.Palette{color.Gray{5}, color.White}))),
			imageOf(2, 1, 1, rgb(5, 5)),
		},
		{
			"GIF frame on its canvas", encodeGIF(t, frame(color.Black, color.RGBA{255, 0, 0, 255}, color.RGBA{0, 0, 9, 255})),
			imageOf(3, 2, 3, rgb(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0, 9)),
		},
		{"grey GIF", encodeGIF(t, frame(color.Black, color.White, color.Gray{9})), imageOf(3, 2, 1, rgb(0, 0, 0, 0, 255, 9))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Decoder{}.Decode(bytes.NewReader(test.file))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestAlpha composes transparency of each format that has it, over both colours.
func TestAlpha(t *testing.T) {
	wide := rawPNG(t, 1, 1, 16, 6, []byte{0, 0xff, 0xff, 0x80, 0, 0, 0, 0x80, 0})
	half := color.NRGBA{200, 100, 50, 128}
	tests := []struct {
		name         string
		file         []byte
		depth        bool
		black, white Image
	}{
		{"colour", encodePNG(t, set(image.NewNRGBA(image.Rect(0, 0, 1, 1)), half)), false, imageOf(1, 1, 3, []uint8{100, 50, 25}), imageOf(1, 1, 3, []uint8{227, 177, 152})},
		{"grey", rawPNG(t, 1, 1, 8, 4, []byte{0, 200, 128}), false, imageOf(1, 1, 1, []uint8{100}), imageOf(1, 1, 1, []uint8{227})},
		{
			"a transparent value", rawPNG(t, 2, 1, 8, 0, []byte{0, 200, 77}, chunkOf("tRNS", []byte{0, 200})), false,
			imageOf(2, 1, 1, []uint8{0, 77}), imageOf(2, 1, 1, []uint8{255, 77}),
		},
		{
			"palette", encodePNG(t, set(image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{half, color.Black}))), false,
			imageOf(1, 1, 3, []uint8{100, 50, 25}), imageOf(1, 1, 3, []uint8{227, 177, 152}),
		},
		{"16 bits", wide, false, imageOf(1, 1, 3, []uint8{128, 64, 0}), imageOf(1, 1, 3, []uint8{255, 191, 127})},
		{
			"16 bits that stay", wide, true,
			Image{Width: 1, Height: 1, Channels: 3, Wide: []uint16{0x8000, 0x4000, 0}}, Image{Width: 1, Height: 1, Channels: 3, Wide: []uint16{0xffff, 0xbfff, 0x7fff}},
		},
		{
			"GIF", encodeGIF(t, frame(color.Black, color.RGBA{}, color.RGBA{0, 0, 9, 255})), false,
			imageOf(3, 2, 3, []uint8{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}),
			imageOf(3, 2, 3, []uint8{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 9}),
		},
	}
	for _, test := range tests {
		for alpha, want := range map[Alpha]Image{AlphaBlack: test.black, AlphaWhite: test.white} {
			got, err := Decoder{Alpha: alpha, KeepDepth: test.depth}.Decode(bytes.NewReader(test.file))
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s over %s: error %v, -want +got:\n%s", test.name, alpha, err, diff)
			}
		}
	}
}

// TestAlphaOfGolden: composing changes the files that have transparency, and gives the same
// from two formats that store the same pixels.
func TestAlphaOfGolden(t *testing.T) {
	over := func(name string, a Alpha) string {
		img, err := Decoder{Alpha: a}.DecodeFile("testdata/golden/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return pixelDigest(img)
	}
	for _, name := range []string{"lossy-alpha.webp", "lossless-alpha.webp", "rgba.bmp", "alpha-raw.tif", "greyalpha-tiff_lzw.tif", "rgb-premultiplied.tif", "rgb16-premultiplied-big.tif"} {
		if drop, black, white := over(name, AlphaDrop), over(name, AlphaBlack), over(name, AlphaWhite); drop == black || black == white || white == drop {
			t.Errorf("%s: transparency changes nothing", name)
		}
	}
	for _, a := range []Alpha{AlphaDrop, AlphaBlack, AlphaWhite} {
		if over("lossless-alpha.webp", a) != over("alpha-packbits.tif", a) || over("colour.bmp", a) != over("colour-raw.tif", a) {
			t.Errorf("the same pixels differ by their format with %s", a)
		}
	}
}

// checkNear fails where a pixel of a lossy file is far from what was stored.
func checkNear(t *testing.T, img Image, x, y int, want ...uint8) {
	t.Helper()
	got := img.Row(y)[x*img.Channels : (x+1)*img.Channels]
	for c := range want {
		if abs(int(got[c])-int(want[c])) > 3 {
			t.Errorf("pixel (%d,%d) is %v, want about %v", x, y, got, want)
			return
		}
	}
}

func TestDecodeJPEG(t *testing.T) {
	colour := image.NewNRGBA(image.Rect(0, 0, 17, 9))
	grey := image.NewGray(colour.Rect)
	for i := range grey.Pix {
		grey.Pix[i] = 99
		copy(colour.Pix[4*i:], []uint8{200, 100, 50, 255})
	}
	for _, test := range []struct {
		name string
		src  image.Image
		want []uint8
	}{{"colour", colour, []uint8{200, 100, 50}}, {"grey", grey, []uint8{99}}} {
		img, err := Decoder{}.Decode(bytes.NewReader(encodeJPEG(t, test.src)))
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if img.Width != 17 || img.Height != 9 || img.Channels != len(test.want) {
			t.Fatalf("%s: shape %dx%dx%d", test.name, img.Width, img.Height, img.Channels)
		}
		checkNear(t, img, 16, 8, test.want...)
	}
}

// TestDecodeJPEGByOwnDecoder: the pixels are those of package jpeg, which enlarges reduced
// colour planes otherwise than the standard library does.
func TestDecodeJPEGByOwnDecoder(t *testing.T) {
	src := image.NewNRGBA(image.Rect(0, 0, 33, 17))
	for i := range src.Pix {
		src.Pix[i] = uint8(i * i / 7)
	}
	file := encodeJPEG(t, src)
	want, err := ownjpeg.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decoder{}.Decode(bytes.NewReader(file))
	if err != nil || !bytes.Equal(got.Pix, want.Pix) {
		t.Errorf("other pixels, or error %v", err)
	}
	standard, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 33 * 17 {
		r, g, b, _ := standard.At(i%33, i/33).RGBA()
		if !bytes.Equal(got.Pix[3*i:3*i+3], []uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}) {
			return
		}
	}
	t.Error("the pixels are those of the standard library")
}

// TestRefusedJPEGNamesItsFile: what package jpeg refuses reaches the user with the path.
func TestRefusedJPEGNamesItsFile(t *testing.T) {
	file := encodeJPEG(t, image.NewGray(image.Rect(0, 0, 8, 8)))
	sof := bytes.Index(file, []byte{0xff, 0xc0})
	for marker, want := range map[byte]string{
		0xc9: "JPEG file with arithmetic coding: not supported, convert it to PNG or to a baseline JPEG",
		0xc3: "JPEG file with lossless coding: not supported, convert it to PNG or to a baseline JPEG",
		0xc5: "JPEG file with hierarchical coding: not supported, convert it to PNG or to a baseline JPEG",
	} {
		path := filepath.Join(t.TempDir(), "photo.jpg")
		changed := slices.Clone(file)
		changed[sof+1] = marker
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := (Decoder{}).DecodeFile(path); errorText(err) != path+": "+want {
			t.Errorf("error %q, want %q", errorText(err), path+": "+want)
		}
	}
}

// testdata/cmyk.jpg was written by Pillow: (C,M,Y,K) is (200,40,0,30) on the
// left half and (0,0,160,100) on the right one.
func TestDecodeCMYK(t *testing.T) {
	file, err := os.ReadFile("testdata/cmyk.jpg")
	if err != nil {
		t.Fatal(err)
	}
	img, err := Decoder{}.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	checkNear(t, img, 2, 2, 49, 190, 225)
	checkNear(t, img, 12, 2, 155, 155, 58)

	// The same samples read as YCCK: Adobe's transform byte says 2.
	transform := bytes.Index(file, []byte("Adobe")) + 11
	file[transform] = 2
	ycck, err := Decoder{}.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	checkNear(t, ycck, 2, 2, 19, 225, 41)
	checkNear(t, ycck, 12, 2, 28, 12, 0)
}

// exif is a TIFF block with the given orientation between two other tags.
func exif(order binary.AppendByteOrder, orientation uint16) []byte {
	b := []byte("II")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM")
	}
	b = order.AppendUint16(b, 42)
	b = order.AppendUint32(b, 8)
	entries := [][2]uint16{{0x0100, 640}, {0x0112, orientation}, {0x0128, 2}}
	b = order.AppendUint16(b, uint16(len(entries)))
	for _, e := range entries {
		b = order.AppendUint16(b, e[0])
		b = order.AppendUint16(b, 3)
		b = order.AppendUint32(b, 1)
		b = order.AppendUint16(b, e[1])
		b = order.AppendUint16(b, 0)
	}
	return order.AppendUint32(b, 0)
}

func withPNGExif(file, tiff []byte) []byte {
	const afterHeader = 8 + 25
	return slices.Concat(file[:afterHeader], chunkOf("eXIf", tiff), file[afterHeader:])
}

func withJPEGExif(file, tiff []byte) []byte {
	segment := append([]byte("Exif\x00\x00"), tiff...)
	app1 := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(segment)+2))
	comment := []byte{0xff, 0xfe, 0, 4, 'h', 'i'}
	return slices.Concat(file[:2], comment, app1, segment, file[2:])
}

func TestOrientation(t *testing.T) {
	stored := encodePNG(t, &image.Gray{Pix: []uint8{1, 2, 3, 4, 5, 6}, Stride: 3, Rect: image.Rect(0, 0, 3, 2)})
	wants := []Image{
		1: imageOf(3, 2, 1, []uint8{1, 2, 3, 4, 5, 6}),
		2: imageOf(3, 2, 1, []uint8{3, 2, 1, 6, 5, 4}),
		3: imageOf(3, 2, 1, []uint8{6, 5, 4, 3, 2, 1}),
		4: imageOf(3, 2, 1, []uint8{4, 5, 6, 1, 2, 3}),
		5: imageOf(2, 3, 1, []uint8{1, 4, 2, 5, 3, 6}),
		6: imageOf(2, 3, 1, []uint8{4, 1, 5, 2, 6, 3}),
		7: imageOf(2, 3, 1, []uint8{6, 3, 5, 2, 4, 1}),
		8: imageOf(2, 3, 1, []uint8{3, 6, 2, 5, 1, 4}),
		9: imageOf(3, 2, 1, []uint8{1, 2, 3, 4, 5, 6}), // no such orientation
	}
	for value := 1; value < len(wants); value++ {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			got, err := Decoder{}.Decode(bytes.NewReader(withPNGExif(stored, exif(order, uint16(value)))))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wants[value], got); diff != "" {
				t.Errorf("orientation %d, %v: -want +got:\n%s", value, order, diff)
			}
		}
	}
}

func TestJPEGOrientation(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 24, 8))
	for i := range m.Pix {
		if i%24 < 8 {
			m.Pix[i] = 250
		}
	}
	file := withJPEGExif(encodeJPEG(t, m), exif(binary.BigEndian, 8))
	img, err := Decoder{}.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if img.Width != 8 || img.Height != 24 {
		t.Fatalf("%dx%d, want 8x24", img.Width, img.Height)
	}
	checkNear(t, img, 4, 20, 250)
	checkNear(t, img, 4, 4, 0)
}

func TestMalformedExifCountsAsNone(t *testing.T) {
	good := exif(binary.LittleEndian, 6)
	change := func(at int, v byte) []byte {
		b := slices.Clone(good)
		b[at] = v
		return b
	}
	const entry = 8 + 2 + 12 // the orientation's
	for name, block := range map[string][]byte{
		"empty":             {},
		"header alone":      good[:8],
		"cut short":         good[:entry+9],
		"no value":          change(entry+4, 0),
		"byte order":        change(0, 'X'),
		"magic":             change(2, 43),
		"directory outside": change(7, 0xff),
		"type":              change(entry+2, 1),
		"value":             change(entry+8, 0),
	} {
		if got := (metadata{exif: block}).orientation(); got != 1 {
			t.Errorf("%s: orientation %d, want 1", name, got)
		}
	}
	if got := (metadata{exif: good}).orientation(); got != 6 {
		t.Errorf("well formed: orientation %d, want 6", got)
	}
	for name, block := range map[string][]byte{
		"more entries than fit": change(8, 200),
		"type":                  change(entry+2, 4),
		"count":                 change(entry+4, 2),
		"signature":             append([]byte(exifSignature+exifSignature), good...),
	} {
		if got := (metadata{exif: block}).orientation(); got != 6 {
			t.Errorf("%s: orientation %d, want 6 as by Pillow", name, got)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	grey := image.NewGray(image.Rect(0, 0, 40, 30))
	for i := range grey.Pix {
		grey.Pix[i] = uint8(i * i)
	}
	pngFile, jpegFile := encodePNG(t, grey), encodeJPEG(t, grey)
	gifFile := encodeGIF(t, frame(color.Black, color.White, color.Gray{9}))
	bad := func(b []byte, at int, v byte) []byte {
		b = slices.Clone(b)
		b[at] = v
		return b
	}
	huge := slices.Clone(pngFile)
	binary.BigEndian.PutUint32(huge[16:], 60000)
	binary.BigEndian.PutUint32(huge[20:], 60000)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	sof, huffman := bytes.Index(jpegFile, []byte{0xff, 0xc0}), bytes.Index(jpegFile, []byte{0xff, 0xc4})

	tests := []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "empty file: want a PNG, JPEG, GIF, WebP, BMP or TIFF file"},
		{"text", []byte("some words"), `not a PNG, JPEG, GIF, WebP, BMP or TIFF file: starts with "some wor"`},
		{"BMP", []byte("BM\x00\x00"), "truncated BMP file: its data end early, it has 4 bytes"},
		{"WebP", []byte("RIFF\x0e\x00\x00\x00WEBPVP8 \x02\x00\x00\x00aa"), "truncated WebP file: its data end early, it has 22 bytes"},
		{"TIFF", []byte("II*\x00\x08"), "truncated TIFF file: its data end early, it has 5 bytes"},
		{"magic alone", pngFile[:8], "truncated PNG file: its data end early, it has 8 bytes"},
		{"truncated PNG", pngFile[:len(pngFile)/2], "truncated PNG file: its data end early, it has"},
		{"PNG without its end", pngFile[:len(pngFile)-12], "truncated PNG file: its data end early, it has"},
		{"truncated JPEG header", jpegFile[:100], "damaged JPEG file: it ends after 100 bytes, before the end of the image"},
		{"truncated JPEG", jpegFile[:len(jpegFile)-20], "damaged JPEG file: the data of a scan ends before its last block"},
		{"truncated GIF", gifFile[:len(gifFile)-4], "truncated GIF file: its data end early, it has"},
		{"PNG checksum", bad(pngFile, 30, pngFile[30]^1), "corrupt PNG file: invalid checksum"},
		{"JPEG table", bad(jpegFile, huffman+4, 0x45), "damaged JPEG file: it has a Huffman table of class 4 and number 5"},
		{"GIF colours", bad(gifFile, bytes.IndexByte(gifFile, ','), 0x7f), "corrupt GIF file: unknown block type: 0x7f"},
		{"arithmetic JPEG", bad(jpegFile, sof+1, 0xc9), "JPEG file with arithmetic coding: not supported, convert it to PNG or to a baseline JPEG"},
		{"too many pixels", huge, "PNG file: image size 60000x60000: want at most 200 million pixels"},
		{"bomb", rawPNG(t, 9999, 9999, 8, 0, nil), "bytes cannot hold the 9999x9999 pixels it claims"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Decoder{}.Decode(bytes.NewReader(test.file))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestDecodeReadsNoMoreThanTheLimit(t *testing.T) {
	_, err := Decoder{}.Decode(endless{})
	if err == nil || !strings.Contains(err.Error(), "file of more than 256 MiB") {
		t.Errorf("error %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestDecodeFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "photo.jpg")
	if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := (Decoder{}).DecodeFile(path)
	want := path + `: not a PNG, JPEG, GIF, WebP, BMP or TIFF file: starts with "hello"`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if _, err := (Decoder{}).DecodeFile(filepath.Join(dir, "none.png")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := (Decoder{}).DecodeFile(dir); err == nil || !strings.HasSuffix(err.Error(), "is not a regular file") {
		t.Errorf("directory: %v", err)
	}
	if err := os.WriteFile(path, encodePNG(t, image.NewGray(image.Rect(0, 0, 2, 3))), 0o600); err != nil {
		t.Fatal(err)
	}
	img, err := (Decoder{}).DecodeFile(path) // a wrong extension does not matter
	if err != nil || img.Height != 3 {
		t.Errorf("%v, %v", img, err)
	}
}

func TestWritePNGRoundTrip(t *testing.T) {
	for _, img := range []Image{gradient(5, 4, 1), gradient(5, 4, 3)} {
		var b bytes.Buffer
		if err := img.WritePNG(&b); err != nil {
			t.Fatal(err)
		}
		got, err := Decoder{}.Decode(&b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(img, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	if err := imageOf(2, 2, 1, make([]uint8, 3)).WritePNG(io.Discard); err == nil {
		t.Error("an image with too few bytes was written")
	}
}

func FuzzDecode(f *testing.F) {
	small := image.NewGray(image.Rect(0, 0, 9, 7))
	f.Add(encodePNG(f, small))
	f.Add(withPNGExif(encodePNG(f, small), exif(binary.BigEndian, 6)))
	f.Add(encodeJPEG(f, small))
	f.Add(withJPEGExif(encodeJPEG(f, image.NewNRGBA(small.Rect)), exif(binary.LittleEndian, 7)))
	f.Add(encodeGIF(f, frame(color.Black, color.White, color.Gray{9})))
	f.Add(rawPNG(f, 2, 1, 16, 6, make([]byte, 17)))
	f.Add([]byte(pngMagic))
	for _, name := range []string{"lossy.webp", "lossy-alpha.webp", "lossless-alpha.webp", "xmp.webp", "rows4.bmp", "rgba.bmp", "565.bmp",
		"palette4.tif", "planes-tiles.tif", "predictor-tiff_lzw.tif", "fax4.tif", "bits-packbits.tif", "rgb16-predictor-big.tif", "cmyk.tif",
		"interlaced.gif", "frame-with-palette.gif", "xmp-packed.png", "raw-profile-zTXt.png", "palette4-alpha.png"} {
		f.Add(readGolden(f, name))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		img, err := Decoder{}.Decode(bytes.NewReader(file))
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a reason")
			}
			return
		}
		if err := img.check(); err != nil {
			t.Error(err)
		}
		wide, err := Decoder{KeepDepth: true, Alpha: AlphaWhite}.Decode(bytes.NewReader(file))
		if err != nil {
			t.Errorf("with its depth kept: %v", err)
		} else if err := wide.check(); err != nil || wide.Width != img.Width || wide.Height != img.Height {
			t.Errorf("with its depth kept it is %dx%dx%d, %v", wide.Width, wide.Height, wide.Channels, err)
		}
	})
}
