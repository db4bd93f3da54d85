package visualization

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
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

// surface is what a page is drawn on. Lengths are points (1/72 inch) from its top
// left corner.
type surface interface {
	// fill paints a rectangle given by its top left corner and size. The title, if it
	// has one, is shown to whoever points at it.
	fill(x, y, width, height vg.Length, c color.NRGBA, title string)
	// polyline draws lines from point to point.
	polyline(points []vg.Point, with pen)
	// circle fills a circle, or draws its outline if the pen has a width.
	circle(x, y, radius vg.Length, with pen)
	// text sets one line with its baseline at y, or upwards with its baseline at x. The
	// title is shown to whoever points at it.
	text(s style, x, y vg.Length, up bool, text, title string)
	// image shows a tile, scaled to that size.
	image(x, y, width, height vg.Length, t tile)
}

// page is a surface and its size.
type page struct {
	surface
	width, height vg.Length
}

// render draws the same page as SVG and as PNG.
func render(name, title, alt string, width, height vg.Length, paint func(p page)) (Figure, error) {
	f := Figure{Name: name, Title: title, Alt: alt}
	drawing := &svg{}
	pixels := &raster{vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(pngDPI)), height}
	for _, s := range []surface{drawing, pixels} {
		p := page{s, width, height}
		p.fill(0, 0, width, height, white, "")
		paint(p)
	}
	f.SVG = drawing.document(title, alt, width, height)
	var b bytes.Buffer
	if err := png.Encode(&b, pixels.canvas.Image()); err != nil {
		return Figure{}, fmt.Errorf("cannot draw %s: %w", name, err)
	}
	f.PNG = b.Bytes()
	return f, nil
}

// rect fills a rectangle that needs no title.
func (p page) rect(x, y, width, height vg.Length, c color.NRGBA) { p.fill(x, y, width, height, c, "") }

// pen is how a line is drawn.
type pen struct {
	width  vg.Length
	color  color.NRGBA
	dashes []vg.Length // on and off in turn; none: a whole line
}

func stroke(width vg.Length, c color.NRGBA, dashes ...vg.Length) pen { return pen{width, c, dashes} }

// line draws a straight line.
func (p page) line(x0, y0, x1, y1 vg.Length, with pen) {
	p.polyline([]vg.Point{{X: x0, Y: y0}, {X: x1, Y: y1}}, with)
}

// disc fills a circle.
func (p page) disc(x, y, radius vg.Length, c color.NRGBA) { p.circle(x, y, radius, pen{color: c}) }

// words sets one line with its baseline at y.
func (p page) words(s style, x, y vg.Length, text string) { p.text(s, x, y, false, text, "") }

// wordsUp sets one line that reads upwards, its baseline at x.
func (p page) wordsUp(s style, x, y vg.Length, text string) { p.text(s, x, y, true, text, "") }

// name sets a name that is shortened in the middle if it is longer than width. The whole
// name is then its title.
func (p page) name(s style, x, y vg.Length, up bool, name string, width vg.Length) {
	short, title := s.shortened(name, width), ""
	if short != oneLine(name) {
		title = name
	}
	p.text(s, x, y, up, short, title)
}

// caption sets a name, or "key: name", of which only the name is shortened.
func (p page) caption(s style, x, y vg.Length, line string, width vg.Length) {
	key, name, keyed := strings.Cut(oneLine(line), ": ")
	if !keyed {
		p.name(s, x, y, false, line, width)
		return
	}
	key += ": "
	short, title := key+s.shortened(name, width-s.width(key)), ""
	if short != key+name {
		title = line
	}
	p.text(s, x, y, false, short, title)
}

// title sets the title and returns the height used.
func (p page) title(text string) vg.Length {
	p.words(heading, margin, margin+titleSize-2, heading.fit(text, p.width-2*margin))
	return margin + titleSize + 6
}

// tint is a share of a colour on whatever is behind it.
func tint(c color.NRGBA, share float64) color.NRGBA {
	c.A = uint8(share*255 + 0.5)
	return c
}

// luma is the brightness of a colour on white, from 0 to 255.
func luma(c color.NRGBA) int {
	solid := (299*int(c.R) + 587*int(c.G) + 114*int(c.B)) / 1000
	return 255 - (255-solid)*int(c.A)/255
}
