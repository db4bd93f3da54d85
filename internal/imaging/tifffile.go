package imaging

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// The tags of a TIFF file that say how its pixels are stored (TIFF 6.0).
const (
	tagWidth           = 256
	tagHeight          = 257
	tagBits            = 258
	tagCompression     = 259
	tagPhotometric     = 262
	tagFillOrder       = 266
	tagStripOffsets    = 273
	tagSamples         = 277
	tagRowsPerStrip    = 278
	tagStripByteCounts = 279
	tagPlanar          = 284
	tagT4Options       = 292
	tagPredictor       = 317
	tagColourMap       = 320
	tagTileWidth       = 322
	tagTileHeight      = 323
	tagTileOffsets     = 324
	tagTileByteCounts  = 325
	tagExtraSamples    = 338
	tagSampleFormat    = 339
	tagXMP             = 700
	tagICC             = 34675
)

// How the samples of a TIFF file are colours.
const (
	whiteIsZero = 0
	blackIsZero = 1
	tiffRGB     = 2
	tiffPalette = 3
	tiffCMYK    = 5
)

// How the blocks of a TIFF file are compressed.
const (
	tiffStored        = 1
	tiffFaxRows       = 2 // group 3 without line ends
	tiffGroup3        = 3
	tiffGroup4        = 4
	tiffLZW           = 5
	tiffDeflate       = 8
	tiffPackBits      = 32773
	tiffDeflateBefore = 32946 // the same, by an older number
)

var errShortTIFF = fmt.Errorf("tiff: %w", io.ErrUnexpectedEOF)

// tiffFile is the first picture of a TIFF file. The decoder of golang.org/x/image misreads
// tiles at the right edge and samples in planes, and takes few kinds, so that only its
// decompression is used.
type tiffFile struct {
	directory
	width, height  int
	bits, samples  int
	compression    int
	photometric    int
	predictor      int
	planar         bool // samples in planes of their own
	lowestBitFirst bool
	alpha          bool
	premultiplied  bool
	tiled          bool
	blockWidth     int
	blockHeight    int
	offsets, sizes []int
}

// parseTIFF reads the directory of the first picture of a file.
func parseTIFF(data []byte) (file, error) {
	t := tiffFile{directory: readDirectory(data)}
	if len(t.entries) == 0 {
		return file{}, errShortTIFF
	}
	if err := t.checkFields(); err != nil {
		return file{}, err
	}
	t.width, t.height = t.number(tagWidth, 0), t.number(tagHeight, 0)
	t.compression, t.photometric = t.number(tagCompression, tiffStored), t.number(tagPhotometric, whiteIsZero)
	t.predictor, t.planar = t.number(tagPredictor, 1), t.number(tagPlanar, 1) == 2
	t.lowestBitFirst = t.number(tagFillOrder, 1) == 2
	if err := t.readSamples(); err != nil {
		return file{}, err
	}
	if err := t.check(); err != nil {
		return file{}, err
	}
	t.readBlocks()
	return file{
		width: t.width, height: t.height, memory: t.samples*max(t.bits/8, 1) + 3, decode: t.decode,
		metadata: func() metadata {
			m := metadata{xmp: t.value(tagXMP), profile: t.value(tagICC)}
			m.exif = data
			return m
		},
	}, nil
}

// checkFields refuses fields that say how the pixels are stored and cannot be read: a default
// in their place would give another picture.
func (t *tiffFile) checkFields() error {
	single := []uint16{
		tagWidth, tagHeight, tagCompression, tagPhotometric, tagFillOrder, tagSamples, tagRowsPerStrip, tagPlanar, tagPredictor,
		tagTileWidth, tagTileHeight, tagT4Options,
	}
	several := []uint16{
		tagBits, tagStripOffsets, tagStripByteCounts, tagColourMap, tagTileOffsets, tagTileByteCounts, tagExtraSamples, tagSampleFormat,
	}
	for _, tag := range t.damaged {
		if slices.Contains(single, tag) || slices.Contains(several, tag) {
			return fmt.Errorf("its field %d is damaged", tag)
		}
	}
	for _, e := range t.entries {
		one := e.count == 1 && (e.kind == 3 || e.kind == 4)
		if slices.Contains(single, e.tag) && !one || slices.Contains(several, e.tag) && t.numbers(e.tag) == nil {
			return fmt.Errorf("its field %d has %d values of kind %d, which it cannot have", e.tag, e.count, e.kind)
		}
	}
	return nil
}

