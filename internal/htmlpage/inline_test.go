package htmlpage

import (
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/visualization"
)

const ns = `<svg width="540pt" height="9pt" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">`

// TestInlined looks at what becomes part of the page.
func TestInlined(t *testing.T) {
	f := visualization.Figure{Alt: `a "figure"`, SVG: []byte(`<?xml version="1.0"?>` + "\n" + ns + `<title>t</title><desc>d</desc><style>* { color: red }</style>` +
		`<rect x="1" fill="#FFFFFF"><title>a &lt;b&gt; &amp; "c"</title></rect><image xlink:href="data:image/png;base64,AAAA"/><image xlink:href="data:image/jpeg;base64,BBBB"/></svg>`)}
	want := `<svg width="540pt" style="--width: 540pt" height="9pt" aria-label="a &#34;figure&#34;"><rect x="1" fill="#FFFFFF">` +
		`<title>a &lt;b&gt; &amp; &#34;c&#34;</title></rect><image href="data:image/png;base64,AAAA"></image><image href="data:image/jpeg;base64,BBBB"></image></svg>`
	if got := string(Picture(f)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestNotInlined wants everything that our figures do not have to stay in an <img>.
func TestNotInlined(t *testing.T) {
	for name, content := range map[string]string{
		"script":            `<script>alert(1)</script>`,
		"script in a title": `<rect><title><script>alert(1)</script></title></rect>`,
		"event":             `<rect onclick="alert(1)"/>`,
		"link":              `<a href="javascript:alert(1)"/>`,
		"foreign object":    `<foreignObject/>`,
		"style":             `<rect style="position: fixed"/>`,
		"style below":       `<rect><style>body { display: none }</style></rect>`,
		"image elsewhere":   `<image xlink:href="https://example.com/a.png"/>`,
		"image of SVG":      `<image xlink:href="data:image/svg+xml;base64,AAAA"/>`,
		"colour elsewhere":  `<rect fill="url(https://example.com/a.svg#b)"/>`,
		"svg within":        `<svg/>`,
		"comment":           `<!-- -->`,
		"no end":            `<rect>`,
		"cut tag":           `</svg><rect/>`,
	} {
		got := string(Picture(visualization.Figure{Alt: "<b>", SVG: []byte(ns + content + "</svg>")}))
		if !strings.HasPrefix(got, `<img src="data:image/svg+xml;base64,`) || !strings.HasSuffix(got, `" alt="&lt;b&gt;" />`) {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := string(Picture(visualization.Figure{PNG: []byte("p")})); got != `<img src="data:image/png;base64,cA==" alt="" />` {
		t.Errorf("a PNG becomes %s", got)
	}
	wide := strings.Replace(ns, "540pt", "1pt; position: fixed", 1)
	if got := string(Picture(visualization.Figure{SVG: []byte(wide + "</svg>")})); !strings.Contains(got, `style="--width: auto"`) {
		t.Errorf("the width becomes %s", got)
	}
}
