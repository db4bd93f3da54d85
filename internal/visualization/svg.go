package visualization

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"image/color"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
)

// svg is a surface that writes SVG. Colours are attributes, which every program
// understands, and DarkStyle changes them. Text is placed by its anchor and has the
// width that it was measured with, whatever font it is shown in.
type svg struct{ b bytes.Buffer }

// DarkStyle is the style sheet of figures for who prefers dark: it replaces colours by
// the value of their attributes. Blue and vermilion areas, and white text on them, stay.
const DarkStyle = `@media screen and (prefers-color-scheme: dark) {
  rect[fill="#FFFFFF"] { fill: #1B2028; }
  rect[fill="#F3F4F6"] { fill: #2A313C; }
  [fill="#1F2937"] { fill: #E6E9EE; }
  [fill="#6B7280"] { fill: #9AA4B2; }
  [stroke="#1F2937"] { stroke: #E6E9EE; }
  [stroke="#6B7280"] { stroke: #9AA4B2; }
  [stroke="#E5E7EB"] { stroke: #343C48; }
  [stroke="#0072B2"] { stroke: #56B4E9; }
  circle[fill="#0072B2"] { fill: #56B4E9; }
}
`

// document is the whole file.
func (s *svg) document(title, alt string, width, height vg.Length) []byte {
	var b bytes.Buffer
	w, h := decimals(width), decimals(height)
	fmt.Fprintf(&b, "<?xml version=\"1.0\"?>\n"+
		`<svg width="%spt" height="%spt" viewBox="0 0 %s %s" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img"`+
		` font-family="'Liberation Sans', Arial, Helvetica, sans-serif" font-size="%d" fill="%s">`+"\n", w, h, w, h, textSize, hex(ink))
	fmt.Fprintf(&b, "<title>%s</title>\n<desc>%s</desc>\n<style>\n%s</style>\n", escape(title), escape(alt), DarkStyle)
	b.Write(s.b.Bytes())
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func escape(s string) string {
	var b bytes.Buffer
	// A bytes.Buffer never fails.
	_ = xml.EscapeText(&b, []byte(oneLine(s)))
	return b.String()
}

func hex(c color.NRGBA) string { return fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B) }

// decimals has two of them at most.
func decimals(v vg.Length) string {
	s := strings.TrimRight(strconv.FormatFloat(float64(v), 'f', 2, 64), "0")
	if s = strings.TrimSuffix(s, "."); s == "-0" {
		return "0"
	}
	return s
}

// lengths writes name="value" for each length.
func (s *svg) lengths(names string, values ...vg.Length) {
	for i, name := range strings.Fields(names) {
		fmt.Fprintf(&s.b, ` %s="%s"`, name, decimals(values[i]))
	}
}

// paint writes a colour, with its opacity if it has one.
func (s *svg) paint(property string, c color.NRGBA) {
	fmt.Fprintf(&s.b, ` %s="%s"`, property, hex(c))
	if c.A != 255 {
		fmt.Fprintf(&s.b, ` %s-opacity="%s"`, property, decimals(vg.Length(c.A)/255))
	}
}

// end closes an element that may have a title.
func (s *svg) end(name, title string) {
	if title == "" {
		s.b.WriteString("/>\n")
		return
	}
	fmt.Fprintf(&s.b, "><title>%s</title></%s>\n", escape(title), name)
}

func (s *svg) fill(x, y, width, height vg.Length, c color.NRGBA, title string) {
	s.b.WriteString("<rect")
	s.lengths("x y width height", x, y, width, height)
	s.paint("fill", c)
	s.end("rect", title)
}

func (s *svg) pen(with pen) {
	s.b.WriteString(` fill="none"`)
	s.paint("stroke", with.color)
	s.lengths("stroke-width", with.width)
	if len(with.dashes) > 0 {
		var dashes []string
		for _, d := range with.dashes {
			dashes = append(dashes, decimals(d))
		}
		fmt.Fprintf(&s.b, ` stroke-dasharray="%s"`, strings.Join(dashes, " "))
	}
}

func (s *svg) polyline(points []vg.Point, with pen) {
	s.b.WriteString(`<path d="`)
	for i, p := range points {
		fmt.Fprintf(&s.b, "%c%s %s", "ML"[min(i, 1)], decimals(p.X), decimals(p.Y))
	}
	s.b.WriteString(`"`)
	s.pen(with)
	s.end("path", "")
}

func (s *svg) circle(x, y, radius vg.Length, with pen) {
	s.b.WriteString("<circle")
	s.lengths("cx cy r", x, y, radius)
	if with.width > 0 {
		s.pen(with)
	} else {
		s.paint("fill", with.color)
	}
	s.end("circle", "")
}

func (s *svg) text(how style, x, y vg.Length, up bool, text, title string) {
	if text == "" {
		return
	}
	s.b.WriteString("<text")
	s.lengths("x y", x, y)
	if up {
		fmt.Fprintf(&s.b, ` transform="rotate(-90 %s %s)"`, decimals(x), decimals(y))
	}
	switch how.align {
	case 0.5:
		s.b.WriteString(` text-anchor="middle"`)
	case 1:
		s.b.WriteString(` text-anchor="end"`)
	}
	if how.size != textSize {
		s.lengths("font-size", how.size)
	}
	if how.bold {
		s.b.WriteString(` font-weight="bold"`)
	}
	if how.color != ink {
		s.paint("fill", how.color)
	}
	if how.covers(text) {
		s.lengths("textLength", how.width(text))
		s.b.WriteString(` lengthAdjust="spacingAndGlyphs"`)
	}
	s.b.WriteString(">")
	if title != "" {
		fmt.Fprintf(&s.b, "<title>%s</title>", escape(title))
	}
	fmt.Fprintf(&s.b, "%s</text>\n", escape(text))
}

func (s *svg) image(x, y, width, height vg.Length, t tile) {
	s.b.WriteString("<image")
	s.lengths("x y width height", x, y, width, height)
	fmt.Fprintf(&s.b, ` xlink:href="data:image/%s;base64,%s"/>`+"\n", t.format, base64.StdEncoding.EncodeToString(t.file))
}
