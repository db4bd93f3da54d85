package visualization

import (
	"image/color"
	"sort"
	"strings"

	"golang.org/x/image/font"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"

	"github.com/blocktrain/blocktrain/internal/metric"
)

// style is how a text is set. Its align is the share of its width that lies
// before the given position: 0 starts there, 0.5 is centred, 1 ends there.
type style struct {
	size  vg.Length
	bold  bool
	color color.NRGBA
	align vg.Length
}

var (
	heading = style{size: titleSize, bold: true, color: ink}
	body    = style{size: textSize, color: ink}
	note    = style{size: textSize, color: muted}
)

func (s style) aligned(align vg.Length) style {
	s.align = align
	return s
}

func (s style) sized(size vg.Length) style {
	s.size = size
	return s
}

func (s style) colored(c color.NRGBA) style {
	s.color = c
	return s
}

// faces are the fonts that text is measured with and that PNGs are drawn with. Arial
// and Helvetica have the same widths.
var faces = plotfont.NewCache(liberation.Collection())

func (s style) face() plotfont.Face {
	f := plotfont.Font{Typeface: "Liberation", Variant: "Sans", Size: s.size}
	if s.bold {
		f.Weight = font.WeightBold
	}
	return faces.Lookup(f, s.size)
}

// covers says whether the font has all letters of a text.
func (s style) covers(text string) bool {
	face := s.face().Face
	return !strings.ContainsFunc(text, func(r rune) bool {
		i, err := face.GlyphIndex(nil, r)
		return err != nil || i == 0
	})
}

// width is that of a text. Of letters that the font lacks it is an estimate: whoever
// shows an SVG finds another font for them.
func (s style) width(text string) vg.Length {
	face := s.face()
	if s.covers(text) {
		return face.Width(text)
	}
	total := vg.Length(0)
	for _, r := range text {
		switch letter := string(r); {
		case s.covers(letter):
			total += face.Width(letter)
		case metric.Columns(letter) == 2:
			total += s.size
		case metric.Columns(letter) == 1:
			total += s.size * 0.65
		}
	}
	return total
}

// oneLine makes a line of any text.
func oneLine(text string) string { return metric.Clip(text, 1000) }

// fit makes one line of text and cuts its end to a width.
func (s style) fit(text string, width vg.Length) string {
	return s.cut(text, width, func(letters []rune, n int) string {
		return strings.TrimRight(string(letters[:n]), " ") + "…"
	})
}

// shortened is fit for names: what is too long lacks its middle, since the ends of names
// tell them apart.
func (s style) shortened(text string, width vg.Length) string {
	return s.cut(text, width, func(letters []rune, n int) string {
		tail := letters[len(letters)-n/2:]
		for len(tail) > 0 && metric.Columns(string(tail[0])) == 0 { // belongs to the letter before it
			tail = tail[1:]
		}
		return strings.TrimRight(string(letters[:n-n/2]), " ") + "…" + string(tail)
	})
}

// cut leaves as many letters of a text as fit into a width.
func (s style) cut(text string, width vg.Length, left func(letters []rune, n int) string) string {
	text = oneLine(text)
	if s.width(text) <= width {
		return text
	}
	letters := []rune(text)
	n := sort.Search(len(letters), func(n int) bool { return s.width(left(letters, n)) > width })
	if n < 2 {
		return ""
	}
	return left(letters, n-1)
}

// drawable puts a box in the place of each letter that the font lacks, and nothing in
// that of a mark.
func (s style) drawable(text string) string {
	if s.covers(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch letter := string(r); {
		case s.covers(letter):
			return r
		case metric.Columns(letter) == 0:
			return -1
		}
		return '□'
	}, text)
}
