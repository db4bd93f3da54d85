package report

import (
	"bytes"
	_ "embed"
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
	functions["picture"] = picture
	t, err := template.New("report").Funcs(functions).Parse(pageSource)
	if err != nil {
		return nil, fmt.Errorf("cannot write the report: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, page{r, template.CSS(stylesheet + visualization.DarkStyle)}); err != nil { //nolint:gosec // the style sheets are constants
		return nil, fmt.Errorf("cannot write the report: %w", err)
	}
	return b.Bytes(), nil
}
