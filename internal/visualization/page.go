package visualization

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/color"
	"image/png"
	"math"
	"strings"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/blocktrain/blocktrain/internal/metric"
)

// The colours. Blue and vermilion are those of Okabe and Ito's palette, which
// the colour-blind can tell apart; they also differ in lightness.
var (
	white     = color.NRGBA{255, 255, 255, 255}
	ink       = color.NRGBA{31, 41, 55, 255}
	muted     = color.NRGBA{107, 114, 128, 255}
	hairline  = color.NRGBA{229, 231, 235, 255}
	shade     = color.NRGBA{243, 244, 246, 255}
	blue      = color.NRGBA{0, 114, 178, 255}
	vermilion = color.NRGBA{213, 94, 0, 255}
)

const (
	margin    = vg.Length(16)
	pngDPI    = 144 // two pixels per point
	titleSize = 14
	textSize  = 10
)

// page is a drawing surface measured in points (1/72 inch) from its top left
// corner.
type page struct {
	canvas        vg.Canvas
	width, height vg.Length
	// raster means that what the font lacks stays blank; whoever shows an SVG
	// finds another font for it.
	raster bool
}

// render draws the same page as SVG and as PNG.
func render(name, title, alt string, width, height vg.Length, paint func(p page)) (Figure, error) {
	f := Figure{Name: name, Title: title, Alt: alt}
	svg := vgsvg.NewWith(vgsvg.UseWH(width, height))
	paint(newPage(svg, width, height, false))
	var b bytes.Buffer
	if _, err := svg.WriteTo(&b); err != nil {
		return Figure{}, fmt.Errorf("cannot draw %s: %w", name, err)
	}
	f.SVG = portable(b.Bytes(), title, alt)

	raster := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(pngDPI))
	paint(newPage(raster, width, height, true))
	var image bytes.Buffer
	if err := png.Encode(&image, raster.Image()); err != nil {
		return Figure{}, fmt.Errorf("cannot draw %s: %w", name, err)
	}
	f.PNG = image.Bytes()
	return f, nil
}

func newPage(c vg.Canvas, width, height vg.Length, raster bool) page {
	p := page{c, width, height, raster}
	p.fill(0, 0, width, height, white)
	return p
}

// portable makes gonum's SVG fit for other machines: substitutes for a font
// that they may lack, the true type of embedded images, and a description for
// those who cannot see it.
func portable(svg []byte, title, alt string) []byte {
	svg = bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans;font-variant:normal;"), []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif;"))
	svg = bytes.ReplaceAll(svg, []byte("data:image/jpg;base64,"), []byte("data:image/png;base64,"))
	const xlink = `xmlns:xlink="http://www.w3.org/1999/xlink">`
	head := fmt.Sprintf(xlink[:len(xlink)-1]+" role=\"img\">\n<title>%s</title>\n<desc>%s</desc>", escape(title), escape(alt))
	return bytes.Replace(svg, []byte(xlink), []byte(head), 1)
}

func escape(s string) string {
	var b bytes.Buffer
	// A bytes.Buffer never fails.
	_ = xml.EscapeText(&b, []byte(metric.Clip(s, 1000)))
	return b.String()
}

// at turns a position from the top into one from the bottom.
func (p page) at(x, y vg.Length) vg.Point { return vg.Point{X: x, Y: p.height - y} }

// fill paints a rectangle given by its top left corner and size.
func (p page) fill(x, y, width, height vg.Length, c color.Color) {
	var path vg.Path
	path.Move(p.at(x, y))
	path.Line(p.at(x+width, y))
	path.Line(p.at(x+width, y+height))
	path.Line(p.at(x, y+height))
	path.Close()
	p.canvas.SetColor(c)
	p.canvas.Fill(path)
}

// pen is how a line is drawn.
type pen struct {
	width  vg.Length
	color  color.Color
	dashes []vg.Length // on and off in turn; none: a whole line
}

