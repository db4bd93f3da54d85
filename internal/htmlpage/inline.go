package htmlpage

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/visualization"
)

// Picture is a figure as HTML. An SVG becomes part of the page, so that it has titles to
// point at and the colours of the page, if it consists of nothing but what figures are
// drawn with. Any other SVG, such as those of older versions, becomes an <img>, in which
// it cannot run scripts, whatever it holds.
func Picture(f visualization.Figure) template.HTML {
	if inline, err := inlined(f); err == nil {
		return template.HTML(inline) //nolint:gosec // made of known elements, with all values escaped
	}
	kind, b := "svg+xml", f.SVG
	if len(b) == 0 {
		kind, b = "png", f.PNG
	}
	source := "data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(b)
	return template.HTML(`<img src="` + source + `" alt="` + altOf(f) + `" />`) //nolint:gosec // base64 has no markup
}

func altOf(f visualization.Figure) string { return html.EscapeString(Clip(f.Alt)) }

// drawn are the elements and attributes of figures.
var (
	drawnElements   = strings.Fields("svg rect path circle text image title")
	drawnAttributes = strings.Fields("width height viewBox role x y cx cy r d fill fill-opacity stroke stroke-opacity stroke-width stroke-dasharray " +
		"transform font-family font-size font-weight text-anchor textLength lengthAdjust href")
	// leftOut are elements of the file that the page has in another form.
	leftOut = strings.Fields("title desc style")
)

// inlined is the SVG of a figure, written again from its known elements.
func inlined(f visualization.Figure) (string, error) {
	var b bytes.Buffer
	d := xml.NewDecoder(bytes.NewReader(f.SVG))
	for depth := 0; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && b.Len() > 0 {
			return b.String(), nil
		}
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 1 && slices.Contains(leftOut, t.Name.Local) {
				if err := d.Skip(); err != nil {
					return "", err
				}
				continue
			}
			if err := begin(&b, t, depth, f); err != nil {
				return "", err
			}
			depth++
		case xml.EndElement:
			depth--
			fmt.Fprintf(&b, "</%s>", t.Name.Local)
		case xml.CharData:
			if depth > 0 {
				b.WriteString(html.EscapeString(string(t)))
			}
		case xml.Comment, xml.Directive:
			return "", errors.New("it has a comment or directive")
		}
	}
}

// isPixels says that a link is an image of pixels, in the link itself.
func isPixels(link string) bool {
	return strings.HasPrefix(link, "data:image/png;base64,") || strings.HasPrefix(link, "data:image/jpeg;base64,")
}

// begin writes a start tag. The outermost one gets the words for who cannot see it.
func begin(b *bytes.Buffer, t xml.StartElement, depth int, f visualization.Figure) error {
	if !slices.Contains(drawnElements, t.Name.Local) || (depth == 0) != (t.Name.Local == "svg") {
		return fmt.Errorf("it has an element %s", t.Name.Local)
	}
	b.WriteString("<" + t.Name.Local)
	for _, a := range t.Attr {
		switch {
		case a.Name.Local == "xmlns" || a.Name.Space == "xmlns":
			continue
		case !slices.Contains(drawnAttributes, a.Name.Local),
			a.Name.Local == "href" && !isPixels(a.Value), strings.Contains(a.Value, "url("):
			return fmt.Errorf("it has an attribute %s=%.40q", a.Name.Local, a.Value)
		}
		fmt.Fprintf(b, ` %s="%s"`, a.Name.Local, html.EscapeString(a.Value))
		if depth == 0 && a.Name.Local == "width" {
			fmt.Fprintf(b, ` style="--width: %s"`, html.EscapeString(cssLength(a.Value)))
		}
	}
	if depth == 0 {
		fmt.Fprintf(b, ` aria-label="%s"`, altOf(f))
	}
	b.WriteString(">")
	return nil
}

// cssLength is a length in points as it is, and none for any other text.
func cssLength(s string) string {
	if number, is := strings.CutSuffix(s, "pt"); is && number != "" && strings.Trim(number, "0123456789.") == "" {
		return s
	}
	return "auto"
}