// readSamples reads how many samples a pixel has, and what they mean.
func (t *tiffFile) readSamples() error {
	bits := t.numbers(tagBits, 1)
	t.bits, t.samples = bits[0], t.number(tagSamples, len(bits))
	for _, n := range bits {
		if n != t.bits {
			return &unreadError{fmt.Sprintf("TIFF file with samples of %d and %d bits", t.bits, n), toPNG}
		}
	}
	for _, n := range t.numbers(tagSampleFormat, 1) {
		if n != 1 {
			return &unreadError{"TIFF file with samples that are signed or no whole numbers", "convert its values to whole numbers of 8 or 16 bits"}
		}
	}
	if t.samples < 1 || t.samples > 16 {
		return fmt.Errorf("%d samples a pixel: want 1 to 16", t.samples)
	}
	if extra := t.numbers(tagExtraSamples); len(extra) > 0 {
		t.premultiplied = extra[0] == 1
		t.alpha = t.premultiplied || extra[0] == 2 || extra[0] == 999 // as one program has it
	} else {
		t.alpha = t.photometric == tiffRGB && t.samples == 4
	}
	return nil
}

// check refuses what is not read.
func (t *tiffFile) check() error {
	colours := map[int]int{whiteIsZero: 1, blackIsZero: 1, tiffRGB: 3, tiffPalette: 1, tiffCMYK: 4}[t.photometric]
	allowed := []int{8, 16}
	switch {
	case t.photometric == tiffPalette:
		allowed = []int{1, 2, 4, 8}
	case colours == 1 && t.samples == 1:
		allowed = []int{1, 2, 4, 8, 16}
	}
	switch {
	case colours == 0:
		return &unreadError{"TIFF file with " + photometricName(t.photometric), toPNG}
	case t.samples < colours:
		return fmt.Errorf("%d samples a pixel: want %d", t.samples, colours)
	case t.photometric == whiteIsZero && t.bits == 16: // Pillow takes it for black
		return &unreadError{"TIFF file of 16 bits in which 0 is white", "which programs read in two ways: save it with 0 for black"}
	case !slices.Contains(allowed, t.bits):
		return &unreadError{fmt.Sprintf("TIFF file with samples of %d bits", t.bits), "convert it to samples of 8 or 16 bits"}
	case !t.isFax() && !slices.Contains([]int{tiffStored, tiffLZW, tiffDeflate, tiffPackBits, tiffDeflateBefore}, t.compression):
		return &unreadError{"TIFF file with " + compressionName(t.compression), "save it uncompressed, or convert it to PNG"}
	case t.isFax() && (t.bits != 1 || t.samples != 1):
		return fmt.Errorf("fax coding of %d samples of %d bits: want 1 of 1", t.samples, t.bits)
	case t.predictor > 2 || t.predictor == 2 && t.bits < 8:
		return &unreadError{fmt.Sprintf("TIFF file with predictor %d for samples of %d bits", t.predictor, t.bits), toPNG}
	}
	return nil
}

// isFax says whether the blocks are coded as by fax machines.
func (t *tiffFile) isFax() bool {
	return t.compression == tiffFaxRows || t.compression == tiffGroup3 || t.compression == tiffGroup4
}

// photometricName names kinds of colours that are not read.
func photometricName(n int) string {
	switch n {
	case 4:
		return "a transparency mask"
	case 6:
		return "YCbCr colours"
	case 8, 9, 10:
		return "L*a*b* colours"
	case 32803, 34892:
		return "raw values of a camera"
	}
	return fmt.Sprintf("colours of kind %d", n)
}

// compressionName names kinds of compression that are not read.
func compressionName(n int) string {
	switch n {
	case 6, 7:
		return "JPEG compression"
	case 34712, 33003, 33005:
		return "JPEG 2000 compression"
	case 34925:
		return "LZMA compression"
	case 50000:
		return "Zstandard compression"
	case 50001:
		return "WebP compression"
	}
	return fmt.Sprintf("compression %d", n)
}

