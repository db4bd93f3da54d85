package video

import (
	"fmt"
	"strings"
)

// Range says which levels of luma are black and white.
type Range string

// The ranges of samples of d bits, with s = 2^(d-8).
const (
	Limited Range = "limited" // luma from 16s to 235s, chroma from 16s to 240s
	Full    Range = "full"    // all levels
)

// Format says what the samples of a frame are and how they lie in memory: what is needed to
// make pixels of them. Two frames of equal formats can be compared byte by byte.
type Format struct {
	// Pixels is ffmpeg's name of the pixel format, such as yuv420p or gray16le. The yuvj names,
	// which say full range too, are replaced by those without j.
	Pixels string `json:"pixel_format"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Range  Range  `json:"range"`
	Matrix Matrix `json:"matrix,omitempty"` // "" for grey and RGB, which need none
}

// Grey says whether the frames have no colours. The format must be known.
func (f Format) Grey() bool {
	l, ok := layouts[f.Pixels]
	return ok && l.kind == grey
}

// Depth is the number of bits of a sample, 0 of an unknown format.
func (f Format) Depth() int { return layouts[f.Pixels].depth }

// Deep says whether samples are grey or RGB of more than 8 bits, as the levels of a camera are:
// nothing says which of them are black and white. The levels of YUV have limits by its standards.
func (f Format) Deep() bool {
	l, known := layouts[f.Pixels]
	return known && l.depth > 8 && l.kind != yuv
}

// Bytes is the size of a frame: its planes one after the other, rows without padding. It is 0
// of an unknown format.
func (f Format) Bytes() int {
	l, ok := layouts[f.Pixels]
	if !ok {
		return 0
	}
	planes := l.planes(f.Width, f.Height)
	last := planes[len(planes)-1]
	return last.offset + last.stride*last.height + l.palette
}

// String is the form for messages and for the header of a digest.
func (f Format) String() string {
	s := fmt.Sprintf("%s %dx%d %s", f.Pixels, f.Width, f.Height, f.Range)
	if f.Matrix != "" {
		s += " " + string(f.Matrix)
	}
	return s
}

// Check returns an error unless frames of the format can be read: a known pixel format, a
// size that is not empty, a range and, where colours need it, a matrix.
func (f Format) Check() error {
	l, ok := layouts[f.Pixels]
	switch {
	case !ok:
		return fmt.Errorf("the pixel format %s is not read: convert the video, as with ffmpeg -i IN -pix_fmt rgb24 -c:v ffv1 OUT.mkv", f.Pixels)
	case f.Width < 1 || f.Height < 1 || f.Width > MaxSide || f.Height > MaxSide:
		return fmt.Errorf("a size of %dx%d pixels, want 1 to %d a side", f.Width, f.Height, MaxSide)
	case f.Range != Limited && f.Range != Full:
		return fmt.Errorf("the range %q, want %s or %s", f.Range, Limited, Full)
	case l.kind == yuv && weights[f.Matrix] == [2]int64{}:
		return fmt.Errorf("the colour matrix %q, want one of %s", f.Matrix, strings.Join(Matrices(), ", "))
	}
	return nil
}

type kind int

const (
	grey kind = iota
	yuv
	rgb
)

// A component is one of the values of a pixel: luma, Cb and Cr, or red, green and blue.
type component struct {
	plane  int
	step   int // bytes from one sample to the next
	offset int // bytes before the first sample of a row
}

// A layout is a pixel format: where the samples of a frame lie.
type layout struct {
	kind           kind
	depth          int  // bits of a sample
	shift          int  // unused bits below a sample
	big            bool // samples of two bytes are big-endian
	shiftW, shiftH int  // chroma has the size of luma divided by 2^shiftW and 2^shiftH, rounded up
	components     []component
	pixelBytes     []int // of each plane, bytes from one pixel (of chroma, in chroma planes) to the next
	packed         bool  // one plane whose groups of two pixels have four bytes
	palette        int   // bytes of the palette behind the samples
}

// A plane is the place of a plane in a frame.
type plane struct{ offset, stride, height int }

// planes places the planes of a frame of the given size.
func (l *layout) planes(width, height int) []plane {
	var planes []plane
	offset := 0
	for i, bytes := range l.pixelBytes {
		w, h := width, height
		if l.kind == yuv && (i == 1 || i == 2) {
			w, h = shrunk(w, l.shiftW), shrunk(h, l.shiftH)
		}
		if l.packed {
			w = 2 * shrunk(w, 1)
		}
		planes = append(planes, plane{offset, w * bytes, h})
		offset += w * bytes * h
	}
	return planes
}

func shrunk(n, shift int) int { return (n + 1<<shift - 1) >> shift }

func sampleBytes(depth int) int { return (depth + 7) / 8 }

// layouts are the pixel formats that are read, by ffmpeg's names. Transparency is left out of
// the pixels, as it is for images.
var layouts = makeLayouts()

func makeLayouts() map[string]*layout {
	all := map[string]*layout{}
	addGrey(all)
	addPlanarYUV(all)
	addPackedYUV(all)
	addRGB(all)
	return all
}

// addBoth adds a format of more than 8 bits in both orders of bytes.
func addBoth(all map[string]*layout, name string, l layout) {
	little, big := l, l
	big.big = true
	all[name+"le"], all[name+"be"] = &little, &big
}

func addGrey(all map[string]*layout) {
	one := []component{{}}
	all["gray"] = &layout{depth: 8, components: []component{{step: 1}}, pixelBytes: []int{1}}
	all["ya8"] = &layout{depth: 8, components: []component{{step: 2}}, pixelBytes: []int{2}}
	one[0].step = 2
	for _, depth := range []int{9, 10, 12, 14, 16} {
		addBoth(all, fmt.Sprintf("gray%d", depth), layout{depth: depth, components: one, pixelBytes: []int{2}})
	}
	addBoth(all, "ya16", layout{depth: 16, components: []component{{step: 4}}, pixelBytes: []int{4}})
}

// planar is a layout with a plane for each component, and one for transparency if planes is 4.
func planar(k kind, depth, planes int, order [3]int) layout {
	bytes := sampleBytes(depth)
	l := layout{kind: k, depth: depth}
	for _, p := range order {
		l.components = append(l.components, component{plane: p, step: bytes})
	}
	for range planes {
		l.pixelBytes = append(l.pixelBytes, bytes)
	}
	return l
}

func addPlanarYUV(all map[string]*layout) {
	order := [3]int{0, 1, 2}
	for _, s := range []struct {
		name           string
		shiftW, shiftH int
	}{{"410", 2, 2}, {"411", 2, 0}, {"420", 1, 1}, {"422", 1, 0}, {"440", 0, 1}, {"444", 0, 0}} {
		for _, depth := range []int{8, 9, 10, 12, 14, 16} {
			for planes, prefix := range map[int]string{3: "yuv", 4: "yuva"} {
				l := planar(yuv, depth, planes, order)
				l.shiftW, l.shiftH = s.shiftW, s.shiftH
				if depth == 8 {
					all[prefix+s.name+"p"] = &l
				} else {
					addBoth(all, fmt.Sprintf("%s%sp%d", prefix, s.name, depth), l)
				}
			}
		}
	}
	addSemiPlanar(all)
}

// addSemiPlanar adds formats with one plane of luma and one of both chroma components.
func addSemiPlanar(all map[string]*layout) {
	for _, s := range []struct {
		name           string
		shiftW, shiftH int
		depth, shift   int
		swapped        bool
	}{
		{"nv12", 1, 1, 8, 0, false}, {"nv21", 1, 1, 8, 0, true}, {"nv16", 1, 0, 8, 0, false},
		{"nv24", 0, 0, 8, 0, false}, {"nv42", 0, 0, 8, 0, true}, {"nv20", 1, 0, 10, 0, false},
		{"p010", 1, 1, 10, 6, false}, {"p012", 1, 1, 12, 4, false}, {"p016", 1, 1, 16, 0, false},
		{"p210", 1, 0, 10, 6, false}, {"p212", 1, 0, 12, 4, false}, {"p216", 1, 0, 16, 0, false},
		{"p410", 0, 0, 10, 6, false}, {"p412", 0, 0, 12, 4, false}, {"p416", 0, 0, 16, 0, false},
	} {
		bytes := sampleBytes(s.depth)
		cb, cr := component{plane: 1, step: 2 * bytes}, component{plane: 1, step: 2 * bytes, offset: bytes}
		if s.swapped {
			cb, cr = cr, cb
		}
		l := layout{kind: yuv, depth: s.depth, shift: s.shift, shiftW: s.shiftW, shiftH: s.shiftH,
			components: []component{{step: bytes}, cb, cr}, pixelBytes: []int{bytes, 2 * bytes}}
		if s.depth == 8 {
			all[s.name] = &l
		} else {
			addBoth(all, s.name, l)
		}
	}
}

func addPackedYUV(all map[string]*layout) {
	for name, at := range map[string][3]int{"yuyv422": {0, 1, 3}, "uyvy422": {1, 0, 2}, "yvyu422": {0, 3, 1}} {
		all[name] = &layout{kind: yuv, depth: 8, shiftW: 1, packed: true, pixelBytes: []int{2},
			components: []component{{step: 2, offset: at[0]}, {step: 4, offset: at[1]}, {step: 4, offset: at[2]}}}
	}
}

func addRGB(all map[string]*layout) {
	for _, s := range []struct {
		name            string
		bytes           int // of a pixel, in samples
		red, green, blu int
	}{
		{"rgb24", 3, 0, 1, 2}, {"bgr24", 3, 2, 1, 0}, {"rgba", 4, 0, 1, 2}, {"bgra", 4, 2, 1, 0},
		{"rgb0", 4, 0, 1, 2}, {"bgr0", 4, 2, 1, 0}, {"argb", 4, 1, 2, 3}, {"abgr", 4, 3, 2, 1},
		{"0rgb", 4, 1, 2, 3}, {"0bgr", 4, 3, 2, 1},
	} {
		all[s.name] = packedRGB(8, s.bytes, s.red, s.green, s.blu)
	}
	for name, s := range map[string][4]int{
		"rgb48": {3, 0, 1, 2}, "bgr48": {3, 2, 1, 0}, "rgba64": {4, 0, 1, 2}, "bgra64": {4, 2, 1, 0},
	} {
		addBoth(all, name, *packedRGB(16, s[0], s[1], s[2], s[3]))
	}
	order := [3]int{2, 0, 1} // red is the third plane, after green and blue
	for planes, name := range map[int]string{3: "gbrp", 4: "gbrap"} {
		l := planar(rgb, 8, planes, order)
		all[name] = &l
		for _, depth := range []int{9, 10, 12, 14, 16} {
			addBoth(all, fmt.Sprintf("%s%d", name, depth), planar(rgb, depth, planes, order))
		}
	}
	// A byte for each pixel, and behind them 256 colours as blue, green, red and alpha.
	all["pal8"] = &layout{kind: rgb, depth: 8, pixelBytes: []int{1}, components: make([]component, 3), palette: 1024}
}

func packedRGB(depth, samples, red, green, blue int) *layout {
	bytes := sampleBytes(depth)
	l := &layout{kind: rgb, depth: depth, pixelBytes: []int{samples * bytes}}
	for _, at := range []int{red, green, blue} {
		l.components = append(l.components, component{step: samples * bytes, offset: at * bytes})
	}
	return l
}

// normalFormat takes the range out of a name of ffmpeg.
func normalFormat(name string) (pixels string, full bool) {
	if rest, ok := strings.CutPrefix(name, "yuvj"); ok {
		return "yuv" + rest, true
	}
	return name, false
}