func stroke(width vg.Length, c color.Color, dashes ...vg.Length) pen { return pen{width, c, dashes} }

// line draws a straight line.
func (p page) line(x0, y0, x1, y1 vg.Length, with pen) {
	var path vg.Path
	path.Move(p.at(x0, y0))
	path.Line(p.at(x1, y1))
	p.canvas.SetColor(with.color)
	p.canvas.SetLineWidth(with.width)
	p.canvas.SetLineDash(with.dashes, 0)
	p.canvas.Stroke(path)
}

// disc fills a circle.
func (p page) disc(x, y, radius vg.Length, c color.Color) {
	var path vg.Path
	centre := p.at(x, y)
	path.Move(vg.Point{X: centre.X + radius, Y: centre.Y})
	path.Arc(centre, radius, 0, 2*math.Pi)
	path.Close()
	p.canvas.SetColor(c)
	p.canvas.Fill(path)
}

// style is how a text is set. Its align is the share of its width that lies
// before the given position: 0 starts there, 0.5 is centred, 1 ends there.
type style struct {
	size  vg.Length
	bold  bool
	color color.Color
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

func (s style) colored(c color.Color) style {
	s.color = c
	return s
}

func (s style) font() plotfont.Font {
	f := plotfont.Font{Typeface: "Liberation", Variant: "Sans", Size: s.size}
	if s.bold {
		f.Weight = font.WeightBold
	}
	return f
}

func (s style) face() plotfont.Face {
	return plot.DefaultTextHandler.Cache().Lookup(s.font(), s.size)
}

func (s style) width(text string) vg.Length {
	face := s.face()
	return face.Width(text)
}

// fit makes one line of text and cuts it to a width.
func (s style) fit(text string, width vg.Length) string {
	text = metric.Clip(text, 1000)
	if s.width(text) <= width {
		return text
	}
	columns := metric.Columns(text)
	for columns > 1 {
		columns--
		if cut := metric.Clip(text, columns); s.width(cut) <= width {
			return cut
		}
	}
	return ""
}

// fitEnd is fit for names: what is too long is cut at its beginning.
func (s style) fitEnd(text string, width vg.Length) string {
	text = metric.Clip(text, 1000)
	if s.width(text) <= width {
		return text
	}
	for i := range text {
		if cut := "…" + text[i:]; s.width(cut) <= width {
			return cut
		}
	}
	return ""
}

// text sets one line with its baseline at y.
func (p page) text(s style, x, y vg.Length, text string) {
	p.canvas.SetColor(s.color)
	p.canvas.FillString(s.face(), p.at(x-s.align*s.width(text), y), p.glyphs(s, text))
}

// glyphs puts a box in the place of each letter that cannot be drawn.
func (p page) glyphs(s style, text string) string {
	if !p.raster {
		return text
	}
	face := s.face().Face
	return strings.Map(func(r rune) rune {
		if i, err := face.GlyphIndex(nil, r); err != nil || i == 0 {
			return '□'
		}
		return r
	}, text)
}

// textUp sets one line that reads upwards, its baseline at x. An align of 1
// ends it at y.
func (p page) textUp(s style, x, y vg.Length, text string) {
	p.canvas.Push()
	p.canvas.Translate(p.at(x, y))
	p.canvas.Rotate(math.Pi / 2)
	p.canvas.SetColor(s.color)
	p.canvas.FillString(s.face(), vg.Point{X: -s.align * s.width(text)}, p.glyphs(s, text))
	p.canvas.Pop()
}

// title sets the title and returns the height used.
func (p page) title(text string) vg.Length {
	p.text(heading, margin, margin+titleSize-2, heading.fit(text, p.width-2*margin))
	return margin + titleSize + 6
}

// inset is a gonum canvas that leaves out so much of the page on each side.
func (p page) inset(left, right, bottom, top vg.Length) draw.Canvas {
	return draw.Crop(draw.NewCanvas(p.canvas, p.width, p.height), left, -right, bottom, -top)
}
