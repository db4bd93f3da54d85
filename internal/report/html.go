package report

import (
	_ "embed"
	"html/template"

	"github.com/blocktrain/blocktrain/internal/htmlpage"
)

//go:embed templates/report.html.tmpl
var pageSource string

// page is what the template sees.
type page struct {
	*Report
	Style template.CSS
}

// HTML writes report.html: one file without scripts that loads nothing from
// anywhere, to be mailed, archived and printed.
func HTML(r *Report) ([]byte, error) {
	return htmlpage.Render("the report", pageSource, formats(), page{r, htmlpage.Style()})
}
