package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"

	"github.com/blocktrain/blocktrain/internal/visualization"
)

//go:embed templates/report.html.tmpl
var pageSource string

//go:embed templates/report.css
var stylesheet string

// page is what the template sees.
type page struct {
	*Report
	Style template.CSS
}

// HTML writes report.html: one file without scripts that loads nothing from
// anywhere, to be mailed, archived and printed.
func HTML(r *Report) ([]byte, error) {
	functions := formats()
	functions["source"] = source
	t, err := template.New("report").Funcs(functions).Parse(pageSource)
	if err != nil {
		return nil, fmt.Errorf("cannot write the report: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, page{r, template.CSS(stylesheet)}); err != nil { //nolint:gosec // the style sheet is a file of this package
		return nil, fmt.Errorf("cannot write the report: %w", err)
	}
	return b.Bytes(), nil
}

// source is a figure as the src of an <img>: SVG in that place cannot run
// scripts, whatever it holds.
func source(f visualization.Figure) template.HTMLAttr {
	kind, b := "svg+xml", f.SVG
	if len(b) == 0 {
		kind, b = "png", f.PNG
	}
	return template.HTMLAttr(`src="data:image/` + kind + ";base64," + base64.StdEncoding.EncodeToString(b) + `"`) //nolint:gosec // base64 has no markup
}
