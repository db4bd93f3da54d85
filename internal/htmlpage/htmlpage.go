// Package htmlpage holds what the program's pages for people have in common: their look, how
// figures become part of them, and how numbers and names are written. A page is one file
// without scripts that loads nothing from anywhere, to be mailed, archived and printed.
package htmlpage

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

//go:embed page.css
var stylesheet string

// Style is the style sheet of a page, with that of the figures in it.
func Style() template.CSS {
	return template.CSS(stylesheet + visualization.DarkStyle) //nolint:gosec // both are constants
}

// MaxText is the longest piece of user text that is shown.
const MaxText = 300

// Clip makes one line of user text.
func Clip(s string) string { return metric.Clip(s, MaxText) }

// Dash is the text, or a dash where it is blank.
func Dash(s string) string {
	if strings.TrimSpace(s) == "" {
		return "–"
	}
	return s
}

// Formats are the functions that templates have.
func Formats() map[string]any {
	return map[string]any{
		"picture": Picture,
		"percent": metric.Percent,
		"count":   func(n int) string { return metric.Count(n) },
		"capital": func(s string) string { return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):] },
		"fixed":   func(digits int, v float64) string { return strconv.FormatFloat(v, 'f', digits, 64) },
		"short":   func(digits int, v float64) string { return strconv.FormatFloat(v, 'g', digits, 64) },
		"dash":    Dash,
		"line":    Clip,
		"prefix":  func(n int, s string) string { return s[:min(n, len(s))] },
	}
}

// Render fills a template with data. What names the document in errors, as in "the report".
func Render(what, source string, functions map[string]any, data any) ([]byte, error) {
	t, err := template.New("page").Funcs(functions).Parse(source)
	if err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", what, err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", what, err)
	}
	return b.Bytes(), nil
}