// readBlocks finds the strips or tiles.
func (t *tiffFile) readBlocks() {
	if w := t.number(tagTileWidth, 0); w > 0 {
		t.tiled, t.blockWidth, t.blockHeight = true, w, t.number(tagTileHeight, 0)
		t.offsets, t.sizes = t.numbers(tagTileOffsets), t.numbers(tagTileByteCounts)
		return
	}
	t.blockWidth, t.blockHeight = t.width, min(t.number(tagRowsPerStrip, t.height), t.height)
	t.offsets, t.sizes = t.numbers(tagStripOffsets), t.numbers(tagStripByteCounts)
	if len(t.offsets) == 1 && len(t.sizes) == 0 && t.offsets[0] <= len(t.data) { // left out by some programs
		t.sizes = []int{len(t.data) - t.offsets[0]}
	}
}

// layout is how the samples of a pixel lie.
func (t *tiffFile) layout() layout {
	l := layout{colours: 1, depth: max(t.bits/8, 1), alpha: t.alpha, premultiplied: t.premultiplied, inverted: t.photometric == whiteIsZero}
	switch t.photometric {
	case tiffRGB:
		l.colours = 3
	case tiffCMYK:
		l.colours, l.alpha, l.premultiplied = 4, false, false
	}
	l.extra = t.samples - l.colours
	return l
}

// maxStored are the bytes of the largest image with four samples of 16 bits a pixel.
const maxStored = 8 * maxPixels

// checkBlocks bounds the blocks, and what all of them unpack to: a pixel may have many samples
// that are of no use, and tiles may be far wider than the picture.
func (t *tiffFile) checkBlocks() error {
	if t.blockWidth < 1 || t.blockHeight < 1 || t.blockWidth > maxSide+1 || t.blockHeight > maxSide+1 {
		return fmt.Errorf("blocks of %dx%d pixels", t.blockWidth, t.blockHeight)
	}
	width := t.width
	if t.tiled {
		width += t.blockWidth
	}
	if bytes := width * t.height * t.samples * max(t.bits/8, 1); bytes > maxStored {
		return fmt.Errorf("its blocks unpack to %d MB: want at most %d", bytes/1_000_000, maxStored/1_000_000)
	}
	return nil
}

// decode reads the pixels of all blocks, and then makes colours of them.
func (t *tiffFile) decode(d Decoder) (samples, error) {
	if err := t.checkBlocks(); err != nil {
		return samples{}, err
	}
	stored := make([]uint8, t.width*t.height*t.samples*max(t.bits/8, 1))
	if err := t.readPixels(stored); err != nil {
		return samples{}, err
	}
	if t.photometric == tiffPalette {
		indices := func(y int) []uint8 { return stored[y*t.width:][:t.width] }
		if t.samples > 1 {
			indices = func(y int) []uint8 { return pick(stored[y*t.width*t.samples:][:t.width*t.samples], t.samples, 0, 1) }
		}
		table, err := t.palette()
		channels, row := paletteRows(table, d.Alpha, indices)
		return samples{fill(t.width, t.height, channels, row), 1}, err
	}
	if t.bits < 8 {
		scale := uint8(255 / (1<<t.bits - 1))
		for i := range stored {
			stored[i] *= scale
		}
	}
	l := t.layout()
	row, channels, depth := l.rows(d)
	if l == (layout{colours: channels, depth: depth}) {
		return samples{Image{Width: t.width, Height: t.height, Channels: channels * depth, Pix: stored}, depth}, nil
	}
	stride := t.width * l.bytes()
	return samples{fill(t.width, t.height, channels*depth, func(dst []uint8, y int) { row(dst, stored[y*stride:][:stride]) }), depth}, nil
}

// palette takes the higher bytes of the colour map.
func (t *tiffFile) palette() (table palette, err error) {
	n := 1 << t.bits
	colours := t.numbers(tagColourMap)
	if len(colours) < 3*n {
		return table, errors.New("its palette is too short")
	}
	for i := range table {
		table[i] = paletteColour{0, 0, 0, 255}
		if i < n {
			table[i] = paletteColour{uint8(colours[i] >> 8), uint8(colours[n+i] >> 8), uint8(colours[2*n+i] >> 8), 255}
		}
	}
	return table, nil
}
